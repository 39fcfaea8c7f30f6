"""How often and how long: sampling frequency, interval, duration. `every 2 seconds` must be taken before `2 seconds` alone."""

from __future__ import annotations

import re
from itertools import pairwise

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Amount, Asked, amount_at, seconds, text_at
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.units import unit
from gpttrace.spec.words import stem, stems


def take_hz(sentence: Sentence, asked: Asked) -> None:
    """`at 99 Hz`, `99 times a second`."""
    for index in range(len(sentence.tokens)):
        amount = amount_at(sentence, index)
        if amount is None or (amount.kind == "hz" and amount.value > _FASTEST):
            continue
        last = amount.last
        if (
            amount.kind == ""
            and sentence.stem(last + 1) in ("tim", "sampl")
            and sentence.stem(last + 2) in ("per", "a", "each", "every")
        ):
            if sentence.stem(last + 3) != stem("second"):
                continue
            last += 3
        elif amount.kind != "hz":
            continue
        asked.hz = int(amount.value)
        sentence.take(index, last, f"sampled {asked.hz} times a second")
        return


_SECOND = stem("second")
_FASTEST = 10_000_000  # nobody samples as often: it is the clock of a processor


def take_every(sentence: Sentence, asked: Asked) -> None:
    """`every 2 seconds`, `per second`, `each minute`, `in 5 s intervals`, `second by second`."""
    if (at := sentence.find_phrase((_SECOND, "by", _SECOND))) is not None:
        asked.every, asked.per_second = 10**9, True
        sentence.take(at, at + 2, "one table for each 1 s")
        return
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None:
            continue
        if (
            token.start
            and sentence.text[token.start - 1] == "/"
            and (one := unit(token.text)) is not None
            and one[0] == "ns"
        ):
            asked.every, asked.per_second = one[1], True
            sentence.take(index, index, f"one table for each {seconds(asked.every)}")
            return
        amount = amount_at(sentence, index)
        window = (
            text_at(sentence, amount.last + 1).lower() if amount is not None and amount.kind == "ns" else ""
        )
        each = sentence.stem(index - 1) in ("each", "every", "per")
        if amount is not None and (window in _WINDOWS or (each and window == "window")):
            asked.every = int(amount.value)  # `five-second averages`, `10 s totals`
            last = amount.last + (window in ("window", "windows"))
            sentence.take(index - each, last, f"one table for each {seconds(asked.every)}")
            return
        near = [sentence.stem(i) for i in range(index - 4, index)]
        if (
            token.stem == "and"
            and {"per", "by"} & set(near)
            and text_at(sentence, index + 1).lower() in ("second", "minute")
        ):
            _set_every(sentence, asked, index)  # `per cgroup and second`
            return
        if token.stem == "by" and unit(text_at(sentence, index + 1)) is None:
            continue
        if token.stem in ("every", "each", "per", "a", "an", "by") and _take_span(
            sentence, asked, index, token.stem
        ):
            return
        steps = token.stem == "step" and not _is_spread(sentence)
        if (steps or token.stem in _INTERVALS) and _take_interval(sentence, asked, index):
            return


_WINDOWS = ("averages", "totals", "sums", "windows")
_INTERVALS = stems("interval refresh refreshes refreshed update updates")


def _is_spread(sentence: Sentence) -> bool:
    return any(token.stem in vocabulary.LINEAR | vocabulary.HIST for token in sentence.tokens)


def _set_every(sentence: Sentence, asked: Asked, index: int) -> None:
    named = unit(text_at(sentence, index + 1))
    assert named is not None
    asked.every, asked.per_second = named[1], True
    sentence.take(index, index + 1, f"one table for each {seconds(asked.every)}")


def _take_span(sentence: Sentence, asked: Asked, index: int, word: str) -> bool:
    one = unit(text_at(sentence, index + 1)) if sentence.is_free(index + 1) else None
    if word == "a" and one == ("ns", 10**9) and sentence.stem(index - 1) == "in" and _how_many(sentence):
        asked.every, asked.per_second = one[1], True  # `how many in a second`
        sentence.take(index - 1, index + 1, "one table for each 1 s")
        return True
    amount = Amount(one[1], one[0], index + 1) if one else amount_at(sentence, index + 1)
    if amount is None or amount.kind != "ns" or text_at(sentence, index + 1).lower() == "us":
        return False  # `reset by us` is no microsecond
    if word in ("a", "an") and sentence.stem(index - 1) in (
        "of",
        "quarter",
        "for",
        "during",
        "over",
        "in",
        "half",
        "within",
        "than",
        "after",
        "beyond",
        "abov",
        "under",
        "below",
        "exceed",
        "about",
        "least",
        "over",
        "take",
        "tak",
    ):
        return False
    if word == "a" and index == 0:
        return False
    asked.every = int(amount.value)
    asked.per_second = one is not None
    if sentence.is_free(amount.last + 1) and text_at(sentence, amount.last + 1).lower() in (
        "window",
        "windows",
        "bucket",
    ):
        sentence.take(amount.last + 1, amount.last + 1, "")
    sentence.take(index, amount.last, f"one table for each {seconds(asked.every)}")
    return True


