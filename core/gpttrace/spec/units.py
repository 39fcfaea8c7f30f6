"""Numbers, times and sizes as people write them: `5`, `five`, `1.5k`, `10ms`, `4 KiB`, `2 minutes`.

`K`, `KB` and `KiB` are all 1024 bytes, as `ls` and the kernel use them; only the words `kilobyte`, `megabyte` and
`gigabyte` count in thousands.
"""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["ns", "bytes", "hz", ""]

_NS = {
    1: "ns nsec nsecs nanosecond nanoseconds",
    10**3: "us µs μs usec usecs microsecond microseconds",
    10**6: "ms msec msecs millisecond milliseconds millis",
    10**9: "s sec secs second seconds",
    60 * 10**9: "m min mins minute minutes",
    3600 * 10**9: "h hr hrs hour hours",
}
_BYTES = {
    1: "b byte bytes",
    1000: "kilobyte kilobytes",
    1024: "k kb kib kibibyte kibibytes",
    1000**2: "megabyte megabytes",
    1024**2: "mb mib mebibyte mebibytes",
    1000**3: "gigabyte gigabytes",
    1024**3: "gb gib gibibyte gibibytes",
}
_HZ = {1: "hz hertz", 1000: "khz", 10**6: "mhz", 10**9: "ghz"}

_TABLES: tuple[tuple[Kind, dict[int, str]], ...] = (("ns", _NS), ("bytes", _BYTES), ("hz", _HZ))
_UNITS: dict[str, tuple[Kind, int]] = {
    word: (kind, factor)
    for kind, table in _TABLES
    for factor, words in table.items()
    for word in words.split()
}

_TO_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_WORDS = {word: number for number, word in enumerate(_TO_TWENTY.split())} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "half": 0.5,
    "quarter": 0.25,
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "dozen": 12}

_NUMBER = re.compile(r"(\d[\d_,]*(?:\.\d+)?|\.\d+)([a-zA-Zµμ]*)")

LARGEST = 2**62


def unit(word: str) -> tuple[Kind, int] | None:
    """Return kind and factor of a unit: `ms` is ("ns", 1000000)."""
    return _UNITS.get(word.lower())


def number(text: str) -> tuple[float, str] | None:
    """Split `10ms` into 10.0 and `ms`; None when it is no number."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > 30:
        return None
    return float(match[1].replace("_", "").replace(",", "")), match[2]


def is_number_word(word: str) -> bool:
    """Tell whether a word is a number or a part of one (`forty`, `hundred`)."""
    return word in _WORDS or word in _SCALES


def number_words(words: list[str]) -> tuple[float, int] | None:
    """Read a number in words from the front of a list; return it and how many words it took."""
    total, taken = 0.0, 0
    for word in words[:6]:
        if word in _WORDS:
            total += _WORDS[word]
        elif word in _SCALES:
            total = (total or 1) * _SCALES[word]
        elif word in ("a", "an") and taken == 0 and words[1:2] and words[1] in _SCALES:
            total = 1
        else:
            break
        taken += 1
    return (total, taken) if taken else None
