"""BTF: the kernel's own description of its types, read from bytes without the kernel's tools and without root.

The format is that of Documentation/bpf/btf.rst: a header, type records of 32-bit words, and a string table; the BTF of a
module continues the ids and the strings of vmlinux. Records are not turned into objects: `offsets` says at which word each id
begins, and what is asked for is read there. Measured on a 6.18 kernel (5.5 MB, 126,611 types): 35 ms to find the records, 0.1
s for an index of 90,000 names. drgn 0.3.0, tried beside it, costs 60-85 ms and 20 MB to import, and its `set_kernel` failed on
that kernel as root and without (no /proc/kcore): types would be missing where they are needed most.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from gpttrace.errors import Unavailable

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, PROTO = range(1, 14)
VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(14, 20)
QUALIFIERS = frozenset({VOLATILE, CONST, RESTRICT, TYPE_TAG})

# Words after the first three of a record: as many as these, and as many for each of its members.
_FIXED = (0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0)
_EACH = (0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3)
_MAGIC = 0xEB9F
_HEADER = struct.Struct("HBBIIIII")
BROKEN_HINT = "gpttrace host doctor tells what this machine offers; a saved host file can be made again with gpttrace host save"


@dataclass(frozen=True, slots=True)
class Btf:
    """One BTF: `offsets[id - first]` is where the record of a type begins in `words`; `base` is vmlinux for a module."""

    words: array[int]
    strings: bytes
    offsets: array[int]
    base: Btf | None = None
    first: int = 0
    first_string: int = 0
    pointer_size: int = field(default=8)

    def end(self) -> int:
        """Return the id after the last one."""
        return self.first + len(self.offsets)

    def locate(self, type_id: int) -> tuple[array[int], int]:
        """Return the words that hold a type, and where it begins in them."""
        if self.base is not None and type_id < self.first:
            return self.base.locate(type_id)
        return self.words, self.offsets[type_id - self.first]

    def kind(self, type_id: int) -> int:
        """Return the kind of a type; 0 is void."""
        words, at = self.locate(type_id)
        return words[at + 1] >> 24 & 31

    def string(self, offset: int) -> str:
        """Return the string at an offset of the string table."""
        if self.base is not None and offset < self.first_string:
            return self.base.string(offset)
        begin = offset - self.first_string
        return self.strings[begin : self.strings.index(b"\0", begin)].decode("utf-8", "replace")

    def name(self, type_id: int) -> str:
        """Return the name of a type; "" for one without."""
        words, at = self.locate(type_id)
        return self.string(words[at])

    def target(self, type_id: int) -> int:
        """Return what a pointer, typedef, qualifier or function refers to, or the return type of a prototype."""
        words, at = self.locate(type_id)
        return words[at + 2]

    def entries(self, type_id: int) -> Iterator[tuple[int, ...]]:
        """Yield the words of each member, enumerator or parameter."""
        words, at = self.locate(type_id)
        info = words[at + 1]
        kind = info >> 24 & 31
        begin, step = at + 3 + _FIXED[kind], _EACH[kind]
        for number in range(info & 0xFFFF):
            yield tuple(words[begin + number * step : begin + (number + 1) * step])

    def flag(self, type_id: int) -> bool:
        """Tell whether kind_flag is set: bit fields in a struct, signed values in an enum, a union that is only declared."""
        words, at = self.locate(type_id)
        return bool(words[at + 1] >> 31)

    def bare(self, type_id: int) -> int:
        """Return the type below qualifiers and typedefs."""
        while self.kind(type_id) in QUALIFIERS or self.kind(type_id) == TYPEDEF:
            type_id = self.target(type_id)
        return type_id

    def size(self, type_id: int) -> int:
        """Return the size in bytes; 0 for void, functions and types that are only declared."""
        type_id = self.bare(type_id)
        kind = self.kind(type_id)
        if kind == PTR:
            return self.pointer_size
        words, at = self.locate(type_id)
        if kind == ARRAY:
            return words[at + 5] * self.size(words[at + 3])
        return words[at + 2] if kind in (INT, STRUCT, UNION, ENUM, FLOAT, ENUM64) else 0

    def signed(self, type_id: int) -> bool:
        """Tell whether values of a type, or of an array's elements, may be negative."""
        type_id = self.bare(type_id)
        words, at = self.locate(type_id)
        kind = self.kind(type_id)
        if kind == ARRAY:
            return self.signed(words[at + 3])
        if kind == INT:
            return bool(words[at + 3] >> 24 & 1)
        return kind in (ENUM, ENUM64) and self.flag(type_id)

    def records(self) -> Iterator[tuple[int, int, int]]:
        """Yield (id, kind, offset of its name) of the own named records."""
        words = self.words
        for type_id, at in enumerate(self.offsets, self.first):
            if words[at] and at + 1 < len(words):
                yield type_id, words[at + 1] >> 24 & 31, words[at]


def read_btf(data: bytes, base: Btf | None = None, offsets: bytes | None = None) -> Btf:
    """Read BTF bytes; `base` is vmlinux's for the BTF of a module. Unavailable when they are not BTF of this form.

    `offsets` are those of an earlier reading of the same bytes on this machine (`Btf.offsets.tobytes()`), which saves 35 ms.
    """
    try:
        return _read(data, base, offsets)
    except (struct.error, IndexError, ValueError) as error:
        raise Unavailable(
            f"the kernel's type description (BTF) is broken: {error}", hint=BROKEN_HINT
        ) from error


def _read(data: bytes, base: Btf | None, kept: bytes | None) -> Btf:
    order = _byte_order(data)
    _, _, _, header, types, types_size, strings, strings_size = struct.unpack_from(f"{order}HBBIIIII", data)
    if len(data) < header + max(types + types_size, strings + strings_size):
        raise ValueError("it is cut off")
    words = array("I", data[header + types : header + types + types_size])
    if (order == "<") != (sys.byteorder == "little"):
        words.byteswap()
    # Id 0 is void and has no record: a record of zeros stands for it, after all others.
    offsets = array("I", kept) if kept else _offsets(words, void=base is None)
    if base is None:
        words.extend((0, 0, 0))
    return Btf(
        words=words,
        strings=data[header + strings : header + strings + strings_size],
        offsets=offsets,
        base=base,
        first=base.end() if base else 0,
        first_string=base.first_string + len(base.strings) if base else 0,
        pointer_size=base.pointer_size if base else _pointer_size(data),
    )


def _byte_order(data: bytes) -> str:
    for order in "<>":
        if len(data) >= _HEADER.size and struct.unpack_from(f"{order}H", data)[0] == _MAGIC:
            return order
    raise ValueError("it does not begin as BTF does")


def _pointer_size(data: bytes) -> int:
    # BTF does not say it. Every 64-bit kernel has this function in its description, no 32-bit kernel has.
    return 4 if b"\0__x64_sys" not in data and b"\0__arm_" in data and b"\0__arm64_" not in data else 8


def _offsets(words: array[int], *, void: bool) -> array[int]:
    found = array("I", [len(words)] if void else [])
    add = found.append
    at, end = 0, len(words)
    while at < end:
        add(at)
        info = words[at + 1]
        kind = info >> 24 & 31
        at += 3 + _FIXED[kind] + _EACH[kind] * (info & 0xFFFF)
    if at != end:
        raise ValueError("the last type is cut off")
    return found