def _how_many(sentence: Sentence) -> bool:
    said = [token.stem for token in sentence.tokens]
    asks = ("how", "many") in pairwise(said)
    return asks and not {"every", "each", "per"} & set(said)


def _take_interval(sentence: Sentence, asked: Asked, index: int) -> bool:
    for first in (index - 1, index - 2, index + 1, index + 2):
        amount = amount_at(sentence, first)
        if amount is not None and amount.kind == "ns" and abs(amount.last - index) <= 3:
            asked.every = int(amount.value)
            sentence.take(
                min(first, index), max(amount.last, index), f"one table for each {seconds(asked.every)}"
            )
            return True
    return False


_BEFORE_TIME = stems(
    "io run running wait waiting execution processing response service handler handling blocked block sleep sleeping much cpu "
    "spent spend total average mean longest maximum hold holding queue queueing completion round-trip mean setup wake"
)
_FROM_TO = re.compile(
    r"\b(between |from )?(entry|enter|entering|start|begin|beginning|issue)( and | to | until | till |-to-| ?→ ?| ?-> ?|/)"
    r"(exit|exiting|return|returning|end|finish|completion)\b",
    re.IGNORECASE,
)
_HANGS = stems("stuck hang hangs hanging hung stall stalls stalled")
_WHERE = ("in", "on", "inside", "at", "within", "behind")
_HELD_UP = stems(
    "stuck lost lose loses hang hangs hanging hung stall stalls stalled waste wasted wastes block blocks blocked sit sits stuck"
)
_AFTER_TIME = stems("take takes taken took need needs needed spend spent until from between in inside")


