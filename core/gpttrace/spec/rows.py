"""What rows an answer has, or which columns a list: those asked for, those that words name, else those usual for the event."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.heads import head_field
from gpttrace.spec.lexicon import stemmed
from gpttrace.spec.model import Condition, Shape
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.shape_words import SUPERLATIVE_UNIT
from gpttrace.spec.words import stem, stems


def rows_of(
    sentence: Sentence,
    asked: Asked,
    event: Event,
    shape: Shape,
    value: str | None,
    conditions: list[Condition],
) -> tuple[str, ...]:
    """Return the keys of a table, or the columns of a list of events."""
    if "pid" not in event.fields and "tid" in event.fields:  # the scheduler calls a thread's number `pid`
        asked.columns = ["tid" if c == "pid" else c for c in asked.columns]
        asked.mentioned = ["tid" if c == "pid" else c for c in asked.mentioned]
    asked.columns = ["ret" if c == "errno" and c not in event.fields else c for c in asked.columns]
    pinned = any(c.field in ("pid", "tid", "comm") and c.op != "!=" for c in conditions)
    mentioned = [key for key in asked.mentioned if _is_told(key, asked, event, pinned)]
    if (
        shape in ("hist", "lhist", "avg", "max", "min", "stats")
        and not asked.who
        and _MANY_DOERS.search(sentence.text) is not None
    ):
        mentioned = [key for key in mentioned if key != "comm"]  # `the time that tasks wait`: whoever it is
    if shape == "stacks":
        alone = pinned or "comm" not in event.fields
        fields = [name for name in _named_fields(sentence, event, asked) if name == "reason"]
        named = [*asked.keys, *asked.columns, *fields, *mentioned] or ([] if alone else ["comm"])
        # Where nobody said which side, an interrupt has only a kernel stack.
        sides = [side for side in asked.stacks if side in event.fields or len(asked.stacks) == 1]
        return tuple(dict.fromkeys((*named, *sides)))
    if len(asked.stacks) > 1 and "kernel" not in sentence.text.lower() and _is_of_programs(event):
        asked.stacks = ("ustack",)  # what calls a function of a library is in the program
    if asked.stacks:
        asked.keys += [side for side in asked.stacks if side in event.fields and side not in asked.keys]
    if shape != "events":
        return _keys(sentence, asked, event, shape, value, mentioned, conditions)
    tested = (
        c.field
        for c in conditions
        if c.field in ("ret", "latency", "bytes") or (c.op == "!=" and c.field == "exit_code")
    )
    head = head_field(sentence, asked, event)
    extra = [
        *([head] if head else []),
        *_named_fields(sentence, event, asked),
        *asked.columns,
        *asked.keys,
        *mentioned,
        value,
        *tested,
    ]
    return tuple(dict.fromkeys((*event.columns, *(name for name in extra if name))))


_MANY_DOERS = re.compile(
    r"\b(?:do|time|that|which|long) (?:the )?(?:tasks|processes|programs|threads|callers|commands|waiters)\b|\bper program it\b",
    re.IGNORECASE,
)


def _is_of_programs(event: Event) -> bool:
    """Tell whether all hooks of an event are in programs and libraries."""
    probes = [probe for hook in event.hooks for point in hook.points for probe in (*point.begin, *point.end)]
    return bool(probes) and all(probe.startswith(("uprobe:", "uretprobe:", "usdt:")) for probe in probes)


def _is_told(key: str, asked: Asked, event: Event, pinned: bool) -> bool:
    if key == "comm":  # the subject of a sentence is no row beside others, nor where one process is meant
        return "comm" in event.fields and not (asked.keys or pinned)
    return key not in ("target_comm", "target_pid") or key in event.fields


def _keys(
    sentence: Sentence,
    asked: Asked,
    event: Event,
    shape: Shape,
    value: str | None,
    mentioned: list[str],
    conditions: list[Condition],
) -> tuple[str, ...]:
    tested = {c.field for c in conditions}
    pinned = {c.field for c in conditions if c.op == "==" and c.field not in ("ret", "errno")}
    asked.keys += [name for name in asked.columns if name not in asked.keys and name not in pinned]
    # `reason background: how often per second`
    passing = asked.per_second and (_wants_a_number(sentence) or (shape == "rate" and not asked.keys))
    if not asked.ratio and shape in ("count", "sum", "rate"):
        named = _named_fields(sentence, event, asked)
        more = (name for name in named if not passing and name not in asked.keys and name != value)
        more = (
            name
            for name in more
            if name not in tested and not _in_passing(sentence, asked, event, shape, name)
        )
        asked.keys += [name for name in more if event.fields[name].unit is None]
    if shape == "count" and (heads := _compound(sentence, event, asked)) is not None:
        asked.keys += [heads] if heads not in asked.keys and heads not in tested else []
    if shape == "count" and not asked.keys and (head := head_field(sentence, asked, event)) is not None:
        asked.keys += [head] if head not in tested else []
    keys = tuple(dict.fromkeys((*asked.keys, *mentioned)))
    if keys in ((), ("comm",)) and "comm" in event.fields and _WHO_WHAT.search(sentence.text) is not None:
        return ("comm", *_objects(event))
    if not keys and asked.who and shape == "count" and "comm" in event.fields and not _asks_what(sentence):
        return ("comm",)
    # A count without rows says little; a distribution or an average is whole by itself.
    if not keys and shape in ("count", "sum", "distinct") and not _wants_a_number(sentence):
        keys = tuple(key for key in _said_of(event.keys, event, sentence, asked) if key not in tested)
    if not keys and shape != "ratio":
        keys = _headed(sentence, asked, event, value)
    if not keys and asked.who and "comm" in event.fields:
        return ("comm",)
    ranking = words.MOST | set(SUPERLATIVE_UNIT)
    ranked = asked.top or any(
        token.stem in ranking and not (token.meaning or "").startswith((">", "<"))
        for token in sentence.tokens
    )  # `at most 100 bytes` ranks nothing
    ranked = ranked and not (shape in ("max", "min") and not asked.top and _is_one(sentence))
    return keys or (_ranked_by(sentence, event) if ranked else ())


def _in_passing(sentence: Sentence, asked: Asked, event: Event, shape: Shape, name: str) -> bool:
    """Tell whether a word of the event's name is no row beside those asked for: `time in irq handlers by irq`."""
    said = {word for each in event.names for word in stemmed(each)}
    told = [t for t in sentence.tokens if t.meaning == f"with {name}" and t.stem in said]
    heads = name in event.keys and any(
        token.meaning == f"with {name}" and token.text.lower().endswith("s") for token in sentence.tokens[:3]
    )  # `idle states by CPU`
    return bool(asked.grouped and told) and not heads


