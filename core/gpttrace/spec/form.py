"""Which form an answer takes and which value it measures: what the words name, else what is usual for the event."""

from __future__ import annotations

import re
from itertools import pairwise

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import LARGEST_ROWS, Asked
from gpttrace.spec.catalogue import Event, Field
from gpttrace.spec.listing import as_it_happens, take_listed
from gpttrace.spec.model import Shape
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem, stems

_ADJECTIVES = stems("large big small long slow")
NEED_VALUE = ("sum", "avg", "min", "max", "stats", "hist", "lhist")
SUPERLATIVE_UNIT = {
    **dict.fromkeys(stems("slowest longest shortest fastest"), "ns"),
    **dict.fromkeys(stems("largest biggest smallest"), "bytes"),
}
_PROFILES = stems("profile profiling function functions hotspot hotspots")


def named_value(
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
    says_time = value_in_name(sentence, event) or _total_wait(sentence, event) or _has_tail(sentence, event)
    asked.elapsed = asked.elapsed or says_time
    if asked.elapsed and "clock" not in event.id and (field := event.field_of_unit("ns")) is not None:
        # `off-CPU time by process`: how much of it each has; without rows its distribution says more.
        long = (
            any(token.stem == "long" for token in sentence.tokens) or _SPAN.search(sentence.text) is not None
        )
        most = bool(asked.keys) and any(token.stem in words.MOST for token in sentence.tokens)
        if event.shape == "hist" and field.begin is not None:
            return (
                "hist",
                field.name,
            )  # an estimate such as TCP's round trip time: no sum of it means anything
        return ("sum" if (asked.grouped or asked.top or most) and not long else "hist"), field.name
    if asked.elapsed and event.hz is None and "clock" not in event.id:
        problems.append(f"{event.noun} do not carry how long they take")
    return _amount_of_things(sentence, asked, event)


_SPAN = re.compile(r"\btime (from|between|until|till) ", re.IGNORECASE)


def _has_tail(sentence: Sentence, event: Event) -> bool:
    """Tell whether a percentile is asked for where nothing says of what: `the p99 of disk reads` is how long they take."""
    both = event.field_of_unit("bytes") is not None and event.field_of_unit("ns") is not None
    return both and any(token.stem in _QUANTILES for token in sentence.tokens)


_QUANTILES = stems(
    "percentile percentiles quantile quantiles median p50 p90 p95 p99 p999 50th 90th 95th 99th tail"
)
# `epoll_wait returned how many events`
_RETURNED = re.compile(
    r"\breturn(s|ed)? how (many|much)\b|\bhow (many|much) (\w+ )?(\w+ )?(is|are|was|were) returned\b"
)
_THINGS = {unit: stem(unit) for unit in ("pages", "packets", "requests", "blocks")}


def _amount_of_things(sentence: Sentence, asked: Asked, event: Event) -> tuple[Shape | None, str | None]:
    """`pages reclaimed per second`: one event is about many of them, so they are added up and not the events."""
    if _RETURNED.search(sentence.text) is not None and "ret" in event.fields:
        return "hist", "ret"
    plain = words.EMPTY | words.COUNT | words.MOST | {"many"}
    last = sentence.tokens[-1]
    subject = (
        last.stem
        if sentence.text[: last.start].rstrip().endswith(":")  # `writeback per device: pages`
        else next(
            (token.stem for token in sentence.tokens if token.kind == "word" and token.stem not in plain), ""
        )
    )
    for field in event.fields.values():
        alone = (
            field.unit == "packets"
            and sum(f.unit == field.unit and f.name != "budget" for f in event.fields.values()) == 1
        )
        counted = field.unit in _THINGS and (alone or field.name in (field.unit, event.value))
        if counted and _THINGS[field.unit or ""] == subject and field.name not in asked.keys:
            return "sum", field.name
    return None, None


def counts_users(sentence: Sentence) -> bool:
    """Tell whether `sendfile users` or `calloc callers` are asked for: who they are, not how much they move."""
    after = zip(sentence.tokens, sentence.tokens[1:], strict=False)
    meant = [before.meaning or "" for before, token in after if token.stem in _USERS]
    return any(each in (sentence.event, "processes") or each.startswith("the system call") for each in meant)


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
    return (
        event.shape != "sum"
        and "clock" not in event.id
        and any(
            t.text.lower() in ("time", "seconds") and t.meaning == sentence.event for t in sentence.tokens
        )
    )


def form_of(
    sentence: Sentence,
    asked: Asked,
    event: Event,
    hint: Shape | None,
    value: str | None,
    problems: list[str],
    few: bool,
) -> tuple[Shape, str | None]:
    """Return the form and its value; `hint` and `value` are what the words suggest, `few`: conditions leave few events."""
    _rank_doers(sentence)
    listed = take_listed(sentence) or asked.each
    shape, superlative = _asked_shape(sentence, asked, event)
    if shape is None and value is None and (worst := _ranked_value(sentence, event)) is not None:
        shape, superlative = "max", worst
    if superlative is not None and value is None:
        value = superlative
    if shape in (None, "count") and _has_own(sentence, asked, event):
        return "events", value
    if shape is None:
        shape, value = _usual_shape(sentence, asked, event, hint, value, listed, few or event.listed)
    if shape == "count" and value is not None:
        shape = "sum" if hint == "sum" else "count"
        value = value if shape == "sum" else None
    if (
        event.area == "raw"
        and shape == "sum"
        and value is None
        and any(t.text.lower() == "sum" for t in sentence.tokens)
    ):
        problems.append(f"{event.noun} carry no one number to add up")
    if shape == "sum" and value is None and event.shape != "sum":
        size = event.field_of_unit("bytes") if "how much" in sentence.text.lower() else None
        shape, value = ("sum", size.name) if size is not None else ("count", None)
    if shape in NEED_VALUE and value is None:
        value = event.value or next((f.name for f in event.fields.values() if f.unit), None)
        if value is None and shape in ("max", "min") and asked.top is not None:
            return "count", None  # `the worst 3`
        if value is None:
            problems.append(f"{event.noun} carry no number to make a {shape} of; they can be counted")
    if shape == "events" and asked.every is not None:
        shape = "count"
    return shape, value


def _rank_doers(sentence: Sentence) -> None:
    """`biggest writers`, `worst offenders`: read as `heaviest`, no single act of theirs is meant."""
    for token, doer in pairwise(sentence.tokens):
        if token.text.lower() in ("biggest", "largest", "worst", "top") and doer.text.lower() in words.DOERS:
            token.stem = stem("heaviest")


_OWN = re.compile(
    r"\bwith (?:its|their) (?:\w+ )*?(?:size|length|latency|latencies|duration|durations|number of \w+)s?\b",
    re.IGNORECASE,
)


def _has_own(sentence: Sentence, asked: Asked, event: Event) -> bool:
    """Tell whether each event is asked for with a number of its own: `victims with their memory size`."""
    cut = asked.grouped or asked.top or asked.every
    return not cut and event.cost in ("low", "medium") and _OWN.search(sentence.text) is not None


def _ranked_value(sentence: Sentence, event: Event) -> str | None:
    """Return the value that `the 3 slowest fsyncs` are ranked by."""
    for index, token in enumerate(sentence.tokens):
        unit = SUPERLATIVE_UNIT.get(token.stem)
        after = sentence.tokens[index + 1 : index + 2]
        people = unit == "bytes" and not (after and after[0].meaning == sentence.event)
        ranked = (
            unit
            and not people
            and token.stem != stem("fastest")
            and (token.meaning or "").endswith(LARGEST_ROWS)
        )
        if ranked and unit and (field := event.field_of_unit(unit)) is not None:
            return field.name
    return None


def _says_bandwidth(sentence: Sentence) -> bool:
    said = {token.stem for token in sentence.tokens}
    return bool(said & _BANDWIDTH) and "rat" not in said


_BANDWIDTH = stems("bandwidth throughput")


def _asked_shape(sentence: Sentence, asked: Asked, event: Event) -> tuple[Shape | None, str | None]:
    """Return the form that a word names, and the value that a superlative names (`slowest`)."""
    if asked.stacks:
        while (counted := sentence.find(words.COUNT | words.SUMS)) is not None:
            sentence.take(counted, counted, "count")
        _shape_phrases(sentence)
        return "stacks", None
    found = _shape_phrases(sentence)
    more, value = _shape_words(sentence, event)
    found += more
    order: tuple[Shape, ...] = ("hist", "avg", "stats", "max", "min")
    measured = next((shape for shape in order if shape in found), None)
    if len({"avg", "max", "min"} & set(found)) > 1 and "hist" not in found:
        asked.problems.append(
            "an average and an extreme are two answers; ask for one of them, or for a distribution"
        )
    if measured in ("max", "min") and "sum" in found:
        return "sum", value  # `the biggest total run time`: the largest sums first
    both = (
        "count" in found
        and _BOTH.search(sentence.text) is not None
        and any(f.unit for f in event.fields.values())
    )
    if both or ("avg" in found and ("sum" in found or "count" in found)):
        measured = "stats"  # bpftrace's stats() are count, average and total
    if "rate" in found and "comm" in asked.keys and not asked.per_second and _says_bandwidth(sentence):
        return "sum", value  # `which process eats the bandwidth`
    if measured is None and (asked.per_second or "rate" in found):
        return "rate", value
    return measured or next((shape for shape in ("sum", "count") if shape in found), None), value


_MEASURE = r"(total |average |mean |overall )?(size|bytes|volume|amount|time|duration|latency)s?"
_BOTH = re.compile(
    r"\bhow (many bytes|much)\b.*\band (in |with )?how many\b|\bhow many\b.*\band how (many bytes|much|large|big)\b|"
    rf"\b(number|count)s? and (the |their )?{_MEASURE}\b|\b{_MEASURE} and (the |their )?(number|count)\b",
    re.IGNORECASE,
)


_HOW_LONG = re.compile(
    r"\bhow much time (does|do|did|is|will|would) (it|they|that|an?|the|each|every)\b.*\b(take|need|last)",
    re.IGNORECASE,
)


def _shape_phrases(sentence: Sentence) -> list[Shape]:
    if _HOW_LONG.search(sentence.text) is not None:
        asked = sentence.find_phrase(("how", "much"))
        if asked is not None:
            sentence.take(asked, asked + 1, "")  # how long it takes
    phrases: tuple[tuple[Shape, tuple[str, ...]], ...] = (
        ("sum", words.SUM_PHRASES),
        ("count", words.COUNT_PHRASES),
    )
    found: list[Shape] = []
    for shape, texts in phrases:
        for text in texts:
            phrase = tuple(stem(word) for word in text.split())
            if (at := sentence.find_phrase(phrase)) is not None:
                sentence.take(at, at + len(phrase) - 1, shape)
                found.append(shape)
    return found


def _shape_words(sentence: Sentence, event: Event) -> tuple[list[Shape], str | None]:
    found: list[Shape] = []
    value = None
    for shape, table in _SHAPE_WORDS:
        start = 0
        while (index := sentence.find(table, start)) is not None:
            word, start = sentence.stem(index), index + 1
            text = sentence.tokens[index].text.lower()
            fields = {*event.fields, *(name for f in event.fields.values() for name in f.names)}
            named = text in fields and index and not (text == "count" and sentence.stem(index - 1) == "a")
            if text == "time" or named or _are_latencies(sentence, index, event):
                continue  # `times` are counted, the time is not, nor is the frequency of a clock
            unit = SUPERLATIVE_UNIT.get(word)
            if (
                unit is not None
                and (field := _named_measure(sentence, event) or event.field_of_unit(unit)) is not None
            ):
                value = field.name
            sentence.take(index, index, shape)
            found.append(shape)
    for index in range(len(sentence.tokens)):  # `how long does it take at most`
        if (
            sentence.is_free(index)
            and sentence.stem(index) == "at"
            and sentence.stem(index + 1) in ("most", "worst")
        ):
            sentence.take(index, index + 1, "max")
            found.append("max")
    if (index := sentence.find(("hottest",))) is not None and "millidegrees" in event.fields:
        sentence.take(index, index, "max")
        found.append("max")
    return found, value


def _named_measure(sentence: Sentence, event: Event) -> Field | None:
    """Return the number that two words name whole: `smallest congestion window`."""
    text = sentence.text.lower()
    names = (
        (name, field) for field in event.fields.values() if field.unit for name in field.names if " " in name
    )
    return next((field for name, field in names if re.search(rf"\b{re.escape(name)}\b", text)), None)


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
        t.stem in _ACTS and (t.text.lower() == "attempts" or sentence.stem(i + 1) in ("by", "per"))
        for i, t in enumerate(sentence.tokens)
    )
    per = any(t.stem in ("per", "each") and (t.meaning or "").startswith("rows by") for t in sentence.tokens)
    many = per and not event.listed  # `writes smaller than 512 bytes per process`
    beyond += [k for k in asked.grouped if acts or (not listed and (k not in SUBJECTS or many or not few))]
    listing = asked.thresholds and not asked.grouped
    live = as_it_happens(sentence)
    if (
        (event.context != "none" or listing or live)
        and not cut
        and (listing or not beyond)
        and _is_list(asked, event, listed, live)
    ):
        return "events", value
    if sides := _where_asked(sentence, asked, event):
        asked.stacks = sides
        return "stacks", None
    if value is not None:
        return (hint or "hist"), value
    # `which programs lock memory`: who does it, not how much, unless the most is asked for.
    if (
        event.shape in ("sum", "hist")
        and most is None
        and any(t.text.lower() in _WHICH for t in sentence.tokens[:3])
    ):
        return "count", None
    if event.shape == "sum" and (asked.function or any(token.stem in _ACTS for token in sentence.tokens)):
        return "count", None
    if event.shape == "events" and (cut or beyond):
        return "count", None
    if asked.thresholds and event.shape in NEED_VALUE:
        return "count", None  # `connections that lived for less than a second`: those that did, not how long
    return event.shape, event.value if event.shape in NEED_VALUE else None


