"""Every literal of a question against its spec: path, quoted text, number, signal, error, program, each with the right sign.

Unlike `accounts`, which looks at the words that a reading left empty, this does not ask which part of the reader took a literal.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

from gpttrace.spec import vocabulary as words
from gpttrace.spec.around import courtesies
from gpttrace.spec.errors import error_said, is_errno
from gpttrace.spec.exclusions import bound_left_out, excluded, is_of
from gpttrace.spec.leftover import clauses
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.units import is_number_word
from gpttrace.spec.values import names_of, numbers_at, signal_named
from gpttrace.spec.who import is_plain_program
from gpttrace.spec.words import Token


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a spec holds: its conditions, and its other numbers (rows, times, buckets)."""

    conditions: tuple[Condition, ...]
    numbers: frozenset[float]
    shapes: frozenset[str]

    @classmethod
    def of(cls, spec: TraceSpec) -> Ledger:
        """Return the ledger of a spec and of its further events."""
        parts = (spec, *spec.others)
        conditions = [c for each in parts for c in (*each.conditions, *((each.part,) if each.part else ()))]
        numbers = [
            n for p in parts for n in (p.every, p.top, p.duration, p.hz, *(p.buckets or ())) if n is not None
        ]
        return cls(tuple(conditions), frozenset(map(float, numbers)), frozenset(p.shape for p in parts))

    def texts(self) -> list[str]:
        """Return the texts of the conditions in small letters."""
        return [str(c.value).lower() for c in self.conditions if isinstance(c.value, str)]


def missing(sentence: Sentence, spec: TraceSpec, names: frozenset[str]) -> list[str]:
    """Return the literals that a spec does not hold; `names` are the words by which its events are known."""
    ledger = Ledger.of(spec)
    aside = courtesies(sentence)
    out = {at for at, _, _ in excluded(sentence)}
    told = {i for part in clauses(sentence) for i in part if _is_background(sentence, part)}
    return [
        token.text
        for index, token in enumerate(sentence.tokens)
        if not any(start <= token.start < end for start, end in aside)
        and not (index in told and token.kind == "word")
        and (
            not _stands(sentence, index, ledger, names)
            or not _is_right_side(sentence, index, ledger)
            or (index in out and _is_kept(sentence, index, ledger))
        )
    ]


def _is_background(sentence: Sentence, part: range) -> bool:
    return all(sentence.tokens[i].meaning == "" for i in part)


def _is_kept(sentence: Sentence, index: int, ledger: Ledger) -> bool:
    """Tell whether what the question leaves out is what the spec is about."""
    return any(c.op in ("==", "startswith") and is_of(sentence, index, c) for c in ledger.conditions)


def _stands(sentence: Sentence, index: int, ledger: Ledger, names: frozenset[str]) -> bool:
    token = sentence.tokens[index]
    if token.kind == "number" or (token.kind == "word" and _counts(sentence, index)):
        return _holds_number(sentence, index, ledger, names)
    if token.kind in ("path", "quoted"):
        return len(token.text) < 2 or _holds_text(token, ledger, names)
    if (named := signal_named(token.text)) is not None:
        number = int(signal.Signals[named])
        return any(c.value == number or str(c.value).upper() == named for c in ledger.conditions)
    if is_errno(token.text):
        return any(c.field in ("ret", "errno") and _is_error(c, token.text) for c in ledger.conditions)
    if _CONSTANT.fullmatch(token.text) or (len(token.text) == 1 and token.text in _STATES):
        return _holds_constant(sentence, token, ledger, names)
    if _WHERE_IS.search(sentence.text[: token.start]) and token.stem not in _COMPARED:
        return token.text.lower() in ledger.texts() or bool(ledger.conditions)
    if _PATTERN.search(sentence.text[: token.start]):
        return False
    if _HOLDING.search(sentence.text[: token.start]) and token.stem not in words.EMPTY:
        return any(token.text.lower() in each for each in ledger.texts())
    if token.text == "bpftrace" and sentence.stem(index - 1) in ("by", "of", "from"):
        return "bpftrace" in ledger.texts()
    if is_plain_program(token.text) and _IN_PROGRAM.search(sentence.text[: token.start]):
        return token.text.lower() in ledger.texts()
    return True


# `CLONE_NEWNET`, and the states of a task in one letter.
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")
_STATES = "DRSTXZ"
_HOLDING = re.compile(
    r"\b(contain(s|ing)?|matching|match(es)?|equal(s|ling)? to|"
    r"names? (that |which )?(end|start|begin)(s|n?ing)? with)( the( word)?)? $",
    re.IGNORECASE,
)
# bpftrace tests the begin of a text, and no pattern.
_PATTERN = re.compile(
    r"\b(end|ends|ended|ending|finish|finishes|finishing) (in|with|on) [\"']?\*?\.$", re.IGNORECASE
)
_WHERE_IS = re.compile(
    r"\b(where|whose|with|when|having) (?!(in|on|do|does|from) )(\w+ ){1,3}(is|equals?|=|==) $", re.IGNORECASE
)
_COMPARED = words.ABOVE | words.BELOW | frozenset(("not", "at", "a", "an", "the", "in", "on", "no"))


