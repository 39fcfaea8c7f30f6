"""Which form the answer takes, which value is measured and which rows it has: the last step from words to a spec."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.conditions import (
    directed,
    error_conditions,
    file_names,
    named_values,
    settled,
    share_of,
    thresholds,
)
from gpttrace.spec.model import Condition, Shape, TraceSpec
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.validate import problems_of
from gpttrace.spec.words import stem, stems

_ADJECTIVES = stems("large big small long slow")
_NEED_VALUE = ("sum", "avg", "min", "max", "stats", "hist", "lhist")
_SUPERLATIVE_UNIT = {
    **dict.fromkeys(stems("slowest longest shortest fastest"), "ns"),
    **dict.fromkeys(stems("largest biggest smallest"), "bytes"),
}
_PROFILES = stems("profile profiling flame flamegraph")


def decide(
    sentence: Sentence, asked: Asked, event: Event, several: bool = False
) -> tuple[TraceSpec, list[str]]:
    """Return the spec and what stands against it; `several` says that further events are named."""
    problems = [*file_names(sentence, event), *directed(asked, event)]
    conditions = [*asked.conditions, *named_values(sentence, event, asked)]
    conditions += error_conditions(asked, event, problems)
    hint, value = _value(sentence, asked, event, problems)
    conditions += thresholds(asked, event, value, problems)
    shape, value = _shape(sentence, asked, event, hint, value, problems, bool(conditions))
    if shape == "stacks" and value is not None:
        shape = "sum"  # `bytes by stack`, `time by stack`
    few = asked.failed or asked.errno is not None or _counts_users(sentence)
    if few and shape in ("sum", "hist") and event.shape == shape and hint is None:
        shape, value = "count", None  # `mmap failures`: how many, nothing was moved
    shape, value = _of_failures(event, conditions, shape, value)
    part = None
    if asked.ratio:
        shape, value = "ratio", None
        conditions, part = share_of(conditions, event, sentence)
        if part is None and not several:
            problems.append(
                f"a share of {event.noun} is told by a condition or against another event; name it"
            )
    elif asked.distinct:
        shape, value = "distinct", asked.distinct
        asked.keys = [key for key in asked.keys if key != asked.distinct]
        asked.mentioned = [key for key in asked.mentioned if key != asked.distinct]
    elif asked.linear and shape in ("hist", "events", "count", "sum", "lhist"):
        value = value or event.value or next((f.name for f in event.fields.values() if f.unit), None)
        shape = "lhist" if value else shape
    keys = tuple(
        key
        for key in _keys(sentence, asked, event, shape, value, conditions)
        if shape == "events" or key != value
    )
    if asked.who and "comm" not in event.fields and not any(key.endswith("comm") for key in keys):
        problems.append(f"{event.noun} cannot be told by comm: the hook does not carry it")
    if any(c.field == "syscall" and c.op == "==" for c in conditions):
        keys = tuple(key for key in keys if key != "syscall")  # the hook of one call does not say which it is
    elif (
        event.id == "syscall"
        and not keys
        and shape == "count"
        and any(c.field in _SUBJECTS for c in conditions)
    ):
        keys = ("syscall",)  # `the system calls of sshd`: which they are
    given = [*conditions, part] if part else conditions
    conditions += [c for c in event.assume if not settled(c, given, event, asked)]
    spec = TraceSpec(
        event=event.id,
        shape=shape,
        value=value,
        keys=keys,
        conditions=tuple(dict.fromkeys(conditions)),
        every=asked.every or (10**9 if shape == "rate" else None),
        top=asked.top,
        duration=asked.duration,
        hz=asked.hz if asked.hz is not None else event.hz,
        buckets=(asked.buckets or _BUCKETS.get(event.fields[value].unit or "", (0, 100, 5)))
        if shape == "lhist" and value
        else None,
        part=part,
    )
    return spec, [*problems, *problems_of(spec, event)]


_BUCKETS = {"bytes": (0, 65536, 4096), "ns": (0, 10_000_000, 500_000)}


# ---------------------------------------------------------------------------------------- value and form


def _value(
    sentence: Sentence, asked: Asked, event: Event, problems: list[str]
) -> tuple[Shape | None, str | None]:
    """Return the value that the words name and the form that they suggest."""
    for table, unit in ((words.BYTES, "bytes"), (words.TIMES, "ns")):
        index = sentence.find(table)
        if index is None or (sentence.stem(index) in words.RATE and event.field_of_unit(unit) is None):
            continue
        if sentence.stem(index) == "slow" and sentence.stem(index + 1) == "path":
            sentence.take(index, index + 1, "")
            continue
        if sentence.stem(index) in _ADJECTIVES and any(kind == unit for _, _, kind, _ in asked.thresholds):
            sentence.take(index, index, "")  # `small packets, less than 100 bytes`
            continue
        field = event.field_of_unit(unit)
        if field is None and sentence.stem(index) == "length":
            field = event.field_of_unit("ns")  # of a sleep
        if field is None:
            problems.append(f"{event.noun} carry no {sentence.tokens[index].text.lower()}")
            continue
        hint: Shape = table[sentence.stem(index)]  # type: ignore[assignment]  # "sum" or "hist"
        for i in range(len(sentence.tokens)):
            if sentence.is_free(i) and sentence.stem(i) in table and sentence.stem(i) not in words.RATE:
                sentence.take(i, i, f"{field.name} in {unit}")
        return ("hist" if unit != field.unit else hint), field.name
    if not asked.elapsed and (value_in_name(sentence, event) or _total_wait(sentence, event)):
        asked.elapsed = True
    if asked.elapsed and (field := event.field_of_unit("ns")) is not None:
        # `off-CPU time by process`: how much of it each has; without rows its distribution says more.
        long = any(token.stem == "long" for token in sentence.tokens)
        return ("sum" if (asked.grouped or asked.top) and not long else "hist"), field.name
    return _amount_of_things(sentence, asked, event)


_THINGS = {"pages": "page", "packets": "packet", "requests": "request", "blocks": "block"}


def _amount_of_things(sentence: Sentence, asked: Asked, event: Event) -> tuple[Shape | None, str | None]:
    """`pages reclaimed per second`: one event is about many of them, so they are added up and not the events."""
    said = {token.stem for token in sentence.tokens}
    fields = [f for f in event.fields.values() if f.unit in _THINGS and _THINGS[f.unit] in said]
    if not fields or any(f.name in asked.keys for f in fields):
        return None, None
    named = (
        f
        for f in fields
        if said & {stem(word) for name in f.names for word in name.split()} - {_THINGS[f.unit or ""]}
    )
    usual = (f for f in fields if f.name == event.value)
    chosen = next(named, None) or next(usual, None) or fields[0]
    return "sum", chosen.name


def _counts_users(sentence: Sentence) -> bool:
    """Tell whether `sendfile users` or `calloc callers` are asked for: who they are, not how much they move."""
    return any(
        token.stem in _USERS
        and index
        and sentence.tokens[index - 1].meaning in (sentence.event, "processes")
        or (token.stem in _USERS and (sentence.tokens[index - 1].meaning or "").startswith("the system call"))
        for index, token in enumerate(sentence.tokens)
    )


_USERS = stems("user users caller callers")


def _are_latencies(sentence: Sentence, index: int, event: Event) -> bool:
    """`fsync times`: how long they take, where nobody asks how many."""
    before = index and sentence.tokens[index - 1].meaning == sentence.event
    return (
        bool(before)
        and sentence.tokens[index].text.lower() == "times"
        and event.field_of_unit("ns") is not None
    )


def _total_wait(sentence: Sentence, event: Event) -> bool:
    """`kernel lock wait total`: the name says a wait, and waits are added up."""
    total = any(token.stem in words.SUMS for token in sentence.tokens)
    return total and any(t.stem in _WAITS and t.meaning == sentence.event for t in sentence.tokens)


_WAITS = stems("wait waits waiting delay hold latency")


def value_in_name(sentence: Sentence, event: Event) -> bool:
    """Tell whether the event's own name says a time (`off-cpu time`, `wait time`)."""
    return event.shape != "sum" and any(
        t.text.lower() == "time" and t.meaning == sentence.event for t in sentence.tokens
    )


