"""Rows and columns once the event is known: lists after a colon, later wishes, its own commands, receivers."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked, text_at
from gpttrace.spec.catalogue import Event
from gpttrace.spec.keys import key_at, keys_at
from gpttrace.spec.measured import THINGS
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.victims import happens_to
from gpttrace.spec.words import stem, stems


def take_listed_keys(
    sentence: Sentence,
    asked: Asked,
    names: dict[str, str],
    columns: bool,
    times: str | None = None,
    sizes: str | None = None,
) -> None:
    """`signals: sender, receiver and number`: the rows, or the columns, after a colon; all of them are known or none is taken.

    `times` is the field of how long the event lasts: in such a list it is a column (`ioctls: pid, cmd, elapsed time`).
    """
    first = next((i + 1 for i, t in enumerate(sentence.tokens) if sentence.text[t.end : t.end + 1] == ":"), 0)
    first = first or _tail(sentence)
    at, found = first, list[str]()
    while 0 < at < len(sentence.tokens):
        if (key := keys_at(sentence, names, at, own=True)) is not None:
            found += key[0]
            at = key[1] + 1
            at += _is_kind_of_key(sentence, at)
        elif times is not None and found and _is_apart(sentence, at) and (end := _time_at(sentence, at)):
            found.append(times)
            at = end
        elif (
            sizes is not None
            and found
            and sentence.is_free(at)
            and sentence.stem(at) in ("siz", "length", "byt", "len")
        ):
            found.append(sizes)
            at += 1
        elif found and sentence.is_free(at) and sentence.stem(at) in _BETWEEN:
            at += 1
        elif sentence.stem(at) == "new" and key_at(sentence, names, at + 1, own=True) is not None:
            at += 1  # `new owner, new group`
        else:
            break
        if sentence.text[sentence.tokens[at - 1].end :].lstrip()[:1] in (".", "?", ";", "!"):
            break
    timed = times in found and not any(t.stem in _MEASURING for t in sentence.tokens)
    if times in found and not timed:
        return
    if len(found) == 1 and found[0] in THINGS:
        return  # how many of them there are: no row
    if len(found) > 1 or (found and at == len(sentence.tokens)):
        colon = sentence.text[sentence.tokens[first - 1].end :][:1] == ":"
        if colon and len(found) > 1 and at == len(sentence.tokens) and not _counts(sentence, asked):
            timed = True  # `allocations above 16 KiB: caller, size, process`
        asked.each = asked.each or timed
        if (columns or timed) and not asked.grouped:
            asked.columns += found
            sentence.take(first, at - 1, "with " + ", ".join(found))
            return
        asked.keys += [key for key in found if key not in asked.keys]
        asked.grouped += [key for key in found if key not in asked.grouped]
        sentence.take(first, at - 1, "rows by " + ", ".join(found))


def _tail(sentence: Sentence) -> int:
    """Return where the list of nouns begins that ends a question after a comma (`…, request and fd`), 0 where none does."""
    last = len(sentence.tokens) - 1
    if last < 3 or sentence.stem(last - 1) not in ("and", "plus", "+", "&"):
        return 0
    at = last - 2
    while at > 0 and sentence.text[sentence.tokens[at - 1].end : sentence.tokens[at].start].strip() != ",":
        at -= 1
    return at if last - at < 4 and at > 1 else 0


_TIME_WORDS = tuple(
    tuple(each.split())
    for each in (
        "how long it took", "how long each took", "how long it lasted", "how long", "elapsed time", "elapsed", "time taken",
        "time it took", "time spent", "run time", "wait time", "lifetime", "duration", "latency", "time",
    )
)  # fmt: skip
_MEASURING = (
    vocabulary.HIST
    | vocabulary.AVERAGE
    | vocabulary.MAXIMUM
    | vocabulary.MINIMUM
    | vocabulary.STATS
    | vocabulary.SUMS
)


_COUNTING = (
    vocabulary.COUNT
    | _MEASURING
    | vocabulary.RATE
    | vocabulary.RATIO
    | vocabulary.MOST
    | {"many", "much", "by", "per", "each"}
)


def _counts(sentence: Sentence, asked: Asked) -> bool:
    """Tell whether a number is asked for rather than each event by itself."""
    return bool(asked.top or asked.every or asked.grouped) or any(
        t.stem in _COUNTING for t in sentence.tokens
    )


def _is_apart(sentence: Sentence, at: int) -> bool:
    # `callback run time` is one thing, `callback, run time` are two.
    return sentence.stem(at - 1) in _BETWEEN or sentence.text[sentence.tokens[at - 1].end] == ","


def _time_at(sentence: Sentence, at: int) -> int:
    """Return the place after the words that say how long an event lasts, 0 where there are none."""
    for words in _TIME_WORDS:
        said = tuple(token.text.lower() for token in sentence.tokens[at : at + len(words)])
        if said == words and all(
            t.meaning in (None, "", sentence.event) for t in sentence.tokens[at : at + len(words)]
        ):
            return at + len(words)
    return 0


_KIND_OF_KEY = stems("value number name id")


def _is_kind_of_key(sentence: Sentence, at: int) -> bool:
    """Tell whether a word goes with the key before it: `advice value`, but not `irq, name`."""
    joined = sentence.text[sentence.tokens[at - 1].end :][:1] != ","
    return joined and sentence.stem(at) in _KIND_OF_KEY and sentence.is_free(at)


_BETWEEN = ("and", "the", "its", "their", "with", "+", "&", "vs", "versu")


def take_breakdown(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`errno breakdown`, `per-user split`: rows by the word before."""
    for index, token in enumerate(sentence.tokens):
        if token.stem in _BREAKDOWN and (found := key_at(sentence, names, index - 1, own=False)) is not None:
            asked.keys += [found[0]] if found[0] not in asked.keys else []
            asked.grouped.append(found[0])
            sentence.take(index - 1, index, f"rows by {found[0]}")


