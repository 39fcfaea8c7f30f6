"""Which form an answer takes and which value it measures: what the words name, else what is usual for the event."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import LARGEST_ROWS, Asked, text_at
from gpttrace.spec.catalogue import Event
from gpttrace.spec.listing import as_it_happens, take_listed, wants_lines
from gpttrace.spec.model import Shape
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.shape_words import SUPERLATIVE_UNIT, asked_shape
from gpttrace.spec.stacks import where_asked
from gpttrace.spec.words import stem, stems

NEED_VALUE = ("sum", "avg", "min", "max", "stats", "hist", "lhist")


def form_of(
    sentence: Sentence,
    asked: Asked,
    event: Event,
    hint: Shape | None,
    value: str | None,
    problems: list[str],
) -> tuple[Shape, str | None]:
    """Return the form and its value; `hint` and `value` are what the words suggest."""
    _rank_doers(sentence)
    listed = take_listed(sentence) or asked.each
    shape, superlative = asked_shape(sentence, asked, event)
    if shape is None and value is None and (worst := _ranked_value(sentence, event)) is not None:
        shape, superlative = "max", worst
    if superlative is not None and value is None:
        value = superlative
    if (listed_as := _as_lines(sentence, asked, event, shape, value)) is not None:
        return listed_as
    if shape is None:
        shape, value = _usual_shape(sentence, asked, event, hint, value, listed)
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
    for index, token in enumerate(sentence.tokens):
        following = [each.text.lower() for each in sentence.tokens[index + 1 : index + 5]]
        named = [each.meaning == sentence.event for each in sentence.tokens[index + 1 : index + 5]]
        doer = next((at for at, text in enumerate(following) if text in words.DOERS), None)
        if (
            token.text.lower() in ("biggest", "largest", "worst", "top")
            and doer is not None
            and all(named[:doer])
        ):
            token.stem = stem("heaviest")


def _lists_those(sentence: Sentence, asked: Asked, event: Event) -> bool:
    """Tell whether those beyond a bound are to be listed with columns: `List lock waits longer than 1 ms: pid, comm, wait`."""
    lists = sentence.tokens[0].text.lower() in ("list", "log", "print") if sentence.tokens else False
    cut = asked.top or asked.every
    return (
        lists
        and bool(asked.thresholds)
        and not cut
        and event.context != "none"
        and _COLUMNS.search(sentence.text) is not None
    )


def _as_lines(
    sentence: Sentence, asked: Asked, event: Event, shape: Shape | None, value: str | None
) -> tuple[Shape, str | None] | None:
    """Return a list of events as the form where the words ask for one, whatever else they name."""
    countable = shape in (None, "count")
    if (countable and _has_own(sentence, asked, event)) or _lists_those(sentence, asked, event):
        return "events", value
    columns = _COLUMNS.search(sentence.text) is not None
    if countable and (value is None or columns) and _lists_each(sentence, asked, event):
        return "events", None
    return None


def _lists_each(sentence: Sentence, asked: Asked, event: Event) -> bool:
    """Tell whether an order to print or log is one for lines, whatever columns it names: `log cpu and new frequency`."""
    rows = any(
        (token.meaning or "").startswith("rows by") and token.stem == "by" for token in sentence.tokens
    )
    few = event.cost in ("low", "medium") or bool(asked.thresholds or asked.conditions or asked.failed)
    return (
        few
        and not (rows or asked.top or asked.every or asked.ratio or asked.stacks)
        and wants_lines(sentence)
    )


_COLUMNS = re.compile(r"(: |\bwith (?:the )?)\w+( \w+)?(, | and )", re.IGNORECASE)
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


def _usual_shape(
    sentence: Sentence,
    asked: Asked,
    event: Event,
    hint: Shape | None,
    value: str | None,
    listed: bool,
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
    told_apart = _TOLD_APART.search(sentence.text) is not None
    classic = event.listed and asked.failed is not True and asked.errno is None and not told_apart
    beyond += [k for k in asked.grouped if acts or not (listed or (classic and k in SUBJECTS))]
    listing = (
        asked.thresholds
        and not asked.grouped
        and _HOW_MUCH.match(sentence.text) is None
        and not _only_leaves_out(sentence, value)
    )
    live = as_it_happens(sentence)
    if (
        (event.context != "none" or listing or live)
        and not cut
        and (listing or not beyond)
        and _is_list(asked, event, listed, live)
    ):
        return "events", value
    if sides := where_asked(sentence, asked, event):
        asked.stacks = sides
        return "stacks", None
    if value is not None:
        return (hint or "hist"), value
    # `which programs lock memory`: who does it, not how much, unless the most is asked for.
    if (
        event.shape in ("sum", "hist")
        and most is None
        and (
            asked.who
            or any(t.text.lower() in _WHICH for t in sentence.tokens[:3])
            or _asks_which(sentence, asked, event)
        )
    ):
        return "count", None
    deeds = _counts_deeds(sentence)
    if (
        event.shape == "hist"
        and asked.grouped
        and any(t.stem == "call" and t.meaning in ("", sentence.event) for t in sentence.tokens)
    ):
        return "count", None  # `io_schedule calls by process`
    if (
        (event.shape == "sum" or (event.shape == "hist" and asked.grouped and _are_told_apart(sentence)))
        and most is None
        and asked.top is None
        and not asked.ranked
        and not asked.who
        and _counts_nouns(sentence)
    ):
        return "count", None
    if event.shape == "sum" and (deeds or asked.function or any(t.stem in _ACTS for t in sentence.tokens)):
        return "count", None
    if event.shape == "events" and (cut or beyond):
        return "count", None
    if asked.thresholds and event.shape in NEED_VALUE:
        return "count", None  # `connections that lived for less than a second`: those that did, not how long
    return event.shape, event.value if event.shape in NEED_VALUE else None


def _only_leaves_out(sentence: Sentence, value: str | None) -> bool:
    """Tell whether a bound only takes out what is too small beside a measure: `latency by type, ignoring those under 4k`."""
    return value is not None and any(
        (token.meaning or "").startswith(("not <", "not >")) for token in sentence.tokens
    )


def _is_list(asked: Asked, event: Event, listed: bool, live: bool) -> bool:
    # `trace syscalls` of a whole machine would be a flood; of one process it is a list.
    pinned = any(c.field in ("pid", "tid", "comm", "filename", "syscall") for c in asked.conditions)
    return bool(asked.thresholds) or (
        listed and (event.cost in ("low", "medium") or pinned or (live and event.cost == "high"))
    )


def _counts_nouns(sentence: Sentence) -> bool:
    """Tell whether the events are asked for by their plural (`block requests per disk`), and nothing speaks of an amount."""
    if any(token.text.lower() in ("much", "data") for token in sentence.tokens):
        return False
    return any(
        token.meaning == sentence.event
        and token.text.lower().endswith("s")
        and not token.text.lower().endswith("ss")
        and len(token.text) > 3
        and token.stem != "process"
        for token in sentence.tokens
    )


_WAITS = stems("wait stall delay pause hold lifetime life latency time length")


def _are_told_apart(sentence: Sentence) -> bool:
    """Tell whether rows are asked for behind the plural of what happens (`handshakes per process`), not of what takes time."""
    named = [index for index, token in enumerate(sentence.tokens) if token.meaning == sentence.event]
    return any(text_at(sentence, i + 1) in ("by", "per") for i in named) and not any(
        sentence.stem(i) in _WAITS for i in named
    )


_DEEDS = ("reads", "writes", "sends", "receives")


def _counts_deeds(sentence: Sentence) -> bool:
    """Tell whether `reads and writes by process` are asked for: how many, where `which process writes` is how much."""
    whose = [token.meaning or "" for token in sentence.tokens]
    return any(
        token.text.lower() in _DEEDS
        and token.meaning == sentence.event
        and not (index and whose[index - 1].startswith(("rows by", "processes")))
        for index, token in enumerate(sentence.tokens)
    )


_HOW_MUCH = re.compile(r"^how (long|large|big|slow|much time) (do|does|did|is|are|was|were)\b", re.IGNORECASE)


def _asks_which(sentence: Sentence, asked: Asked, event: Event) -> bool:
    """Tell whether it is asked who does what is usually timed: `is anything still using vfork()? tell me which process`."""
    said = any(t.text.lower() == "which" and (t.meaning or "").startswith("rows by") for t in sentence.tokens)
    return event.shape == "hist" and said and not asked.thresholds


_TOLD_APART = re.compile(r"\b(broken down|split|grouped|divided|separated)\b", re.IGNORECASE)
_ACTS = stems("call request operation attempt") | {"number"}
_WHICH = ("which", "who")
SUBJECTS = ("pid", "comm", "tid")