def take_hangs(sentence: Sentence, asked: Asked) -> None:
    """`who hangs in fsync`: how long it lasts."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.stem in _HANGS and sentence.stem(index + 1) in _WHERE:
            asked.elapsed = True
            sentence.take(index, index, "how long it takes")  # `who hangs in fsync`


def take_elapsed(sentence: Sentence, asked: Asked, values: frozenset[str] = frozenset()) -> None:
    """`time that unshare takes`, `run time`: how long an event lasts, unlike `at a time` and `times`.

    `values` are the stems of what fields of the event can be (`net_rx time`).
    """
    for match in _FROM_TO.finditer(sentence.text):
        asked.elapsed = True
        sentence.take_inside(match.start(), match.end(), "how long it takes")
    long = any(t.text.lower() in ("long", "time") for t in sentence.tokens)
    if any(kind == "ns" for _, _, kind, _ in asked.thresholds):
        for index, token in enumerate(sentence.tokens):
            if (
                token.meaning is None
                and token.stem in _HELD_UP
                and sentence.stem(index - 1) in ("that", "which", "who", "they")
            ):
                sentence.take(index, index, "")  # `flock calls that block for more than 2 s`
    if long or any(kind == "ns" for _, _, kind, _ in asked.thresholds):
        while (held := sentence.find(_HELD_UP if long else _HANGS)) is not None:
            sentence.take(held, held, "")  # `how long are they stuck`, `the time lost`
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None or token.text.lower() not in ("time", "times") or token.kind != "word":
            continue
        plural = token.text.lower() == "times"
        near = [sentence.stem(i) for i in range(index + 1, index + 5)]
        meant = (sentence.tokens[index - 1].meaning or "") if index else ""
        named = (
            (meant == sentence.event or meant.startswith("the system call")) and bool(meant) and not plural
        )
        before = sentence.stem(index - 1) in _BEFORE_TIME | values or named
        most = sentence.stem(index - 1) == "most" and (
            _takes(sentence, index - 2) or near[:1] in (["on"], ["in"])
        )
        before = before or most
        of_it = sentence.stem(index - 1) == "the" and sentence.stem(index + 1) == "of"
        after = (
            any(word in _AFTER_TIME for word in near) or index == 0 or of_it or _opens_part(sentence, index)
        )
        ranked = sentence.stem(index - 1) == "by" and asked.ranked  # `top 10 functions by time`
        if before or ranked or (after and not plural):
            asked.elapsed = True
            sentence.take(index, index, "how long it takes")


def _takes(sentence: Sentence, index: int) -> bool:
    """Tell whether `most time` is what something takes: `which softirq takes the most time`."""
    return sentence.stem(index - (sentence.stem(index) == "the")) in _TAKING


_TAKING = stems("take takes spend cost costs use uses need eat consume consumes lose loses") | {"us"}


def _opens_part(sentence: Sentence, index: int) -> bool:
    """Tell whether a part of the question begins here: `si is high: time per softirq vector`."""
    return sentence.ends_part(index - 1) and sentence.stem(index + 1) in ("per", "by", "of", "for", "in")


_WHOLE = re.compile(
    r"\b(?:for|over|during|within) (?:a|one|the) (?:whole|full|entire|complete) (second|minute|hour)\b",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"\b(?:and |then )*(?:stop|stopping|end|ending|quit|finish|exit)(?: \w+)? after $", re.IGNORECASE
)


def _take_one(sentence: Sentence, asked: Asked) -> None:
    """`over the next minute`, `over a whole minute`: one unit without a number."""
    if (whole := _WHOLE.search(sentence.text)) is not None and (span := unit(whole[1])) is not None:
        asked.duration = int(span[1])
        sentence.take_inside(*whole.span(), f"trace for {seconds(span[1])}")
        return
    for index, token in enumerate(sentence.tokens):
        if (
            token.meaning is None
            and token.stem in ("next", "coming", "following")
            and sentence.is_free(index + 1)
        ):
            named = unit(text_at(sentence, index + 1))
            if named is not None and named[0] == "ns":
                first = index - 2 if sentence.stem(index - 1) == "the" else index - 1
                asked.duration = named[1]
                sentence.take(max(first, 0), index + 1, f"trace for {seconds(named[1])}")


def take_duration(sentence: Sentence, asked: Asked) -> None:
    """`for 10 seconds`, `during 1 minute`, `for the next 30s`, or a span of time that nothing else took."""
    _take_one(sentence, asked)
    for index in range(len(sentence.tokens)):
        amount = amount_at(sentence, index)
        if amount is None or amount.kind != "ns" or amount.value <= 0:
            continue
        first = index
        if (stop := _STOP.search(sentence.text[: sentence.tokens[index].start])) is not None:
            sentence.take_inside(*stop.span(), f"trace for {seconds(int(amount.value))}")
        while sentence.is_free(first - 1) and sentence.stem(first - 1) in _BEFORE_SPAN:
            first -= 1
        if sentence.stem(first - 1) in _PAST or any(sentence.stem(i) in _PAST for i in range(first, index)):
            asked.problems.append("tracing sees what happens from now on, not the past")
        if (
            asked.every is not None
            and text_at(sentence, index).lower() in ("a", "an")
            and sentence.stem(index - 1) == "in"
        ):
            sentence.take(first, amount.last, "")  # `how many in a second, every second`
            return
        asked.duration = int(amount.value)
        sentence.take(first, amount.last, f"trace for {seconds(asked.duration)}")
        return


def take_output_unit(sentence: Sentence, asked: Asked) -> None:
    """`latency in microseconds`: how times are shown is not the question's to say; they are shown in readable units."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.stem in ("in", "as") and sentence.is_free(index + 1):
            named = unit(text_at(sentence, index + 1))
            if named is not None and text_at(sentence, index + 1) in ("ms", "us", "ns", "µs"):
                sentence.take(index, index + 1, "")
                continue
            if (
                named is not None
                and not text_at(sentence, index + 1).lower().startswith(("s", "m", "h", "k", "b"))
            ) or (
                (
                    named is not None
                    and len(text_at(sentence, index + 1)) > 4
                    and not _is_interval(sentence, index + 2)
                )
                and (named[0] == "ns" or text_at(sentence, index + 1).lower().endswith("ibytes"))
            ):
                sentence.take(index, index + 1, "")


def _is_interval(sentence: Sentence, index: int) -> bool:
    return sentence.stem(index) == stem("interval")


_BEFORE_SPAN = stems(
    "for during over the next in within about around last past previous period of up time lasting"
)
_PAST = stems("last past previous ago")
