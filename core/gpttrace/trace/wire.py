"""One line of bpftrace's JSON -> a record of exact Python values, undoing what the dialect does to it.

Objects come as lists of pairs, because joined map keys may repeat. A line that is no record of bpftrace's is None:
text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from gpttrace.trace.dialect import Dialect

_BEGIN = re.compile(rb'\{"type": "([a-z_]+)"')
_COUNT = re.compile(rb'"count": ([0-9a-f]+)')
_LOST = re.compile(rb'("count"|"events"): ([0-9a-f]+)')
_SERIES = re.compile(rb'"value":([0-9a-f]+)')
# 0.17 forgets the quotes around what strftime(), strerror() and cgroup_path() give.
_BARE_VALUE = re.compile(rb'\{"type": "value", "data": ([^"\[{].*)\}', re.DOTALL)


class Pairs(list[tuple[str, Any]]):
    """A JSON object with all its keys, repeated ones too."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return the first value of a name."""
        return next((value for key, value in self if key == name), default)


@dataclass(frozen=True, slots=True)
class Record:
    """`kind` is bpftrace's type; `data` its data, or the whole object where there is none (errors)."""

    kind: str
    data: Any


class Wire:
    """Reads lines in order: in some dialects a control character in one line changes the numbers of all later
    ones."""

    def __init__(self, dialect: Dialect) -> None:
        self._turns_hex = dialect.counts_turn_hex
        self._hex = False

    def saw(self, data: bytes, start: int = 0, stop: int | None = None) -> None:
        """Take note of lines that are read elsewhere."""
        if self._turns_hex and not self._hex:
            # One byte is found much faster than two, and most lines have none.
            first = data.find(b"\\", start, stop)
            self._hex = first >= 0 and data.find(b"\\u", first, stop) >= 0

    def read(self, line: bytes) -> Record | None:
        """Return the record of one line, None when it is no line of bpftrace's JSON."""
        match = _BEGIN.match(line)
        if match is None:
            return None
        kind = match[1].decode()
        if self._turns_hex:
            line = self._decimal(kind, line)
        try:
            value = json.loads(line.decode(errors="surrogateescape"), object_pairs_hook=Pairs)
        except ValueError:
            bare = _BARE_VALUE.fullmatch(line)
            return None if bare is None else Record(kind, bare[1].decode(errors="surrogateescape"))
        except RecursionError:
            return None
        data = value.get("data")
        return Record(kind, value if data is None else data)

    def _decimal(self, kind: str, line: bytes) -> bytes:
        first = 0 if self._hex else line.find(b"\\u")
        if first < 0:
            return line
        self._hex = True
        head, tail = line[:first], line[first:]
        if kind == "hist":
            tail = _COUNT.sub(lambda m: b'"count": %d' % int(m[1], 16), tail)
        elif kind == "tseries":
            tail = _SERIES.sub(lambda m: b'"value":%d' % _signed(int(m[1], 16)), tail)
        elif kind == "lost_events":
            tail = _LOST.sub(lambda m: b"%s: %d" % (m[1], int(m[2], 16)), tail)
        return head + tail


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number


def integer(value: Any) -> int | None:
    """Return the number that a JSON value stands for: newer bpftrace quotes those that no double holds; else None."""
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and value.isascii():
        return int(value)
    return None


def is_quoted_integer(value: str) -> bool:
    """Tell whether a JSON string must have been a number: canonical, 64 bits, and no double equals it (0.24+)."""
    number = integer(value)
    if number is None or str(number) != value or not -(1 << 63) <= number < 1 << 64:
        return False
    return int(float(number)) != number
