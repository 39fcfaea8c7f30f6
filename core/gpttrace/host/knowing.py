"""Knowing: the answers of `knowledge.Knowledge`, the same for the running machine and for a host file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gpttrace.host.kinds import IN_BINARIES, long_name
from gpttrace.host.knowledge import Found, Function, Struct
from gpttrace.host.names import Names
from gpttrace.host.sources import LIST_OF, Sources

if TYPE_CHECKING:
    from gpttrace.host.tracefs import Field

_WITH_MODULE = frozenset((*LIST_OF, "rawtracepoint"))


class Knowing:
    """Answers from `sources`; names may carry their module (`vmlinux:vfs_read`), kinds any of bpftrace's spellings."""

    __slots__ = ()
    sources: Sources

    def works(self, kind: str) -> bool | None:
        """Tell whether probes of this kind can be attached there; None when it is not known."""
        return self.sources.ability(long_name(kind)).works

    def why_not(self, kind: str) -> tuple[str, str] | None:
        """Say why a kind does not work there and what mends it, when it is known not to."""
        ability = self.sources.ability(long_name(kind))
        return (ability.why, ability.mend) if ability.works is False else None

    def lists(self, kind: str) -> bool:
        """Tell whether every name of this kind is known."""
        return self.sources.lists(long_name(kind))

    def listed_by(self, kind: str) -> str:
        """Say where the list of a kind comes from: a file of the kernel, `BTF`, or "" when there is none."""
        kind = long_name(kind)
        if kind in LIST_OF:
            return self.sources.inventory.note(LIST_OF[kind])
        return "BTF" if kind in ("rawtracepoint", "iter") and self.lists(kind) else ""

    def count(self, kind: str, pattern: str = "*") -> int:
        """Return how many names of the kind a bpftrace pattern matches."""
        kind = long_name(kind)
        if kind in IN_BINARIES:
            return len(self.match(kind, pattern))
        module, name = _split(kind, pattern)
        names = self.sources.names(kind)
        return names.count_of(name) if module in ("", "*") else len(self.match(kind, pattern))

    def match(self, kind: str, pattern: str, limit: int = 0) -> Sequence[str]:
        """Return the names that a pattern matches, sorted, at most `limit` when it is above 0."""
        kind = long_name(kind)
        if kind in IN_BINARIES:
            found = self._in_binary(kind, pattern)
            return [f"{found[0]}:{each}" for each in found[1].match(found[2], limit)] if found else []
        module, name = _split(kind, pattern)
        names = self.sources.names(kind)
        if module in ("", "*"):
            return names.match(name, limit)
        wanted = module.replace("[", "[[]").replace("?", "[?]")  # only `*` is special to bpftrace
        inside = [
            each
            for each in names.match(name)
            if any(fnmatchcase(own or "vmlinux", wanted) for own in names.values(each))
        ]
        return inside[:limit] if limit > 0 else inside

    def similar(self, kind: str, name: str, limit: int = 3) -> Sequence[str]:
        """Return existing names that look like a mistyped one, or that took its place; best first."""
        from gpttrace.host.similar import similar_in, similar_names

        kind = long_name(kind)
        if kind in IN_BINARIES:
            binary = self._in_binary(kind, name)
            return (
                [f"{binary[0]}:{each}" for each in similar_in(binary[1], binary[2], limit)] if binary else []
            )
        module, bare = _split(kind, name)
        found = similar_names(self.sources, kind, bare, limit)
        return [f"{module}:{each}" for each in found] if module and kind in LIST_OF else found

    def instead(self, function: str) -> Sequence[str]:
        """Return probes of other kinds, here, that show what a function did which compilers now put inside its callers."""
        from gpttrace.host.renames import stand_ins

        probes = (probe.partition(":") for probe in stand_ins(function))
        return [f"{kind}:{name}" for kind, _, name in probes if name in self.sources.names(kind)]

    def search(self, query: str, kinds: Sequence[str] = (), limit: int = 20) -> Sequence[Found]:
        """Return the probes that a query means: exact, prefix, glob, words, typos; best first."""
        return self.sources.search.find(query, tuple(long_name(kind) for kind in kinds), limit)

    def fields(self, kind: str, name: str) -> Mapping[str, Field] | None:
        """Return what `args` holds at a probe (`retval` for fexit, the members of `ctx` for iter); None when not known."""
        from gpttrace.host.templates import function_fields, iterator_fields, raw_fields, tracepoint_fields

        kind = long_name(kind)
        _, bare = _split(kind, name)
        if kind == "tracepoint":
            events = self.sources.events
            known = events.fields(name) if events.known else tracepoint_fields(self.sources.types, name)
            return known if known is not None and (known or name in events.names()) else None
        if kind in ("fentry", "fexit"):
            return function_fields(self.sources.types, bare, with_return=kind == "fexit")
        if kind == "rawtracepoint":
            return raw_fields(self.sources.types, bare)
        return iterator_fields(self.sources.types, name) if kind == "iter" else None

    def function(self, name: str) -> Function | None:
        """Return a kernel function, when BTF describes it."""
        return self.sources.types.function(_split("kprobe", name)[1])

    def struct(self, name: str) -> Struct | None:
        """Return `task_struct`, `struct task_struct` or a typedef of one; None when there is none or types are not known."""
        return self.sources.types.struct(name)

    def typedef(self, name: str) -> str | None:
        """Return what a typedef stands for, one step."""
        return self.sources.types.typedef(name)

    def constant(self, name: str) -> int | None:
        """Return the value of an enumerator (`TCP_LISTEN`), which bpftrace knows as a word."""
        return self.sources.types.constant(name)

    def enumerators(self, name: str) -> Mapping[int, str]:
        """Return value → word of an enum, by `enum NAME` or a typedef of it."""
        return self.sources.types.enumerators(name)

    def similar_constant(self, name: str, limit: int = 3) -> Sequence[str]:
        """Return enumerators that look like a mistyped one."""
        from gpttrace.host.similar import similar_names

        return similar_names(self.sources, "constant", name, limit)

    def _in_binary(self, kind: str, point: str) -> tuple[str, Names, str] | None:
        from gpttrace.host.binaries import hooks

        # A host file says nothing of programs and libraries.
        return hooks(kind, point) if self.sources.here else None

    @property
    def has_types(self) -> bool:
        """Tell whether kernel types (BTF) are known at all."""
        return self.sources.inventory.names("type.struct").count > 0


def _split(kind: str, name: str) -> tuple[str, str]:
    """Return (module, name) of `module:name`; "" when none is named, and for kinds whose names have colons of their own."""
    if kind not in _WITH_MODULE:
        return "", name
    module, _, bare = name.rpartition(":")
    return module, bare.partition("+")[0] if kind == "kprobe" else bare