def _shape(
    sentence: Sentence,
    asked: Asked,
    event: Event,
    hint: Shape | None,
    value: str | None,
    problems: list[str],
    few: bool,
) -> tuple[Shape, str | None]:
    listed = _take_listed(sentence)
    shape, superlative = _asked_shape(sentence, asked, event)
    if superlative is not None and value is None:
        value = superlative
    if shape is None:
        shape, value = _usual_shape(sentence, asked, event, hint, value, listed, few or event.listed)
    if shape == "count" and value is not None:
        shape = "sum" if hint == "sum" else "count"
        value = value if shape == "sum" else None
    if shape == "sum" and value is None and event.shape != "sum":
        shape = "count"
    if shape in _NEED_VALUE and value is None:
        value = event.value or next((f.name for f in event.fields.values() if f.unit), None)
        if value is None:
            problems.append(f"{event.noun} carry no number to make a {shape} of; they can be counted")
    if shape == "events" and asked.every is not None:
        shape = "count"
    return shape, value


def _take_listed(sentence: Sentence) -> bool:
    found = _as_it_happens(sentence)
    while (index := sentence.find(words.WEAK_EVENTS)) is not None:
        sentence.take(index, index, "each by itself")
        found = True
    return found


def _says_bandwidth(sentence: Sentence) -> bool:
    said = {token.stem for token in sentence.tokens}
    return bool(said & stems("bandwidth throughput")) and "rat" not in said