_MOVES = re.compile(r"\bfrom (?:which|what) (\w+) to (?:which|what)(?: (\w+))?", re.IGNORECASE)


def take_moves(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`migrations, from which core to which core`: rows by both ends."""
    if (moves := _MOVES.search(sentence.text)) is None:
        return
    one, other = stem(moves[1]), stem(moves[2] or moves[1])
    for before, after in (("from", "to"), ("old", "new"), ("sourc", "destination")):
        ends = [names.get(f"{before} {one}"), names.get(f"{after} {other}")]
        if None not in ends:
            asked.keys[:] = [key for key in asked.keys if key != names.get(one)]
            asked.grouped[:] = [key for key in asked.grouped if key != names.get(one)]
            asked.keys += [key for key in ends if key is not None and key not in asked.keys]
            asked.grouped += [key for key in ends if key is not None and key not in asked.grouped]
            for token in sentence.tokens:
                if moves.start() <= token.start < moves.end():
                    token.meaning = "rows by " + ", ".join(asked.keys)
            return


_OFF_CPU = re.compile(
    r"\b(away from|from|off|to|onto|into) (?:the )?(?:cpu|core|processor) (\d+)\b", re.IGNORECASE
)


def turn_to_sides(sentence: Sentence, asked: Asked, event: Event) -> None:
    """`migrated away from cpu 0`: the processor that is left, not the one that does it."""
    for way, number in _OFF_CPU.findall(sentence.text):
        side = "to_cpu" if way.lower() in ("to", "onto", "into") else "from_cpu"
        if side in event.fields:
            asked.conditions[:] = [
                replace(c, field=side) if c.field == "cpu" and str(c.value) == number else c
                for c in asked.conditions
            ]


def take_both_states(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`…, old state and new state`: both, wherever they stand."""
    for at in range(len(sentence.tokens) - 4):
        one, other = (names.get(f"{sentence.stem(i)} {sentence.stem(i + 1)}") for i in (at, at + 3))
        joined = sentence.stem(at + 2) in ("and", "to", "vs", "versu") and sentence.stem(at) in (
            "old",
            "previou",
            "from",
        )
        if joined and one is not None and other is not None and one != other and sentence.is_free(at):
            (asked.columns if not asked.keys else asked.keys).extend((one, other))
            sentence.take(at, at + 4, f"with {one}, {other}")


def turn_to_next(asked: Asked, event: Event) -> None:
    """`who hands the CPU to whom`: of a switch the other one is the next, elsewhere only its number may be known."""
    if "target_comm" in event.fields:
        return
    other = next((name for name in ("next_comm", "target_pid") if name in event.fields), "target_comm")
    for keys in (asked.keys, asked.grouped, asked.mentioned):
        keys[:] = [other if key == "target_comm" else key for key in keys]


def turn_to_functions(asked: Asked, event: Event) -> None:
    """`work items without vmstat_update`: a name like this is a function where the event has one."""
    if "function" in event.fields:
        asked.conditions[:] = [
            replace(c, field="function") if c.field == "comm" and "_" in str(c.value) else c
            for c in asked.conditions
        ]


def turn_to_ends(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`who switches to which user`, `moved to which cpu`: what it is afterwards, where the event knows that apart."""
    for index, token in enumerate(sentence.tokens):
        row = (sentence.tokens[index + 2].meaning or "") if index + 2 < len(sentence.tokens) else ""
        if (
            token.stem != "to"
            or sentence.stem(index + 1) not in ("which", "what")
            or not row.startswith("rows by")
        ):
            continue
        one = vocabulary.KEYS.get(noun := sentence.stem(index + 2)) or names.get(noun)
        nouns = [word for word, key in (vocabulary.KEYS | names).items() if key == one]
        end = next(
            (names[f"{e} {n}"] for e in ("new", "to", "target") for n in nouns if f"{e} {n}" in names), None
        )
        for keys in (asked.keys, asked.grouped):
            keys[:] = [end if end is not None and key == one else key for key in keys]


def take_each(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`files under /var and how often each is opened`: rows by the noun that `each` stands for."""
    for index, token in enumerate(sentence.tokens):
        alone = sentence.stem(index + 1) in ("is", "are", "was", "get")
        if token.stem != "each" or not alone or token.meaning not in (None, "") or asked.keys:
            continue
        for at in range(index - 1, -1, -1):
            plural = sentence.tokens[at].text.lower().endswith("s")
            if plural and (found := key_at(sentence, names, at, own=True)) is not None:
                asked.keys.append(found[0])
                asked.grouped.append(found[0])
                sentence.take(index, index, f"rows by {found[0]}")
                return


_BREAKDOWN = stems("breakdown split ranking")


def take_wished(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`…, and tell me the disk`, `I need the process and the uid`: columns that a later part of a question wishes for."""
    for index, token in enumerate(sentence.tokens):
        adds = token.stem in ("with", "plus") and token.meaning is None
        if adds and any(each.stem == "compar" for each in sentence.tokens[:index]):
            continue  # `compare process starts with process exits`
        owned = token.stem in ("their", "its") and sentence.text[: token.start].rstrip()[-1:] in (
            ".",
            "?",
            "!",
        )
        early = index < 3 and not (token.stem in _LISTING and _WHENEVER.search(sentence.text) is not None)
        if not (adds or owned) and (early or token.stem not in _WISHES or token.meaning not in (None, "")):
            continue
        at = index + 1
        while sentence.stem(at) in _BEFORE_WISH:
            at += 1
        first, found = at, list[str]()
        if text_at(sentence, at).lower() in ("syscalls", "system") and adds:
            continue  # `hammers the kernel with system calls`
        # `…? print process, thread id and how long`, `print program, CPU and delay whenever …`
        begins = token.stem in _LISTING and (
            sentence.ends_part(index - 1) or _WHENEVER.search(sentence.text) is not None
        )
        adds = adds or owned  # `who runs programs there? Their user id and the path, please.`
        while (adds or begins or at > index + 1) and (
            key := keys_at(sentence, names, at, own=True)
        ) is not None:
            found += key[0]
            at = key[1] + 1
            comma = sentence.text[sentence.tokens[at - 1].end :].lstrip()[:1] == ","
            if sentence.stem(at) not in ("and", "&", "+") and not comma:
                break
            at += sentence.stem(at) in ("and", "&", "+")
            while sentence.stem(at) in _BEFORE_WISH:
                at += 1
        compared = (sentence.tokens[at : at + 1] or [token])[0].kind == "op"  # `with ret < 0`
        if found and not compared:
            asked.columns += [key for key in found if key not in asked.keys]
            last = max(
                i
                for i in range(first, min(at, len(sentence.tokens)))
                if sentence.stem(i) not in (*_BEFORE_WISH, "and")
            )
            sentence.take(first, last, "with " + ", ".join(found))


_WHENEVER = re.compile(
    r"\b(print|show|list) \w+, [^.?!]*\b(whenever|when|each time|every time|as soon as)\b", re.IGNORECASE
)
_WISHES = stems("tell print give show need want name")
_LISTING = stems("print show list give tell")
_BEFORE_WISH = ("me", "us", "also", "the", "its", "their", "to", "know", "see", "have")


_BOTH = re.compile(r"\b(?:command and (?:by )?(?:process|program)|(?:process|program) and (?:by )?command)\b")


def turn_to_commands(sentence: Sentence, asked: Asked, event: Event) -> None:
    """`bpf calls by command`: where the event has commands of its own, they are meant and not the process."""
    own = next((f.name for f in event.fields.values() if "command" in f.names and f.name != "comm"), None)
    said = [token.stem for token in sentence.tokens]
    said = [word for word in said if word not in ("its", "the")]
    asked_for = ("by", "per", "each", *(("which", "what") if "who" in said else ()))
    by_command = any((before, "command") in pairwise(said) for before in asked_for)
    if own is not None and _BOTH.search(sentence.text) is not None and "comm" in asked.keys:
        asked.keys.insert(asked.keys.index("comm"), own)  # `by command and process`
    elif own is not None and by_command and not {"process", "program"} & set(said):
        for names in (asked.keys, asked.grouped):
            names[:] = [own if name == "comm" else name for name in names]


def turn_to_names(asked: Asked, event: Event, names: dict[str, str]) -> None:
    """`interrupts whose name starts with nvme`: where no process is known, the name is the event's own."""
    own = names.get("nam")
    if ("comm" not in event.fields or happens_to(event)) and own is not None:
        asked.conditions[:] = [
            replace(c, field=own) if c.field == "comm" and c.op == "startswith" else c
            for c in asked.conditions
        ]


def turn_to_objects(sentence: Sentence, asked: Asked) -> None:
    """`wakeups of ksoftirqd/1 by waker`: where rows are those who do it, the name after `of` is whom it happens to."""
    for index, token in enumerate(sentence.tokens):
        name = (token.meaning or "").removeprefix("only processes named ")
        if not (_is_of_event(sentence, index) and "comm" in asked.keys) and not (
            asked.who and (_is_object(sentence, index) or _is_it(sentence))
        ):
            continue
        for number, condition in enumerate(asked.conditions):
            if condition.field == "comm" and condition.value == name:
                asked.conditions[number] = replace(condition, field="target_comm")


def turn_to_killed(sentence: Sentence, asked: Asked) -> None:
    """`kills of pid 1`: who is killed, not who kills."""
    for index, token in enumerate(sentence.tokens):
        if token.stem != "kill" or token.meaning != sentence.event or sentence.stem(index + 1) != "of":
            continue
        said = [t.meaning or "" for t in sentence.tokens[index + 2 : index + 3]]
        for number, condition in enumerate(asked.conditions):
            if said and said[0].startswith("only ") and condition.field in ("pid", "comm"):
                asked.conditions[number] = replace(condition, field=f"target_{condition.field}")


def _is_it(sentence: Sentence) -> bool:
    """Tell whether what was named elsewhere is the object: `who sends it SIGTERM? It is called celery`."""
    after = zip(sentence.tokens, sentence.tokens[1:], strict=False)
    return any(
        token.text.lower() in ("it", "them") and verb.meaning == sentence.event for verb, token in after
    )


def _is_of_event(sentence: Sentence, index: int) -> bool:
    named = sentence.tokens[index - 2 : index - 1]
    return bool(named) and sentence.stem(index - 1) == "of" and named[0].meaning == sentence.event


def _is_object(sentence: Sentence, index: int) -> bool:
    """Tell whether a name stands right behind the verb of the event: `who wakes up my redis`."""
    at = index - 1
    while sentence.stem(at) in ("my", "our", "the", "all", "up", "process", "program"):
        at -= 1
    return at > 0 and sentence.tokens[at].meaning == sentence.event


def turn_to_targets(sentence: Sentence, asked: Asked) -> None:
    """`tasks which are woken most often`, `processes that receive signals`: they are those whom it happens to."""
    passive = [
        i
        for i, t in enumerate(sentence.tokens)
        if t.stem in _PASSIVE
        and (t.stem != "get" or sentence.stem(i - 1) == "who" or _follows_name(sentence, i))
    ]
    if not passive or any(token.stem == "send" for token in sentence.tokens):
        return
    if {"comm", "target_comm"} <= set(asked.mentioned):
        return  # `who does the waking and who is woken`
    for index in passive:
        named = (
            (sentence.tokens[index - 1].meaning or "").removeprefix("only processes named ") if index else ""
        )
        for number, condition in enumerate(asked.conditions):
            if condition.field == "comm" and condition.value == named:
                asked.conditions[number] = replace(condition, field="target_comm")  # `java gets SIGKILLed`
        if sentence.is_free(index):
            sentence.take(index, index, "those whom it happens to")
    if asked.who and not asked.keys:
        asked.who = False
        asked.mentioned.append("comm")
    for names in (asked.keys, asked.grouped, asked.mentioned):
        names[:] = [
            "target_comm" if name == "comm" else "target_pid" if name == "pid" else name for name in names
        ]


def _follows_name(sentence: Sentence, index: int) -> bool:
    return index > 0 and (sentence.tokens[index - 1].meaning or "").startswith("only processes named")


_PASSIVE = stems("woken awoken awakened receive receives received receiving gets get")
