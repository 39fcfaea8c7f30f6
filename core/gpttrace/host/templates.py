"""What BTF tells of probes beside functions: fields of tracepoints without tracefs, arguments of raw tracepoints, iterators.

A tracepoint's record is `struct trace_event_raw_CLASS`, but BTF does not tell which class an event belongs to. An event has
the arguments of its class, so it is the class of its own name with the same arguments, or the only class of all with these
arguments; for any other event the answer is None, never a guess. Of an array of variable length BTF tells that it is one, not
of what: its type is `__data_loc` alone. On a 6.18 kernel 1,267 of 1,585 events (without system calls, whose records BTF does
not have) are known so, and every one of them agrees with tracefs.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gpttrace.host import btf as b
from gpttrace.host.btf import Btf
from gpttrace.host.ctext import type_text
from gpttrace.host.names import Names
from gpttrace.host.tracefs import Field, make_field
from gpttrace.host.types import Types

RAW_TYPEDEF, ITERATOR = "btf_trace_", "bpf_iter__"
_RECORD = "trace_event_raw_"
# Functions whose parameters carry the names of a raw tracepoint's arguments, in the order in which bpftrace tries them.
_NAMED = ("__probestub_", "__traceiter_")
_COMMON = (
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;",
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;",
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;",
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;",
)
_ELEMENTS = {
    "phys_addrs": "u64[]", "dma_addrs": "u64[]", "addrs": "u64[]", "lengths": "unsigned int[]", "cpumask": "cpumask_t",
    "pei_buf": "u8[]", "ctx_buf": "u8[]", "oem_buf": "u8[]", "buf": "u8[]",
}  # fmt: skip
_LOCATED = re.compile(r"__(data|rel)_loc_(\w+)$")


def raw_names(types: Types) -> Names:
    """Return the raw tracepoints that BTF knows."""
    return _behind(types.indexes["typedef"], RAW_TYPEDEF)


def iterator_names(types: Types) -> Names:
    """Return the iterators: those that have a context struct and the function that bpf programs attach to."""
    functions = types.indexes["function"]
    names = _behind(types.indexes["struct"], ITERATOR)
    return Names.of(name.encode() for name in names if f"bpf_iter_{name}" in functions)


def raw_fields(types: Types, name: str) -> dict[str, Field] | None:
    """Return a raw tracepoint's arguments by name; None when BTF gives no names."""
    for prefix in _NAMED:
        if (found := types.proto(prefix + name)) is not None:
            btf, proto, _ = found
            return dict(_parameters(btf, list(btf.entries(proto))[1:]))
    return None


def function_fields(types: Types, name: str, *, with_return: bool) -> dict[str, Field] | None:
    """Return a function's parameters by name, and `retval` after them."""
    found = types.proto(name)
    if found is None:
        return None
    btf, proto, _ = found
    fields = dict(_parameters(btf, list(btf.entries(proto))))
    returned = btf.target(proto)
    if with_return and returned:
        fields["retval"] = field_of(btf, "retval", returned)
    return fields


def iterator_fields(types: Types, name: str) -> dict[str, Field] | None:
    """Return the members of an iterator's `ctx`."""
    for btf, type_id in types.structs(f"struct {ITERATOR}{name}"):
        return {field.name: field for field, _ in _members(btf, type_id)}
    return None


def tracepoint_fields(types: Types, event: str) -> dict[str, Field] | None:
    """Return the fields of `category:name` from its record, when the record is certainly its own."""
    record = _record(types, event)
    return None if record is None else {field.name: field for field, _ in record}


def tracepoint_format(types: Types, event: str) -> str | None:
    """Return a format file for `category:name` made of its record: what bpftrace reads of one, without an id that is true.

    bpftrace needs the elements of arrays of variable length: they are taken for text but where Linux has another field of that
    name (text are 320 of 336 in 6.18).
    """
    record = _record(types, event)
    if record is None:
        return None
    lines = [f"name: {event.rpartition(':')[2]}", "ID: 0", "format:", *_COMMON, ""]
    for field, offset in record:
        array = found[0] if (found := re.search(r"(\[\d+\])+$", field.type)) else ""
        elements = f" {_ELEMENTS.get(field.name, 'char[]')}" if field.is_data_loc else ""
        declared = f"{field.type.removesuffix(array)}{elements} {field.name}{array}"
        lines.append(
            f"\tfield:{declared};\toffset:{offset};\tsize:{field.size};\tsigned:{int(field.signed)};"
        )
    return "\n".join((*lines, ""))


def _record(types: Types, event: str) -> list[tuple[Field, int]] | None:
    owner = _class_of(types, event.rpartition(":")[2])
    records = types.structs(f"struct {_RECORD}{owner}") if owner else []
    if owner is None or len(records) != 1:
        return None
    found: list[tuple[Field, int]] = []
    for field, offset in _members(*records[0]):
        if (located := _LOCATED.match(field.name)) is not None:
            field = make_field(located[2], f"__{located[1]}_loc", field.size, field.signed)
        if field.name not in ("ent", "__data"):
            found.append((field, offset))
    return found


def _class_of(types: Types, name: str) -> str | None:
    wanted = next((key for prefix in _NAMED if (key := _arguments(types, prefix + name)) is not None), None)
    if wanted is None:
        return None
    sharing = _classes(types).get(wanted, [])
    if name in sharing:
        return name
    return sharing[0] if len(sharing) == 1 else None


@lru_cache(maxsize=4)
def _classes(types: Types) -> dict[tuple[str, ...], list[str]]:
    """Return the classes by their arguments; {} when one class is not described, which could then be any event's."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name in _behind(types.indexes["struct"], _RECORD):
        key = _arguments(types, f"{_RECORD}event_{name}")
        if key is None:
            return {}
        found.setdefault(key, []).append(name)
    return found


def _arguments(types: Types, function: str) -> tuple[str, ...] | None:
    found = types.proto(function)
    if found is None:
        return None
    btf, proto, _ = found
    return tuple(type_text(btf, param) for _, param in list(btf.entries(proto))[1:])


def field_of(btf: Btf, name: str, type_id: int) -> Field:
    """Return a parameter or member as a field."""
    return make_field(name, type_text(btf, type_id), btf.size(type_id), btf.signed(type_id))


def _parameters(btf: Btf, entries: list[tuple[int, ...]]) -> list[tuple[str, Field]]:
    named = [(btf.string(word), param) for word, param in entries if param]
    return [(name, field_of(btf, name, param)) for name, param in named]


def _members(btf: Btf, type_id: int, base: int = 0) -> list[tuple[Field, int]]:
    found = []
    packed = btf.flag(type_id)
    for word, member, place in btf.entries(type_id):
        offset = base + (place & 0xFFFFFF if packed else place) // 8
        if word:
            found.append((field_of(btf, btf.string(word), member), offset))
        elif btf.kind(btf.bare(member)) in (b.STRUCT, b.UNION):
            found += _members(btf, btf.bare(member), offset)
    return found


def _behind(names: Names, prefix: str) -> Names:
    begin, end = names.prefixed(prefix.encode())
    lines = names.text[begin : max(end - 1, begin)].split(b"\n")
    return Names.of(line.partition(b"\t")[0][len(prefix) :] for line in lines if line)
