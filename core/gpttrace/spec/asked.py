"""What the parts of a question ask for, collected while it is read, and how an amount is read at a place in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gpttrace.spec.model import Comparison, Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.units import Kind, number, number_words, unit

LARGEST_ROWS = "largest rows"
EQUALS = frozenset(("=", "==", "is"))


# Comparison, amount in ns or bytes, which of them, and the words beside it, which may name the field that is compared.
Threshold = tuple[Comparison, float, Kind, tuple[str, ...]]


@dataclass(slots=True)
class Asked:
    """What the slots found; thresholds wait for the event to say which field they speak of."""

    keys: list[str] = field(default_factory=list)
    grouped: list[str] = field(default_factory=list)
    ranked: bool = False
    mentioned: list[str] = field(default_factory=list)
    who: bool = False
    columns: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    directed: list[Condition] = field(default_factory=list)
    thresholds: list[Threshold] = field(default_factory=list)
    every: int | None = None
    per_second: bool = False
    duration: int | None = None
    top: int | None = None
    hz: int | None = None
    failed: bool | None = None
    attempts: bool = False
    errno: int | None = None
    stacks: tuple[str, ...] = ()
    ratio: bool = False
    elapsed: bool = False
    function: bool = False
    named: frozenset[str] = frozenset()  # the words by which the event was found
    place: bool = False
    each: bool = False
    distinct: str | None = None
    linear: bool = False
    buckets: tuple[int, int, int] | None = None
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit: `value` is in ns, bytes or Hz by `kind`; `last` is the index of its last token."""

    value: float
    kind: Kind
    last: int


def amount_at(sentence: Sentence, index: int) -> Amount | None:
    """Read a number and its unit at a token."""
    if not sentence.is_free(index):
        return None
    token = sentence.tokens[index]
    if token.kind == "number" and (found := number(token.text)) is not None:
        value, suffix, last = *found, index
        if suffix:
            return _scaled(value, suffix, last)
    else:
        # `a quarter of a second`
        quarter = sentence.stem(index) in ("a", "an") and text_at(sentence, index + 1).lower() in (
            "quarter",
            "half",
        )
        spelled = number_words(
            [
                text_at(sentence, i).lower()
                for i in range(index + quarter, min(index + 6, len(sentence.tokens)))
            ]
        )
        if spelled is None:
            if (
                sentence.stem(index) in ("a", "an")
                and (named := unit(text_at(sentence, index + 1))) is not None
            ):
                return Amount(named[1], named[0], index + 1)
            return None
        index += quarter
        value, last = spelled[0], index + spelled[1] - 1
        if value < 1:  # `half a second`, `a quarter of a minute`
            last += sentence.stem(last + 1) == "of"
            last += sentence.stem(last + 1) in ("a", "an")
    apart = (
        "," in sentence.text[sentence.tokens[last].end : sentence.tokens[last + 1].start]
        if last + 1 < len(sentence.tokens)
        else False
    )
    if sentence.is_free(last + 1) and not apart and (named := unit(text_at(sentence, last + 1))) is not None:
        return Amount(value * named[1], named[0], last + 1)
    return Amount(value, "", last)


def _scaled(value: float, suffix: str, last: int) -> Amount | None:
    if suffix == "M":
        return Amount(value * 1024**2, "bytes", last)
    named = unit(suffix)
    return Amount(value * named[1], named[0], last) if named else None


def text_at(sentence: Sentence, index: int) -> str:
    return sentence.tokens[index].text if 0 <= index < len(sentence.tokens) else ""


def seconds(ns: int) -> str:
    """Return a span of time in words."""
    return f"{ns / 1e9:g} s"
