"""Types: functions, structs, typedefs and enumerators of a kernel by name, read from its BTF when asked for.

What is kept is an index, name → id; the members of a struct are read from the BTF itself (20-200 µs), because 10,000 structs
with 90,000 members would make the inventory four times as big and its first scan three times as long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from gpttrace.host import btf as b
from gpttrace.host.btf import Btf
from gpttrace.host.ctext import type_text
from gpttrace.host.knowledge import Function, Member, Struct
from gpttrace.host.names import Names

_NAMELESS = re.compile(r"\(anonymous:(\d+)\)")
INDEXES = ("struct", "function", "typedef", "constant")
_SORT = {
    b.STRUCT: "struct", b.UNION: "struct", b.ENUM: "struct", b.ENUM64: "struct", b.FUNC: "function", b.TYPEDEF: "typedef",
}  # fmt: skip
_KIND_WORDS = {"struct": (b.STRUCT,), "union": (b.UNION,), "enum": (b.ENUM, b.ENUM64)}
_ENUM_STEPS = {b.ENUM: 2, b.ENUM64: 3}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a type is: the module whose BTF has it, and its id there."""

    module: str
    type_id: int


class Types:
    """The types of one kernel: `load` gives the BTF of vmlinux or of a module, `indexes` the names of each sort."""

    def __init__(self, load: Callable[[str], Btf], indexes: Mapping[str, Names]) -> None:
        self._load = load
        self.indexes = indexes
        # Caches live as long as this object; on the class they would keep every host alive.
        self.function = lru_cache(maxsize=4096)(self._function)
        self.struct = lru_cache(maxsize=2048)(self._struct)
        self.typedef = lru_cache(maxsize=2048)(self._typedef)

    def constant(self, name: str) -> int | None:
        """Return the value of an enumerator."""
        value = self.indexes["constant"].value(name)
        return None if value is None else int(value)

    def proto(self, name: str) -> tuple[Btf, int, str] | None:
        """Return (BTF, id of the prototype, module) of a function."""
        for place in self._places("function", name):
            btf = self._load(place.module)
            return btf, btf.target(place.type_id), place.module
        return None

    def typedef_id(self, name: str) -> tuple[Btf, int] | None:
        """Return (BTF, id) of a typedef."""
        for place in self._places("typedef", name):
            return self._load(place.module), place.type_id
        return None

    def structs(self, name: str) -> list[tuple[Btf, int]]:
        """Return every struct, union or enum of this name; two different ones may have it."""
        word, _, rest = name.rpartition(" ")
        if (nameless := _NAMELESS.fullmatch(rest)) is not None:
            return self._nameless(int(nameless[1]))
        found = []
        for place in self._places("struct", rest):
            btf = self._load(place.module)
            if not word or btf.kind(place.type_id) in _KIND_WORDS.get(word, ()):
                found.append((btf, place.type_id))
        return found

    def enumerators(self, name: str) -> dict[int, str]:
        """Return value → word of `enum NAME` (or a typedef of one); empty when there is none."""
        for btf, type_id in self.structs(name if " " in name else f"enum {name}"):
            return {value: word for word, value in enumerators(btf, type_id)}
        return {}

    def _function(self, name: str) -> Function | None:
        found = self.proto(name)
        if found is None:
            return None
        btf, proto, module = found
        params = tuple(
            (btf.string(word), type_text(btf, param)) for word, param in btf.entries(proto) if param
        )
        return Function(name, params, type_text(btf, btf.target(proto)), module)

    def _struct(self, name: str) -> Struct | None:
        for btf, type_id in self.structs(name):
            if btf.kind(type_id) in (b.STRUCT, b.UNION):
                return read_struct(btf, type_id)
        found = self.typedef_id(name)
        if found is None:
            return None
        btf, bare = found[0], found[0].bare(found[1])
        if btf.kind(bare) not in (b.STRUCT, b.UNION):
            return None
        struct = read_struct(btf, bare)
        return struct if struct.name else replace(struct, name=name)

    def _nameless(self, type_id: int) -> list[tuple[Btf, int]]:
        btf = self._load("vmlinux")
        there = 0 < type_id < btf.end() and btf.kind(type_id) in (b.STRUCT, b.UNION, b.ENUM, b.ENUM64)
        return [(btf, type_id)] if there else []

    def _typedef(self, name: str) -> str | None:
        found = self.typedef_id(name)
        return type_text(found[0], found[0].target(found[1])) if found else None

    def _places(self, sort: str, name: str) -> Iterator[Place]:
        places = [value.partition("\t") for value in self.indexes[sort].values(name)]
        for type_id, _, module in sorted(places, key=lambda each: (each[2], int(each[0]))):
            yield Place(module or "vmlinux", int(type_id))


def index_types(btf: Btf, module: str = "vmlinux") -> dict[str, list[bytes]]:
    """Return the lines of each index for one BTF: name, id, and the module when it is not vmlinux."""
    lines: dict[str, list[bytes]] = {sort: [] for sort in INDEXES}
    tail = b"" if module == "vmlinux" else b"\t" + module.encode()
    strings, first = btf.strings, btf.first_string
    for type_id, kind, offset in btf.records():
        if kind in _SORT and offset >= first:
            name = strings[offset - first : strings.index(b"\0", offset - first)]
        elif kind in _SORT:
            name = btf.string(offset).encode()
        else:
            continue
        lines[_SORT[kind]].append(b"%b\t%d%b" % (name, type_id, tail))
    lines["constant"] = [b"%b\t%d" % pair for pair in _constants(btf)]
    return lines


def enumerators(btf: Btf, type_id: int) -> Iterator[tuple[str, int]]:
    """Yield (word, value) of an enum."""
    signed = btf.flag(type_id)
    for name, low, *high in btf.entries(type_id):
        value = low | (high[0] << 32 if high else 0)
        bits = 64 if high else 32
        yield btf.string(name), value - (1 << bits) if signed and value >> (bits - 1) else value


def _constants(btf: Btf) -> Iterator[tuple[bytes, int]]:
    for type_id, at in enumerate(btf.offsets, btf.first):
        if at + 1 < len(btf.words) and btf.words[at + 1] >> 24 & 31 in _ENUM_STEPS:
            for word, value in enumerators(btf, type_id):
                yield word.encode(), value


def read_struct(btf: Btf, type_id: int) -> Struct:
    """Read a struct or union; members of anonymous ones inside it become its own."""
    members: dict[str, Member] = {}
    for member in read_members(btf, type_id):
        members.setdefault(member.name, member)
    kind = "union" if btf.kind(type_id) == b.UNION else "struct"
    return Struct(kind, btf.name(type_id), btf.size(type_id), members)


def read_members(btf: Btf, type_id: int, base: int = 0) -> Iterator[Member]:
    """Yield the members at `base` bytes and on."""
    packed = btf.flag(type_id)
    for name, member, place in btf.entries(type_id):
        bit, bits = (place & 0xFFFFFF, place >> 24) if packed else (place, 0)
        if name:
            text, size = type_text(btf, member), btf.size(member)
            yield Member(btf.string(name), text, base + bit // 8, size, bits or None)
        elif btf.kind(btf.bare(member)) in (b.STRUCT, b.UNION):
            yield from read_members(btf, btf.bare(member), base + bit // 8)