def _holds_constant(sentence: Sentence, token: Token, ledger: Ledger, names: frozenset[str]) -> bool:
    """Tell whether a constant is a condition, or the name of an event that has no other of its kind (`BPF_PROG_LOAD`)."""
    small = token.text.lower()
    prefix = small.partition("_")[0] + "_"
    alike = sum(name.startswith(prefix) for name in names)
    named = len(small) > 1 and small in names and alike < _OF_ONE_KIND
    bracket = sentence.text[token.start - 1 : token.start] == "("
    # `SO_REUSEPORT (optname 15)`: the number is looked at by itself
    bracket = bracket or re.match(r" \([^()]*\b\d+\)", sentence.text[token.end :]) is not None
    named = named or (len(small) == 1 and small in names)
    return small in ledger.texts() or named or bracket or bool(names_of(token.text) & _held(ledger))


_OF_ONE_KIND = 3


def _held(ledger: Ledger) -> frozenset[int]:
    return frozenset(c.value for c in ledger.conditions if isinstance(c.value, int))


_IN_PROGRAM = re.compile(
    r"\b(in|by|of|from|inside|under|for)( the)? (program|process|command|tool|binary|daemon) $"
)


def _is_error(condition: Condition, text: str) -> bool:
    if isinstance(condition.value, str):
        return condition.value != ""
    return -abs(condition.value) in names_of(text)


def _counts(sentence: Sentence, index: int) -> bool:
    """Tell whether a word is the first of a number in words that is more than `one`."""
    before = index and is_number_word(sentence.tokens[index - 1].text.lower())
    values = (
        numbers_at(sentence, index) if is_number_word(sentence.tokens[index].text.lower()) else frozenset()
    )
    return bool(values) and not before and min(values) >= 2


def _holds_number(sentence: Sentence, index: int, ledger: Ledger, names: frozenset[str]) -> bool:
    token = sentence.tokens[index]
    values = numbers_at(sentence, index)
    if _is_negative(sentence, token):
        return any(isinstance(c.value, int) and -c.value in values for c in ledger.conditions)
    held = [*ledger.numbers, *(float(abs(c.value)) for c in ledger.conditions if isinstance(c.value, int))]
    held += [float(n) for c in ledger.conditions if isinstance(c.value, str) for n in names_of(c.value)]
    if any(abs(value - each) <= 1e-6 * max(1.0, each) for value in values for each in held):
        return True
    text = re.match(r"\w+", token.text)
    inside = re.compile(rf"(?<![\da-z]){re.escape(text[0].lower() if text else token.text)}(?![\d])")
    if any(inside.search(each) for each in (*ledger.texts(), *names)):
        return True
    if ledger.shapes & {"hist", "lhist"} and re.match(
        r"(th|st|rd|nd)?( ?percentile| ?%)?", sentence.text[token.end :]
    ):
        following = sentence.text[token.end :].lstrip().lower()
        if token.text.endswith(("th", "nd", "st", "rd")) or following.startswith(
            ("percentile", "th percentile")
        ):
            return True
    return _in_brackets(sentence, token)


def _is_negative(sentence: Sentence, token: Token) -> bool:
    # `node -1`, but not `kill -9`, `1-5` or `-n 5`
    return re.search(r"(?<!kill)[ =(]-$", sentence.text[: token.start]) is not None


def _in_brackets(sentence: Sentence, token: Token) -> bool:
    """Tell whether a number stands in brackets behind its name: `EMFILE (24)`, `BPF_PROG_LOAD (cmd 5)`."""
    return (
        re.search(r"\w ?\((?:\w+ )?$", sentence.text[: token.start]) is not None
        and sentence.text[token.end : token.end + 1] == ")"
    )


def _holds_text(token: Token, ledger: Ledger, names: frozenset[str]) -> bool:
    text = token.text.lower().rstrip("/")
    if error_said(text) is not None:
        return any(c.field in ("ret", "errno") for c in ledger.conditions)
    last = text.rsplit("/", 1)[-1]
    held = ledger.texts()
    return (
        any(text in (each, each.rstrip("/")) or each == last or text[:15] == each for each in held)
        or text in names
    )


# What a number is compared by: words before it and after it.
_UP = re.compile(
    r"\b(beyond|past|over|above|exceed(s|ing)?|"
    r"(more|longer|larger|bigger|greater|slower|higher) than|at least|>=?)[ ]?(a |an )?$",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"(\b(below|under|beneath|at most|up to|(less|shorter|smaller|fewer|lower|faster|quicker) than)|<=?)[ ]?(a |an )?$",
    re.IGNORECASE,
)
_AND_UP = re.compile(
    r"[ ]?(\w+ )?((\w+ )?(and|or) (up|upwards?|above|over|more|longer|larger|bigger|"
    r"greater|beyond|higher|slower)\b|upwards?\b|plus\b|\+)",
    re.IGNORECASE,
)
_AND_DOWN = re.compile(
    r"[ ]?(\w+ )?(and|or) (down|below|under|less|fewer|shorter|smaller|lower)\b", re.IGNORECASE
)


def _is_right_side(sentence: Sentence, index: int, ledger: Ledger) -> bool:
    """Tell whether a number that bounds (`10 ms and up`, `beyond 4 KiB`) does so in the spec, and in that direction."""
    token = sentence.tokens[index]
    if not numbers_at(sentence, index):
        return True
    before, after = sentence.text[: token.start], sentence.text[token.end :]
    up = _AND_UP.match(after) is not None or _UP.search(before) is not None
    down = _AND_DOWN.match(after) is not None or _DOWN.search(before) is not None
    if not up and not down:
        return True
    left_out = bool(bound_left_out(sentence.text, token.start, token.end))
    ops = (">", ">=") if up != left_out else ("<", "<=")
    values = numbers_at(sentence, index)
    tested = [c for c in ledger.conditions if isinstance(c.value, int) and float(abs(c.value)) in values]
    return any(c.op in ops for c in tested) or (not tested and bool(ledger.numbers & values))