_AS_IT_HAPPENS = re.compile(
    r"\bas (it|they)\b|\bone by one\b|\btogether with\b|\b(each|every) single\b|\blive (view|list|feed)\b|\breal[- ]time\b"
    r"|^(show|print|list|log|display)( me)? (every|each) (?!\d|process|program|user|cpu|core|second|minute|device|disk's)\w+"
    r"|\blive$|\bin (detail|full)\b",
    re.IGNORECASE,
)


def _as_it_happens(sentence: Sentence) -> bool:
    """`every process as it exits`, `each open, one by one`, `together with its exit code`, `a live view`."""
    return _AS_IT_HAPPENS.search(sentence.text) is not None


def _of_failures(
    event: Event, conditions: list[Condition], shape: Shape, value: str | None
) -> tuple[Shape, str | None]:
    # A call that failed moved no bytes: what it returned is an error, not a size.
    failed = any(
        c.field == "ret" and (c.op == "<" or (isinstance(c.value, int) and c.value < 0)) for c in conditions
    )
    if failed and value is not None and event.fields[value].end == event.fields["ret"].end:
        return ("count" if shape in _NEED_VALUE else shape), None
    return shape, value


def _asked_shape(sentence: Sentence, asked: Asked, event: Event) -> tuple[Shape | None, str | None]:
    """Return the form that a word names, and the value that a superlative names (`slowest`)."""
    if asked.stacks:
        while (counted := sentence.find(words.COUNT)) is not None:
            sentence.take(counted, counted, "count")
        return "stacks", None
    phrases: tuple[tuple[Shape, tuple[str, ...]], ...] = (
        ("sum", words.SUM_PHRASES),
        ("count", words.COUNT_PHRASES),
    )
    found: list[Shape] = []
    value = None
    for shape, texts in phrases:
        for text in texts:
            phrase = tuple(stem(word) for word in text.split())
            if (at := sentence.find_phrase(phrase)) is not None:
                sentence.take(at, at + len(phrase) - 1, shape)
                found.append(shape)
    for shape, table in _SHAPE_WORDS:
        start = 0
        while (index := sentence.find(table, start)) is not None:
            word, start = sentence.stem(index), index + 1
            if sentence.tokens[index].text.lower() == "time" or _are_latencies(sentence, index, event):
                continue  # `times` are counted, the time is not
            if (
                word in _SUPERLATIVE_UNIT
                and (field := event.field_of_unit(_SUPERLATIVE_UNIT[word])) is not None
            ):
                value = field.name
            sentence.take(index, index, shape)
            found.append(shape)
    if (index := sentence.find(("hottest",))) is not None and "millidegrees" in event.fields:
        sentence.take(index, index, "max")
        found.append("max")
    order: tuple[Shape, ...] = ("hist", "avg", "stats", "max", "min")
    measured = next((shape for shape in order if shape in found), None)
    if measured in ("max", "min") and "sum" in found:
        return "sum", value  # `the biggest total run time`: the largest sums first
    if "avg" in found and ("sum" in found or "count" in found):
        measured = "stats"  # bpftrace's stats() are count, average and total
    if "rate" in found and "comm" in asked.keys and not asked.per_second and _says_bandwidth(sentence):
        return "sum", value  # `which process eats the bandwidth`
    if measured is None and (asked.per_second or "rate" in found):
        return "rate", value
    return measured or next((shape for shape in ("sum", "count") if shape in found), None), value


