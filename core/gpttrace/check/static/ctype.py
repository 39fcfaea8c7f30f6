"""C types of kernel and program as the words of `language/types.py`, as far as they can be told.

`unknown` is always a right answer: rules stay silent about it. Arrays of `char` are strings to bpftrace (measured on 0.17, 0.23
and 0.27: `%s` takes `args->prev_comm` and `curtask->comm`, `%d` does not); typedefs are followed through the host.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gpttrace.check.static.cnames import CNames
from gpttrace.check.static.facts import Facts
from gpttrace.language import is_integer
from gpttrace.language import nodes as n
from gpttrace.language.types import FieldType, MemberType, normal

_ARRAY = re.compile(r"(.*?)\s*((?:\[[^\]]*\])+)")
_NOISE = re.compile(r"\b(?:const|volatile|__user|__rcu|__percpu|restrict)\b\s*")
_DEEPEST = 8


def word_of(ctype: str, typedef: Callable[[str], str | None] | None = None) -> str:
    """Return the word for a C type, `unknown` when it cannot be told."""
    kind = " ".join(_NOISE.sub("", ctype).split())
    if kind.startswith(("__data_loc", "__rel_loc")):
        return "unknown"  # an integer up to 0.23, a string since 0.24; `traps` looks at these
    if kind.endswith("*"):
        return kind
    if match := _ARRAY.fullmatch(kind):
        element = word_of(match[1], typedef)
        if match[1] == "char":
            return "string" if match[2].count("[") == 1 else "unknown"
        return "unknown" if element == "unknown" else f"{element}{match[2]}"
    return _plain(kind, typedef)


def _plain(kind: str, typedef: Callable[[str], str | None] | None) -> str:
    for _ in range(_DEEPEST):
        if kind in ("bool", "_Bool"):
            return "bool"
        if kind.startswith(("struct ", "union ", "enum ")) or kind.endswith("*"):
            return kind
        word = normal(kind)
        if is_integer(word):
            return word
        following = typedef(kind) if typedef else None
        if following is None or following == kind:
            return "unknown"
        if "[" in following or following.startswith("const"):
            return word_of(following, None)
        kind = following
    return "unknown"


def field_types(host: Facts | None) -> FieldType | None:
    """Return the callback that gives the type of a field of `args`; None without a host."""
    if host is None:
        return None

    def field_type(point: n.AttachPoint, name: str) -> str | None:
        fields = host.fields(point.kind, target(point, host))
        found = fields.get(name) if fields else None
        return word_of(found.type, host.typedef) if found else None

    return field_type


def target(point: n.AttachPoint, host: Facts) -> str:
    """Return the name of the first hook point that an attach point stands for."""
    name = ":".join(point.parts)
    if "*" in name or "?" in name:
        return next(iter(host.match(point.kind, name, 1)), name)
    return name


def member_types(host: Facts | None, names: CNames) -> MemberType:
    """Return the callback that gives the type of a member of a struct: the program's own structs first, then the kernel's."""

    def member_type(owner: str, name: str) -> str | None:
        bare = owner.rstrip("*").rstrip()
        if bare in names.structs:
            kind = (names.structs[bare] or {}).get(name)
            return word_of(kind, host.typedef if host else None) if kind else None
        if owner.count("*") > 1 or host is None or not host.has_types or not _is_struct(bare, host):
            return None
        struct = host.struct(bare)
        member = struct.members.get(name) if struct else None
        return word_of(member.type, host.typedef) if member else None

    return member_type


def _is_struct(bare: str, host: Facts) -> bool:
    return bare.startswith(("struct ", "union ")) or (bare.isidentifier() and not is_integer(bare))
