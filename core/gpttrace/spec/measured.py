"""What is measured: which number of an event the words name (`bytes`, `how long`, `pages`), and the form that they suggest."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.model import Shape
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem, stems

_ADJECTIVES = stems("large big small long slow")


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
        each = _EACH_ONE.search(sentence.text) is not None  # `how many bytes each call wants`
        hint: Shape = "hist" if each else table[sentence.stem(index)]  # type: ignore[assignment]  # "sum" or "hist"
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


_EACH_ONE = re.compile(
    r"\bhow (many bytes|much( data)?|big|large)\b[^.?!]*\b(each|every|one|a single) (call|read|write|request|send|allocation)\b",
    re.IGNORECASE,
)
_APART = re.compile(
    r"\b(time|interval|gap|delay|pause|period)s? between (successive |two |consecutive |the )?(?!.*\b(and|to)\b)",
    re.IGNORECASE,
)
_SPAN = re.compile(r"\btime (from|between|until|till) ", re.IGNORECASE)


def apart(sentence: Sentence, event: Event) -> list[str]:
    """Say so where it is asked how far events are apart (`mean time between disk requests`)."""
    if _APART.search(sentence.text) is None or event.field_of_unit("ns") is None:
        return []
    return [f"the time between two {event.noun} is not measured, only how long each takes"]


def _has_tail(sentence: Sentence, event: Event) -> bool:
    """Tell whether a percentile is asked for where nothing says of what: `the p99 of disk reads` is how long they take."""
    both = event.field_of_unit("bytes") is not None and event.field_of_unit("ns") is not None
    return both and any(token.stem in _QUANTILES for token in sentence.tokens)


_QUANTILES = stems(
    "percentile percentiles quantile quantiles median p50 p90 p95 p99 p999 50th 90th 95th 99th tail"
)
# `epoll_wait returned how many events`
_RETURNED = re.compile(
    r"\bnumber of \w+ (that are |which are )?returned\b|\breturn(s|ed)? how (many|much)\b|"
    r"\bhow (many|much) (\w+ )?(\w+ )?(is|are|was|were) returned\b"
)
THINGS = {unit: stem(unit) for unit in ("pages", "packets", "requests", "blocks")}


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
        counted = field.unit in THINGS and (alone or field.name in (field.unit, event.value))
        if counted and THINGS[field.unit or ""] == subject and field.name not in asked.keys:
            return "sum", field.name
    return None, None


def counts_users(sentence: Sentence) -> bool:
    """Tell whether `sendfile users` or `calloc callers` are asked for: who they are, not how much they move."""
    after = zip(sentence.tokens, sentence.tokens[1:], strict=False)
    meant = [before.meaning or "" for before, token in after if token.stem in _USERS]
    return any(each in (sentence.event, "processes") or each.startswith("the system call") for each in meant)


_USERS = stems("user users caller callers")


def are_latencies(sentence: Sentence, index: int, event: Event) -> bool:
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
            t.text.lower() in ("time", "seconds", "residency") and t.meaning == sentence.event
            for t in sentence.tokens
        )
    )