_SHAPE_WORDS: tuple[tuple[Shape, frozenset[str]], ...] = (
    ("hist", words.HIST), ("avg", words.AVERAGE), ("stats", words.STATS), ("max", words.MAXIMUM), ("min", words.MINIMUM),
    ("rate", words.RATE), ("sum", words.SUMS), ("count", words.COUNT),
)  # fmt: skip


def _usual_shape(
    sentence: Sentence,
    asked: Asked,
    event: Event,
    hint: Shape | None,
    value: str | None,
    listed: bool,
    few: bool,
) -> tuple[Shape, str | None]:
    """Return the form where no word names one: that of the value, of the event, or what the keys ask for."""
    most = sentence.find(words.MOST)
    if most is not None:
        sentence.take(most, most, "the largest first")
    cut = asked.top is not None or asked.every is not None or most is not None
    beyond = [k for k in asked.keys if k not in event.columns]
    # "opened files by process" is the classic list; of other events `by process` asks for a table.
    acts = any(
        t.stem in _ACTS and sentence.stem(i + 1) in ("by", "per") for i, t in enumerate(sentence.tokens)
    )
    beyond += [k for k in asked.grouped if acts or not listed and (k not in _SUBJECTS or not few)]
    listing = asked.thresholds and not asked.grouped
    live = _as_it_happens(sentence)
    if (
        (event.context != "none" or listing or live)
        and not cut
        and (listing or not beyond)
        and _is_list(asked, event, listed, live)
    ):
        return "events", value
    if value is not None:
        return (hint or "hist"), value
    # `which programs lock memory`: who does it, not how much, unless the most is asked for.
    if (
        event.shape in ("sum", "hist")
        and most is None
        and any(t.text.lower() in _WHICH for t in sentence.tokens[:3])
    ):
        return "count", None
    where = sentence.stem(0) == "wher"
    profiled = where or any(token.stem in _PROFILES for token in sentence.tokens)
    if event.hz is not None and not asked.keys and profiled:
        asked.stacks = ("kstack", "ustack")
        return "stacks", None
    if event.shape == "sum" and any(token.stem in _ACTS for token in sentence.tokens):
        return "count", None
    if event.shape == "events" and (cut or beyond):
        return "count", None
    return event.shape, event.value if event.shape in _NEED_VALUE else None


def _is_list(asked: Asked, event: Event, listed: bool, live: bool) -> bool:
    # `trace syscalls` of a whole machine would be a flood; of one process it is a list.
    pinned = any(c.field in ("pid", "tid", "comm", "filename", "syscall") for c in asked.conditions)
    return bool(asked.thresholds) or (
        listed and (event.cost in ("low", "medium") or pinned or (live and event.cost == "high"))
    )


_ACTS = stems("call request operation") | {"number"}
_WHICH = ("which", "who")
_SUBJECTS = ("pid", "comm", "tid")