_WHO_WHAT = re.compile(
    r"\b(who|(which|what) (\w+ )?(process|program|thread|task|command|application)) \w+s? (\w+ )?(what|which)\b",
    re.IGNORECASE,
)


def _objects(event: Event) -> tuple[str, ...]:
    """Return what an event is about beside its process: the file that is opened, the capability that is lacked."""
    return tuple(
        name for name in (*event.keys, *event.columns) if name in event.fields and name not in _DOERS
    )[:1]


_DOERS = ("comm", "pid", "tid", "uid", "ret", "errno", "bytes", "latency")


def _asks_what(sentence: Sentence) -> bool:
    """Tell whether more than who is asked for: `who lacks what`, `who throws modules out, and which`."""
    return any(token.text.lower() in ("what", "which", "whom", "where", "how") for token in sentence.tokens)


def _compound(sentence: Sentence, event: Event, asked: Asked) -> str | None:
    """Return the field whose plural ends the name of what is counted: `prctl options by process`, `advice values`."""
    fields = {stem(n): f.name for f in event.fields.values() if not f.unit for n in f.names if " " not in n}
    for index, token in enumerate(sentence.tokens):
        before = sentence.tokens[index - 1 : index]
        valued = token.text.lower() == "values" and bool(before) and before[0].stem in fields
        word = before[0].stem if valued else token.stem
        if word in ("operation", "request", "kind", "typ"):
            continue  # `disk operations`, `ptrace requests` are the events themselves
        if before and (before[0].stem, token.stem) in map(stemmed, event.names):
            continue  # `system calls` are those that are counted
        of_event = (
            bool(before)
            and before[0].meaning == sentence.event
            and token.meaning in ("", sentence.event, None)
        )
        ends = sentence.stem(index + 1) in ("", "by", "per", "in", "for") or sentence.ends_part(index)
        if (
            of_event
            and ends
            and word in fields
            and token.text.lower().endswith("s")
            and (token.stem not in asked.named or token.stem in _ATTRIBUTES)
        ):
            return fields[word]
    return None


