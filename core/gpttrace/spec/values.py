"""What a literal of a question may stand for: numbers in their base units, in octal, in words; signals and errors by name."""

from __future__ import annotations

import errno
import pwd
import signal
from contextlib import suppress

from gpttrace.spec.asked import text_at
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.units import number, number_words, unit


def numbers_at(sentence: Sentence, index: int) -> frozenset[float]:
    """Return the values that a number at a token may have (`0777`, `10 ms`, `forty`), empty where there is none."""
    token = sentence.tokens[index]
    if token.kind == "number" and token.text[:2].lower() == "0x":
        return frozenset({float(int(token.text, 16))})
    if token.kind == "number":
        found = number(token.text)
        if found is None:
            return frozenset()
        value, suffix, last = *found, index
        octal = {float(int(token.text, 8))} if _is_octal(token.text) else set()
    else:
        spelled = number_words([text_at(sentence, i).lower() for i in range(index, index + 6)])
        if spelled is None:
            return frozenset()
        value, suffix, last, octal = spelled[0], "", index + spelled[1] - 1, set()
    return frozenset({value, *octal, *(value * factor for factor in _factors(sentence, last, suffix))})


def _is_octal(text: str) -> bool:
    return len(text) > 1 and text[0] == "0" and all(char in "01234567" for char in text)


def _factors(sentence: Sentence, last: int, suffix: str) -> list[float]:
    """Return what a number may be times: its unit, that of the next number (`0 to 50 ms`), kHz for clocks."""
    after = last + 1
    while text_at(sentence, after).lower() in ("of", "a", "an"):
        after += 1
    named = [unit(suffix) if suffix else unit(text_at(sentence, after))]
    if not suffix and named == [None] and text_at(sentence, last + 1).lower() in ("to", "and", "or"):
        found = number(text_at(sentence, last + 2))
        named = [unit(found[1] if found and found[1] else text_at(sentence, last + 3))]
    factors: list[float] = [each[1] for each in named if each]
    factors += [each[1] / 1000 for each in named if each and each[0] == "hz"]
    factors += [1000.0] * text_at(sentence, last + 1).lower().startswith("degree")
    factors += {"k": [1000.0, 1024.0], "m": [1e6, 1024.0**2], "g": [1e9, 1024.0**3]}.get(suffix.lower(), [])
    return factors


def names_of(text: str) -> frozenset[int]:
    """Return the numbers that a name of a signal, an error or a user stands for."""
    found = set()
    upper = text.upper()
    for name in (upper, f"SIG{upper}"):
        if (known := signal.Signals.__members__.get(name)) is not None:
            found.add(int(known))
    if isinstance(code := getattr(errno, upper, None), int):
        found.add(-code)
    with suppress(KeyError, ValueError):
        found.add(pwd.getpwnam(text.lower()).pw_uid)
    return frozenset(found)


def signal_named(text: str) -> str | None:
    """Return the signal whose name a word is or begins with (`SIGKILLed`, `SIGCHLDs`), None where it is none."""
    if text[:3] != "SIG":
        return None
    known = [name for name in signal.Signals.__members__ if text.upper().startswith(name)]
    rest = [name for name in known if text[len(name) :].lower() in ("", "s", "ed", "'ed", "led", "'d", "'s")]
    return max(rest, key=len, default=None)
