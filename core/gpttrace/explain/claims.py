"""Claims: what a sentence asserts that can be held against facts: its amounts with their units, its names, its absolute words.

A sentence is cut into words here and nothing is judged; `rephrase` and `retell` hold the claims against the tree and the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from gpttrace.explain.plain import is_plain
from gpttrace.spec.units import unit
from gpttrace.spec.words import plain

ROUGHLY = 0.05
_TOKEN = re.compile(r"`(?P<code>[^`]*)`|[\"“”](?P<quoted>[^\"“”]*)[\"“”]|(?P<chunk>[^\s`\"“”]+)")
_AMOUNT = re.compile(r"([-−]?)(\d[\d,_]*(?:\.\d+)?|\.\d+)(%|[A-Za-zµμ×]*)")
_RANGE = re.compile(r"(\d[\d,.]*)([A-Za-zµμ%]*)[-–](\d[\d,.]*)([A-Za-zµμ%]*)")
_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
}
_PARTS = {"half": 50.0, "third": 100 / 3, "quarter": 25.0, "thirds": 100 / 3, "quarters": 25.0}
_TIMES = {
    "twice": 2.0,
    "double": 2.0,
    "doubled": 2.0,
    "thrice": 3.0,
    "triple": 3.0,
    "tripled": 3.0,
    "tenfold": 10.0,
}
_VAGUE = frozenset(
    [
        "dozen",
        "dozens",
        "hundred",
        "hundreds",
        "thousand",
        "thousands",
        "million",
        "millions",
        "billion",
        "billions",
    ]
)
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
_ABOUT = plain("about around roughly approximately nearly almost approx some circa ~ ≈")
_ORDINAL = plain("st nd rd th")
_NO_NUMBER_AFTER_ONE = plain("of that which is another by")
_NO_NUMBER_BEFORE_ONE = plain("the this that each every no another which")
_ABSOLUTE = plain(
    "always never only none nothing nobody exclusively entirely solely no not without except unless cannot all every"
)
_COMPARED = {
    "above": r"\b((more|greater|larger|longer|bigger|slower|higher) than|above|over|exceed\w*)\b|>(?!=)",
    "below": r"\b(less than|fewer than|smaller than|shorter than|below|under|lower than|faster than)\b|<(?!=)",
    "at least": r"\b(at least|no less than|no fewer than|or more|or longer)\b|>=|≥",
    "at most": r"\b(at most|no more than|up to|or less|or fewer|within)\b|<=|≤",
}
# Causes, guesses, advice and judgements: no table and no tree says them.
_OPINION = plain(
    """
    because cause causes caused causing due therefore thus hence suggest suggests suggesting indicate
    indicates indicating likely unlikely probably possibly perhaps maybe should must might could would reason
    why explains recommend consider problem problems issue issues bottleneck leak leaks malicious attack
    suspicious safe unsafe dangerous harmless bug broken bad good healthy normal abnormal expected unexpected
    worrying slowdown culprit blame fault
    """
)
_HARMLESS = re.compile(
    r"\b(in|of|after) all\b|\b(each|every) time\b|\bnot only\b|\ball of (these|them|this)\b", re.IGNORECASE
)
_DECIMAL = {"kb": 1e3, "mb": 1e6, "gb": 1e9, "k": 1e3}  # people and models use both; `units` takes 1024


@dataclass(frozen=True, slots=True)
class Said:
    """An amount as it was written. `values` are what it can mean, in the base of its kind (`bytes`, `ns`, `hz`, `%`, `x` for
    so many times, "" for a bare number); it stands for all within `within` of one of them. `at` is its place in the sentence."""

    kind: str
    values: tuple[float, ...]
    within: float
    text: str
    at: int

    def means(self, number: float) -> bool:
        """Tell whether a number is this amount, as far as it was rounded."""
        return any(abs(number - value) <= self.within + 1e-9 * abs(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a sentence asserts. `names` are words that are no plain ones, `quoted` what stands in quotes or backticks."""

    amounts: tuple[Said, ...]
    names: tuple[str, ...]
    quoted: tuple[str, ...]
    absolutes: frozenset[str]
    opinions: frozenset[str]