_ATTRIBUTES = stems("option flag code")


def _headed(sentence: Sentence, asked: Asked, event: Event, value: str | None) -> tuple[str, ...]:
    """Return the field whose plural heads the name of the event: `page fault addresses of firefox`."""
    fields = {stem(n): f.name for f in event.fields.values() if not f.unit for n in f.names if " " not in n}
    found = (
        fields[token.stem]
        for index, token in enumerate(sentence.tokens)
        if token.meaning == sentence.event
        and token.stem in fields
        and token.text.lower().endswith("s")
        and sentence.stem(index - 1) != "of"
        and (sentence.stem(index + 1) == "of" or _ends_compound(sentence, index, asked))
    )
    return tuple(key for key in list(found)[:1] if key != value)


def _ends_compound(sentence: Sentence, index: int, asked: Asked) -> bool:
    """Tell whether a plural that did not find the event ends its name: `run time of workqueue functions`."""
    named = index > 1 and sentence.tokens[index - 1].meaning == sentence.event
    opened = named and sentence.stem(index - 2) == "of"
    return opened and sentence.ends_part(index) and sentence.stem(index) not in asked.named


def _said_of(keys: tuple[str, ...], event: Event, sentence: Sentence, asked: Asked) -> tuple[str, ...]:
    """Return the usual rows, or those of them alone that the question names (`writeback reasons`)."""
    said = {token.stem for token in sentence.tokens}
    named = [
        key for key in keys if any(stem(name) in said for name in event.fields[key].names if " " not in name)
    ]
    called = {stem(name) for key in named for name in event.fields[key].names}  # `bpf commands by number`
    whose = asked.who or any(token.stem in words.COMM_WORDS - called for token in sentence.tokens)
    return keys if whose or not named else tuple(named)


def _wants_a_number(sentence: Sentence) -> bool:
    """Tell whether `how many … in a second` asks for one number rather than for a table."""
    return _ONE_NUMBER.search(sentence.text) is not None or any(
        (token.stem == "many" and sentence.stem(index - 1) == "how" and sentence.stem(index + 1) != "time")
        or (token.stem == "often" and sentence.stem(index - 1) == "how" and not _is_each(sentence))
        or token.text.lower() in ("total", "altogether", "overall")
        for index, token in enumerate(sentence.tokens)
    )


_ONE_NUMBER = re.compile(
    r"^(please )?count\b(?! \w+ing\b)|: count (them|it)\b|\ba count of\b|^(the )?number of\b|"
    r"\b(count|number|total|sum) only\b|\b(only|just) (the |a |one )?(count|number|total|figure)\b|"
    r"\b(one|single) (number|figure|total)\b|\bin total\b",
    re.IGNORECASE,
)


def _is_each(sentence: Sentence) -> bool:
    return any(t.stem in ("each", "every") and t.meaning in (None, "") for t in sentence.tokens)