def _where_asked(sentence: Sentence, asked: Asked, event: Event) -> tuple[str, ...]:
    """Return the sides of the stacks where places in code are asked for: `where is nginx blocked`, `profile java`."""
    if asked.keys:
        return ()
    at = sentence.find(_FUNCTIONS)
    if (
        at is not None
        and sentence.stem(at) == "cod"
        and sentence.stem(at - 1) not in ("which", "what", "kernel")
    ):
        at = None
    if at is not None and event.context != "none" and "function" not in event.fields:
        side = sentence.stem(at - 1)
        if side in ("which", "what", "kernel", "user"):  # `which functions of mysqld cause page faults`
            sentence.take(at, at, "stacks")
            return (
                ("kstack",) if side == "kernel" else ("ustack",) if event.hz is None else ("kstack", "ustack")
            )
    profiled = event.hz is not None and any(token.stem in _PROFILES for token in sentence.tokens)
    paths = event.hz is not None and _CODE_PATHS.search(sentence.text) is not None
    if paths:
        return ("kstack",) if "kernel" in sentence.text.lower() else ("kstack", "ustack")
    asks = sentence.stem(0) == "wher" and (event.hz is not None or event.id in _PLACED)
    return ("kstack", "ustack") if profiled or asks else ()


_FUNCTIONS = stems("function functions code")
_CODE_PATHS = re.compile(r"\b(code|call) paths?\b", re.IGNORECASE)
_PLACED = (
    "off-cpu",
    "page-alloc",
    "kmalloc",
    "slab-alloc",
    "malloc",
    "page-fault",
    "lock-contention",
    "mutex-wait",
)


def _is_list(asked: Asked, event: Event, listed: bool, live: bool) -> bool:
    # `trace syscalls` of a whole machine would be a flood; of one process it is a list.
    pinned = any(c.field in ("pid", "tid", "comm", "filename", "syscall") for c in asked.conditions)
    return bool(asked.thresholds) or (
        listed and (event.cost in ("low", "medium") or pinned or (live and event.cost == "high"))
    )


_ACTS = stems("call request operation attempt") | {"number"}
_WHICH = ("which", "who")
SUBJECTS = ("pid", "comm", "tid")