def comparisons_in(text: str) -> frozenset[str]:
    """Return which comparisons a text makes: `above`, `below`, `at least`, `at most`."""
    return frozenset(name for name, form in _COMPARED.items() if re.search(form, text, re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    at: int
    quoted: bool = False


def claims_of(sentence: str) -> Claims:
    """Return the claims of one sentence."""
    words = list(_words(sentence))
    amounts, used = _amounts(words)
    left = [word for index, word in enumerate(words) if index not in used]
    quoted = tuple(word.text for word in left if word.quoted)
    names = tuple(name for word in left if not word.quoted for name in _names(word.text))
    told = {
        word.text.lower().removesuffix("n't")
        for word in _words(_HARMLESS.sub(" ", sentence))
        if not word.quoted
    }
    negated = {"not"} if re.search(r"n[’']t\b", sentence) else set()
    said = frozenset((told & _ABSOLUTE) | negated)
    return Claims(tuple(amounts), names, quoted, said, frozenset(told & _OPINION))


def _words(sentence: str) -> Iterator[_Word]:
    for found in _TOKEN.finditer(sentence):
        if found["chunk"] is None:
            inside = found["code"] if found["code"] is not None else found["quoted"]
            if inside.strip():
                yield _Word(inside.strip(), found.start(), True)
            continue
        text = found["chunk"].strip("([{<>)]},;!?'‘’*=≤≥+")
        text = text.lstrip(":").rstrip(".:").rstrip("'’")
        if (both := _RANGE.fullmatch(text)) is not None:
            yield _Word(both[1] + (both[2] or both[4]), found.start())
            yield _Word(both[3] + both[4], found.start() + 1)
        elif text.strip("-–—/&|"):
            yield _Word(re.sub(r"[’']s$", "", text), found.start())


def _amounts(words: list[_Word]) -> tuple[list[Said], set[int]]:
    found: list[Said] = []
    used: set[int] = set()
    for index, word in enumerate(words):
        if word.quoted or index in used:
            continue
        about = _is_about(words, index)
        for read in (partial(_digits, words, index), partial(_spelled, words, index)):
            if (told := read()) is not None:
                kind, values, rounding, taken = told
                within = max(rounding, ROUGHLY * abs(values[0])) if about else rounding
                text = " ".join(each.text for each in words[index : index + taken])
                found.append(Said(kind, values, within, text, word.at))
                used |= set(range(index, index + taken))
                break
    return found, used


def _is_about(words: list[_Word], index: int) -> bool:
    before = [each.text.lower() for each in words[max(0, index - 2) : index]]
    return words[index].text[0] in "~≈" or bool(before and before[-1] in _ABOUT) or before == ["close", "to"]


_Read = tuple[str, tuple[float, ...], float, int]


def _digits(words: list[_Word], index: int) -> _Read | None:
    match = _AMOUNT.fullmatch(words[index].text.lstrip("~≈$"))
    if match is None:
        return None
    digits = match[2].replace(",", "").replace("_", "")
    if len(digits) > 30:
        return None
    number = float(digits) * (-1 if match[1] else 1)
    rounding = 0.5 * 10 ** -len(digits.partition(".")[2]) if "." in digits else 0.0
    suffix, taken = match[3], 1
    if suffix.lower() in _ORDINAL:
        return "th", (number,), 0.0, 1
    after = words[index + 1].text if index + 1 < len(words) and not words[index + 1].quoted else ""
    if not suffix and after.lower() in _SCALES:
        scale = _SCALES[after.lower()]
        number, rounding, taken = number * scale, 0.5 * 10 ** -len(digits.partition(".")[2]) * scale, 2
        after = words[index + 2].text if index + 2 < len(words) else ""
    if suffix and _kind(suffix) is None:
        return None  # a name that begins with a digit
    named = suffix or (after if _is_unit(after) else "")
    if not suffix and [each.text.lower() for each in words[index + taken : index + taken + 2]] == [
        "per",
        "cent",
    ]:
        named, taken = "%", taken + 2
    elif named and not suffix:
        taken += 1
    return *_scaled(number, rounding, named, digits), taken


def _is_unit(word: str) -> bool:
    # `100 s` is a time, `5 h` too; a bare letter that is none of these is a word of its own.
    return _kind(word) is not None and word.lower() not in ("b", "k", "m", "min")


def _kind(word: str) -> str | None:
    lower = word.lower()
    if lower in ("%", "percent"):
        return "%"
    if lower in ("x", "×", "times"):
        return "x"
    found = unit(word)
    return found[0] if found else None


def _scaled(number: float, rounding: float, named: str, digits: str) -> tuple[str, tuple[float, ...], float]:
    kind = _kind(named) if named else ""
    if kind in ("%", "x"):
        return kind, (number,), rounding or (0.5 if kind == "%" else 0.0)
    found = unit(named) if named else None
    if found is None:
        return "", (number,), rounding
    factors = [float(found[1]), *([_DECIMAL[named.lower()]] if named.lower() in _DECIMAL else [])]
    values = tuple(number * factor for factor in factors)
    if found[1] == 1:
        return found[0], values, rounding
    # A scaled number was rounded as it is written, but never by more than `about` would allow.
    written = 0.5 * 10 ** -len(digits.partition(".")[2]) * factors[0]
    return found[0], values, min(written, ROUGHLY * abs(values[0]))


def _spelled(words: list[_Word], index: int) -> _Read | None:
    word = words[index].text.lower()
    after = words[index + 1].text.lower() if index + 1 < len(words) else ""
    before = words[index - 1].text.lower() if index else ""
    if word in _TIMES:
        return "x", (_TIMES[word],), 0.05 * _TIMES[word], 1
    if word in ("half", "quarter") or (word == "third" and before in ("a", "one")):
        return "%", (_PARTS[word],), 0.5, 1
    if word in _WORDS and after in ("thirds", "quarters"):
        return "%", (_WORDS[word] * _PARTS[after],), 0.5, 2
    if word in _VAGUE:
        return "vague", (0.0,), 0.0, 1
    if word not in _WORDS:
        return None
    if word == "one" and (after in _NO_NUMBER_AFTER_ONE or before in _NO_NUMBER_BEFORE_ONE or not after):
        return None
    named = after if _is_unit(after) else ""
    return *_scaled(float(_WORDS[word]), 0.0, named, str(_WORDS[word])), 2 if named else 1


def _names(text: str) -> list[str]:
    """Return the names in one word: all of it, the parts of a compound that are no plain words, or nothing."""
    if text.replace("'", "").replace("’", "").isalpha():
        return [] if is_plain(text) or len(text) == 1 else [text]
    parts = re.split(r"[-–—/]", text)
    if len(parts) > 1 and parts[0] and all(part == "" or part.isalpha() for part in parts):
        return [] if all(part == "" or len(part) == 1 or is_plain(part) for part in parts) else [text]
    return [text] if any(char.isalnum() for char in text) else []
