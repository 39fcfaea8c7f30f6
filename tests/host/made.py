"""Hosts made for tests: a real host file, with real BTF bytes, written from a few lines of C and loaded again.

What a test names exists on the made host and nothing else does, so that a test reads as the whole of what it stands on.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from gpttrace.host import Host
from gpttrace.host.btf import ARRAY, CONST, ENUM, FUNC, FWD, INT, PROTO, PTR, STRUCT, TYPEDEF, UNION, read_btf
from gpttrace.host.hostfile import Contents, write_host_file
from gpttrace.host.kinds import KINDS
from gpttrace.host.names import Names
from gpttrace.host.types import index_types

INTEGERS = {
    "char": ("char", 1, 1), "signed char": ("signed char", 1, 1), "unsigned char": ("unsigned char", 1, 0),
    "short": ("short int", 2, 1), "unsigned short": ("short unsigned int", 2, 0), "int": ("int", 4, 1),
    "unsigned int": ("unsigned int", 4, 0), "unsigned": ("unsigned int", 4, 0), "long": ("long int", 8, 1),
    "unsigned long": ("long unsigned int", 8, 0), "long long": ("long long int", 8, 1),
    "unsigned long long": ("long long unsigned int", 8, 0), "bool": ("_Bool", 1, 4),
}  # fmt: skip
TYPEDEFS = {
    "u8": "unsigned char", "u16": "unsigned short", "u32": "unsigned int", "u64": "unsigned long long", "s8": "signed char",
    "s16": "short", "s32": "int", "s64": "long long", "__u8": "unsigned char", "__u16": "unsigned short", "__u32": "unsigned int",
    "__u64": "unsigned long long", "size_t": "unsigned long", "ssize_t": "long", "pid_t": "int", "loff_t": "long long",
    "dev_t": "u32", "gfp_t": "unsigned int", "sector_t": "u64", "umode_t": "unsigned short", "__be32": "__u32", "__be16": "__u16",
}  # fmt: skip
_NUMBERS = count()
Members = Mapping[str, str]
SIGNED = 1 << 31  # kind_flag of an enum


def make_host(
    folder: Path,
    *,
    version: tuple[int, ...] = (0, 23, 2),
    tracepoints: Mapping[str, Members] | None = None,
    functions: Sequence[str] = (),
    structs: Mapping[str, Members] | None = None,
    unions: Mapping[str, Members] | None = None,
    typedefs: Mapping[str, str] | None = None,
    enums: Mapping[str, Mapping[str, int]] | None = None,
    rawtracepoints: Mapping[str, str] | None = None,
    iterators: Mapping[str, Members] | None = None,
    untyped: Sequence[str] = (),
    broken: Mapping[str, tuple[str, str]] | None = None,
    tracepoints_known: bool = True,
    arch: str = "x86_64",
    kernel: str = "6.12.0-made",
    name: str = "made",
) -> Host:
    """Write a host file below `folder` and load it.

    `functions` are C prototypes (`ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)`), hookable by kprobe
    and fentry; `untyped` are names of functions that only kprobe knows; `tracepoints` map `category:name` to members (name → C
    type, `__data_loc char[]` for strings); `rawtracepoints` map a name to its parameters (`bool preempt, struct task_struct
    *prev`); `iterators` a name to the members of its context; `broken` says of a kind why it does not work and what mends it.
    """
    raw = {
        f"int __traceiter_{each}(void *__data, {params})": each
        for each, params in (rawtracepoints or {}).items()
    }
    contexts = {f"bpf_iter__{each}": members for each, members in (iterators or {}).items()}
    iterating = [f"int bpf_iter_{each}(struct bpf_iter_meta *meta)" for each in iterators or {}]
    writer = BtfWriter(
        {**(structs or {}), **contexts}, unions or {}, {**TYPEDEFS, **(typedefs or {})}, enums or {}
    )
    for prototype in (*functions, *raw, *iterating):
        writer.add_function(prototype)
    for each in raw.values():
        writer.add_typedef(f"btf_trace_{each}", "void *")
    known = [re.split(r"\(", prototype)[0].split()[-1].lstrip("*") for prototype in functions]
    path = folder / f"made-{next(_NUMBERS)}.host"
    write_host_file(
        path,
        Contents(
            facts=_facts(version, arch, kernel, name, broken or {}, tracepoints_known),
            lists=_lists(known, untyped, writer.build()),
            formats={each: _format(each, members) for each, members in (tracepoints or {}).items()},
            btf={"vmlinux": writer.build()},
        ),
    )
    return Host.load(path)


def _facts(
    version: tuple[int, ...],
    arch: str,
    kernel: str,
    name: str,
    broken: Mapping[str, tuple[str, str]],
    known: bool,
) -> dict[str, Any]:
    works = {kind: [False, *broken[kind]] if kind in broken else [True, "", ""] for kind in KINDS}
    return {
        "name": name,
        "kernel": kernel,
        "arch": arch,
        "cpus": 2,
        "is_root": True,
        "btf": True,
        "kprobes": "kprobe" not in broken,
        "fentry": "fentry" not in broken,
        "hardware_counters": "hardware" not in broken,
        "software_events": "software" not in broken,
        "bpftrace": {"path": "/usr/bin/bpftrace", "version": list(version)},
        "tracepoints_known": known,
        "abilities": works,
        "rights": {"root": True},
        "saved_at": "2026-11-22T00:00:00+00:00",
    }


def _lists(known: Sequence[str], untyped: Sequence[str], data: bytes) -> dict[str, tuple[str, Names]]:
    indexes = {sort: Names.of(lines) for sort, lines in index_types(read_btf(data)).items()}
    listed = "/sys/kernel/tracing/available_filter_functions"
    return {
        "kprobe": (listed, Names.of(each.encode() for each in (*known, *untyped))),
        "fentry": (listed, Names.of(each.encode() for each in known)),
        **{f"type.{sort}": ("BTF", names) for sort, names in indexes.items()},
    }


def _format(name: str, members: Members) -> str:
    lines = [f"name: {name.rpartition(':')[2]}", "ID: 1", "format:"]
    lines.append("\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;")
    offset = 8
    for member, text in members.items():
        size, signed = _size(text)
        array = "" if text.startswith("__data_loc") else "".join(re.findall(r"\[\d+\]$", text))
        shown = text.removesuffix(array)
        lines.append(
            f"\tfield:{shown} {member}{array};\toffset:{offset};\tsize:{size};\tsigned:{int(signed)};"
        )
        offset += size
    return "\n".join((*lines, ""))


def _size(text: str) -> tuple[int, bool]:
    if text.startswith("__data_loc"):
        return 4, True
    array = re.search(r"\[(\d+)\]$", text)
    base = text.removesuffix(array[0] if array else "").strip()
    while base in TYPEDEFS:
        base = TYPEDEFS[base]
    _, size, sign = INTEGERS.get(base, ("", 8, 0))
    return size * (int(array[1]) if array else 1), sign == 1


class BtfWriter:
    """Writes BTF bytes for C declarations; structs that are named but not given are only declared."""

    def __init__(
        self,
        structs: Mapping[str, Members],
        unions: Mapping[str, Members],
        typedefs: Mapping[str, str],
        enums: Mapping[str, Mapping[str, int]],
    ) -> None:
        self._strings, self._string_ids = bytearray(b"\0"), {"": 0}
        self._records: list[bytes] = []
        self._ids: dict[str, int] = {"void": 0}
        self._typedefs = typedefs
        for text, (name, size, encoding) in INTEGERS.items():
            bits = struct.pack("<I", encoding << 24 | size * 8)
            self._ids[text] = self._add(name, INT, 0, size, bits)
        for word, given, kind in (("struct", structs, STRUCT), ("union", unions, UNION)):
            for name in given:
                self._ids[f"{word} {name}"] = self._add(name, kind, 0, 0, b"")
            for name, members in given.items():
                self._define(self._ids[f"{word} {name}"], name, kind, members)
        for name, words in enums.items():
            body = b"".join(struct.pack("<Ii", self._string(word), value) for word, value in words.items())
            signed = SIGNED if min(words.values(), default=0) < 0 else 0
            self._ids[f"enum {name}"] = self._add(name, ENUM, len(words) | signed, 4, body)
        for name in typedefs:
            self.type_id(name)

    def build(self) -> bytes:
        """Return the BTF."""
        types = b"".join(self._records)
        header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(self._strings))
        return header + types + bytes(self._strings)

    def add_typedef(self, name: str, text: str) -> int:
        """Add a typedef."""
        self._ids[name] = found = self._add(name, TYPEDEF, 0, self.type_id(text), b"")
        return found

    def add_function(self, prototype: str) -> None:
        """Add a function, as `int name(type a, type b)`."""
        head, _, inside = prototype.partition("(")
        returns, name = _declared(head)
        params = [_declared(each) for each in inside.rpartition(")")[0].split(",") if each.strip() != "void"]
        body = b"".join(
            struct.pack("<II", self._string(param), self.type_id(text)) for text, param in params if text
        )
        proto = self._add("", PROTO, len(body) // 8, self.type_id(returns), body)
        self._add(name, FUNC, 1, proto, b"")

    def type_id(self, text: str) -> int:
        """Return the id of a C type, adding what it needs."""
        text = " ".join(text.replace("*", " * ").split())
        if text not in self._ids:
            self._ids[text] = self._new(text)
        return self._ids[text]

    def _new(self, text: str) -> int:
        if (array := re.search(r"\s*\[(\d+)\]$", text)) is not None:
            element, index = self.type_id(text[: array.start()]), self.type_id("unsigned int")
            return self._add("", ARRAY, 0, 0, struct.pack("<III", element, index, int(array[1])))
        if text.endswith("*"):
            return self._add("", PTR, 0, self.type_id(text[:-1].strip()), b"")
        if text.startswith("const "):
            return self._add("", CONST, 0, self.type_id(text.removeprefix("const ")), b"")
        word, _, name = text.rpartition(" ")
        if word in ("struct", "union"):
            return self._add(name, FWD, 0, 0, b"")
        if text not in self._typedefs:
            raise ValueError(f"the made host knows no type {text!r}")
        return self._add(text, TYPEDEF, 0, self.type_id(self._typedefs[text]), b"")

    def _define(self, type_id: int, name: str, kind: int, members: Members) -> None:
        body, offset = b"", 0
        for member, text in members.items():
            body += struct.pack("<III", self._string(member), self.type_id(text), offset * 8)
            offset += 0 if kind == UNION else _size(text)[0]
        size = max((_size(text)[0] for text in members.values()), default=0) if kind == UNION else offset
        self._records[type_id - 1] = self._record(name, kind, len(members), size, body)

    def _add(self, name: str, kind: int, members: int, size: int, body: bytes) -> int:
        self._records.append(self._record(name, kind, members, size, body))
        return len(self._records)

    def _record(self, name: str, kind: int, members: int, size: int, body: bytes) -> bytes:
        return struct.pack("<III", self._string(name), kind << 24 | members, size) + body

    def _string(self, text: str) -> int:
        if text not in self._string_ids:
            self._string_ids[text] = len(self._strings)
            self._strings += text.encode() + b"\0"
        return self._string_ids[text]


def _declared(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"\s*(.*?)(\w+)\s*((?:\[\d+\])?)\s*", text, re.DOTALL)
    return (f"{found[1].strip()}{found[3]}", found[2]) if found else ("", "")
