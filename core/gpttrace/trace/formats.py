"""printf formats: their parts, and the line that C's printf would make of a row.

Numbers are printed whole: bpftrace itself cuts `%d` to 32 bits (measured: 0.17.0, 0.23.2 and 0.27.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

_SPEC = re.compile(r"%(%|([-+ #0]*)(\d*)((?:\.\d*)?)(hh|h|ll|l|j|z|t)?(rx|rh|r|[diuoxXcsp]))")


@dataclass(frozen=True, slots=True)
class Spec:
    """One conversion: `%-16.4lld` has flags `-`, width `16`, precision `.4`, length `ll`, conversion `d`."""

    flags: str
    width: str
    precision: str
    length: str
    conversion: str


def parts_of(text: str) -> list[str | Spec] | None:
    """Return literal texts and conversions of a format in order; None when we do not know one of its conversions."""
    parts: list[str | Spec] = []
    at = 0
    for match in _SPEC.finditer(text):
        literal = text[at : match.start()]
        if "%" in literal:
            return None
        parts.append(literal)
        parts.append("%" if match[1] == "%" else Spec(match[2], match[3], match[4], match[5] or "", match[6]))
        at = match.end()
    parts.append(text[at:])
    return None if "%" in text[at:] else parts


def specs_of(text: str) -> list[Spec] | None:
    """Return the conversions of a format; None when there is one that we do not know."""
    parts = parts_of(text)
    return None if parts is None else [part for part in parts if isinstance(part, Spec)]


def render(parts: Sequence[str | Spec], row: Sequence[Any]) -> str:
    """Return the line that a printf prints for a row."""
    values = iter(row)
    return "".join(part if isinstance(part, str) else _one(part, next(values)) for part in parts)


def renderer(parts: Sequence[str | Spec]) -> Callable[[Sequence[Any]], str]:
    """Return what `render` does for these parts, prepared for many rows (measured: twice as fast with all around it)."""
    specs = [part for part in parts if isinstance(part, Spec)]
    if not all(map(_as_python, specs)):
        return lambda row: render(parts, row)
    template = "".join(
        part.replace("%", "%%") if isinstance(part, str) else _template(part) for part in parts
    )
    types = tuple(str if spec.conversion == "s" else int for spec in specs)
    unsigned = [i for i, spec in enumerate(specs) if spec.conversion in "uoxX"]

    def line(row: Sequence[Any]) -> str:
        if tuple(map(type, row)) == types and all(row[i] >= 0 for i in unsigned):
            return template % tuple(row)
        return render(parts, row)

    return line


def _as_python(spec: Spec) -> bool:
    if spec.conversion == "s":
        return spec.flags in ("", "-")
    return spec.conversion in "diuxX" and "#" not in spec.flags


def _template(spec: Spec) -> str:
    conversion = "d" if spec.conversion in "iu" else spec.conversion
    return f"%{spec.flags}{spec.width}{spec.precision}{conversion}"


def _one(spec: Spec, value: Any) -> str:
    if spec.conversion in "rxrh" and isinstance(value, bytes):
        return _pad(spec, _buffer(spec.conversion, value))
    if isinstance(value, list):
        value = "\n" + "".join(f"        {frame}\n" for frame in value)
    if spec.conversion == "s" or not isinstance(value, int):
        text = str(value)
        return _pad(spec, text[: int(spec.precision[1:] or 0)] if spec.precision else text)
    return _number(spec, value)


def _number(spec: Spec, value: int) -> str:
    if spec.conversion == "c":
        return _pad(spec, chr(value & 0xFF))
    if spec.conversion == "p":
        return _pad(spec, f"{value:#x}")
    if value < 0 and spec.conversion in "uoxX":
        value &= 0xFFFFFFFF if value >= -(1 << 31) and not spec.length else (1 << 64) - 1
    conversion = "d" if spec.conversion in "iu" else spec.conversion
    flags = spec.flags.replace("#", "") if conversion == "o" else spec.flags
    return f"%{flags}{spec.width}{spec.precision}{conversion}" % value


def _pad(spec: Spec, text: str) -> str:
    width = int(spec.width or 0)
    return text.ljust(width) if "-" in spec.flags else text.rjust(width)


def _buffer(conversion: str, data: bytes) -> str:
    if conversion == "rh":
        return data.hex(" ")
    if conversion == "rx":
        return "".join(f"\\x{byte:02x}" for byte in data)
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in data)


def render_value(value: Any) -> str:
    """Return the text of print(value): tuples in parentheses, everything else as it is."""
    if isinstance(value, tuple | list):
        return "(" + ", ".join(render_value(each) for each in value) + ")"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


class Lines(Sequence[str]):
    """Pieces of text seen as lines, without their ends. A view: a million rows cost nothing until somebody reads
    them."""

    def __init__(self, pieces: Callable[[], Iterator[str]]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[str]:
        rest = ""
        for piece in self._pieces():
            *lines, rest = (rest + piece).split("\n")
            yield from lines
        if rest:
            yield rest

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return list(self)[index]