def _named_fields(sentence: Sentence, event: Event, asked: Asked) -> list[str]:
    """Return the fields that words name which nothing else took: further columns of a list."""
    found = []
    for field in event.fields.values():
        names = [stem(word) for name in field.names for word in [name] if " " not in word] + [field.name]
        measures = words.BYTES if field.unit == "bytes" else words.TIMES if field.unit == "ns" else ()
        while (index := sentence.find([*names, *measures])) is not None:
            joined = (
                sentence.stem(index - 1) == "and"
                and index
                and sentence.tokens[index - 2].meaning == "processes"
            )
            told = (field.name != "syscall" or bool(joined)) and not _is_object(sentence, index)
            burnt = sentence.tokens[index].text == "cpu" and sentence.stem(index - 1) in _BURNING
            inside = 0 < index < len(sentence.tokens) - 1 and {
                sentence.tokens[index - 1].meaning,
                sentence.tokens[index + 1].meaning,
            } == {sentence.event}
            told = told and not (inside and asked.per_second)  # `idle state entries per second`
            told = told and not burnt  # `what burns the cpu`
            after_event = index > 0 and sentence.tokens[index - 1].meaning == sentence.event
            told = told and not (
                after_event and sentence.tokens[index].text.lower() in ("operations", "requests")
            )
            figure = sentence.stem(index) == "number" and sentence.stem(index - 1) in (
                "the",
                "just",
                "only",
                "a",
            )
            told = told and not figure  # `just the number`
            sentence.take(index, index, f"with {field.name}" if told else "")
            found += [field.name] if told else []
        listed = [at for at in _listed_at(sentence) if _is_own(sentence, at, names)]
        called = set(map(stemmed, event.names))  # `hammers the kernel with system calls`
        found += [
            field.name for at in listed if (sentence.stem(at - 1), sentence.stem(at)) not in called or at < 1
        ]
        for name in field.names:
            phrase = tuple(stem(word) for word in name.split())
            if len(phrase) > 1 and (at := sentence.find_phrase(phrase)) is not None:
                told = phrase not in map(stemmed, event.names)  # `hammers the kernel with system calls`
                sentence.take(at, at + len(phrase) - 1, f"with {field.name}" if told else "")
                found += [field.name] if told else []
    return found


_BURNING = ("the", *stems("burn eat use hog consume waste need take steal keep"))


def _is_object(sentence: Sentence, index: int) -> bool:
    """Tell whether a word only says what the event is about: `opened a file`, `file pages`."""
    after = sentence.tokens[index + 1 : index + 2]
    of_event = (
        bool(after) and after[0].meaning == sentence.event and sentence.stem(index - 1) not in ("and", "with")
    )
    return sentence.tokens[index].text.lower() in ("file", "page", "socket") and (
        sentence.stem(index - 1) in ("a", "an") or of_event
    )


def _is_own(sentence: Sentence, at: int, names: list[str]) -> bool:
    return sentence.tokens[at].meaning == sentence.event and sentence.stem(at) in names


def _listed_at(sentence: Sentence) -> range:
    """Return the tokens of a list of columns: after `with`, also those that named the event before."""
    for index, token in enumerate(sentence.tokens):
        if (
            token.stem == "with"
            and sentence.stem(index + 2) not in words.MOST | {"number", "count"}
            and index + 1 < len(sentence.tokens)
        ):
            return range(index + 1, len(sentence.tokens))
    return range(0)


def _is_one(sentence: Sentence) -> bool:
    """Tell whether one event is asked for: `the slowest disk request per second`."""
    if _ONE_TIME.search(sentence.text) is not None:
        return True
    named = [token.text.lower() for token in sentence.tokens if token.meaning == sentence.event]
    return bool(named) and not named[-1].endswith("s")


_ONE_TIME = re.compile(
    r"\b(longest|shortest|slowest|highest|lowest|max(imum)?|min(imum)?) (time|duration|latency|delay|wait|size)\b",
    re.IGNORECASE,
)


def _ranked_by(sentence: Sentence, event: Event) -> tuple[str, ...]:
    """Return what `top 5` counts when the question does not say `by`: the files in `top 5 opened files`, else processes."""
    said = {token.stem for token in sentence.tokens}
    for name, field in event.fields.items():
        plural = any(t.text.lower().endswith("s") and t.stem in field.names for t in sentence.tokens)
        names = (
            field.names if field.type == "string" or name == "syscall" or (plural and not field.unit) else ()
        )
        if any(said.issuperset(stem(word) for word in each.split()) for each in names):
            return (name,)
    return event.keys or (("comm",) if "comm" in event.fields else ())