def _keys(
    sentence: Sentence,
    asked: Asked,
    event: Event,
    shape: Shape,
    value: str | None,
    conditions: list[Condition],
) -> tuple[str, ...]:
    pinned = any(c.field in ("pid", "tid", "comm") for c in conditions)
    mentioned = [
        key
        for key in asked.mentioned
        if (key not in ("target_comm", "target_pid") or key in event.fields)
        and key != "comm"
        or ("comm" in event.fields and not (asked.keys or pinned))
    ]
    if shape != "stacks" and asked.stacks:
        asked.keys += [side for side in asked.stacks if side in event.fields and side not in asked.keys]
    if shape == "stacks":
        named = [*asked.keys, *asked.columns, *mentioned] or (
            [] if pinned or "comm" not in event.fields else ["comm"]
        )
        # Where nobody said which side, an interrupt has only a kernel stack.
        sides = [side for side in asked.stacks if side in event.fields or len(asked.stacks) == 1]
        return tuple(dict.fromkeys((*named, *sides)))
    if shape != "events":
        asked.keys += [name for name in asked.columns if name not in asked.keys]
        if not asked.ratio and shape in ("count", "sum", "rate"):
            asked.keys += [
                name for name in _named_fields(sentence, event) if name not in asked.keys and name != value
            ]
        # A count without rows says little; a distribution or an average is whole by itself.
        usual = (
            _said_of(event.keys, event, sentence, asked)
            if shape in ("count", "sum", "distinct") and not _wants_a_number(sentence, asked)
            else ()
        )
        keys = tuple(dict.fromkeys((*asked.keys, *mentioned))) or usual
        ranking = words.MOST | set(_SUPERLATIVE_UNIT)
        if not keys and asked.who and "comm" in event.fields:
            return ("comm",)
        ranked = asked.top or any(token.stem in ranking for token in sentence.tokens)
        return keys or (_ranked_by(sentence, event) if ranked else ())
    extra = [
        *_named_fields(sentence, event),
        *asked.columns,
        *asked.keys,
        *mentioned,
        value,
        *(c.field for c in conditions if c.field in ("ret", "latency", "bytes")),
    ]
    return tuple(dict.fromkeys((*event.columns, *(name for name in extra if name))))


def _said_of(keys: tuple[str, ...], event: Event, sentence: Sentence, asked: Asked) -> tuple[str, ...]:
    """Return the usual rows, or those of them alone that the question names (`writeback reasons`)."""
    said = {token.stem for token in sentence.tokens}
    named = [
        key for key in keys if any(stem(name) in said for name in event.fields[key].names if " " not in name)
    ]
    whose = asked.who or any(token.stem in words.COMM_WORDS for token in sentence.tokens)
    return keys if whose or not named else tuple(named)


def _wants_a_number(sentence: Sentence, asked: Asked) -> bool:
    """Tell whether `how many … in a second` asks for one number rather than for a table."""
    return any(
        (token.stem == "many" and sentence.stem(index - 1) == "how" and sentence.stem(index + 1) != "time")
        or token.text.lower() in ("total", "altogether", "overall")
        for index, token in enumerate(sentence.tokens)
    )


def _named_fields(sentence: Sentence, event: Event) -> list[str]:
    """Return the fields that words name which nothing else took: further columns of a list."""
    found = []
    for field in event.fields.values():
        names = [stem(word) for name in field.names for word in [name] if " " not in word] + [field.name]
        measures = words.BYTES if field.unit == "bytes" else words.TIMES if field.unit == "ns" else ()
        while (index := sentence.find([*names, *measures])) is not None:
            told = field.name != "syscall" and not _is_object(sentence, index)
            sentence.take(index, index, f"with {field.name}" if told else "")
            found += [field.name] if told else []
        found += [field.name for at in _listed_at(sentence) if _is_own(sentence, at, names)]
        for name in field.names:
            phrase = tuple(stem(word) for word in name.split())
            if len(phrase) > 1 and (at := sentence.find_phrase(phrase)) is not None:
                sentence.take(at, at + len(phrase) - 1, f"with {field.name}")
                found.append(field.name)
    return found


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
            and sentence.stem(index + 2) not in words.MOST
            and index + 1 < len(sentence.tokens)
        ):
            return range(index + 1, len(sentence.tokens))
    return range(0)


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
    return ("comm",) if "comm" in event.fields else ()
