"""The face of a host's hook points and types: the same for the running machine and for a saved host file.

Names are those that `bpftrace -l` prints, without the kind: `sched:sched_switch`, `vfs_read`, `page-faults`, `task`; the
module of a function may stand before it. Kinds are the long lower-case names of bpftrace 0.27 (`fentry`; `kfunc` is
understood). Types are C text as the kernel's sources write it: `struct file *`, `unsigned long`, `char[16]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gpttrace.host.tracefs import Field


@dataclass(frozen=True, slots=True)
class Function:
    """A kernel function as BTF describes it: parameters in order, as (name, type)."""

    name: str
    params: tuple[tuple[str, str], ...]
    returns: str
    module: str = "vmlinux"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a struct or union: `offset` and `size` in bytes; `bits` is the width of a bit field, else None."""

    name: str
    type: str
    offset: int
    size: int
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct or union; members of anonymous structs inside it are listed as its own, as C reaches them."""

    kind: str
    name: str
    size: int
    members: Mapping[str, Member] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """One answer of a search: the probe as bpftrace writes it, and how well it fits (1.0 is exact)."""

    probe: str
    score: float


class Knowledge(Protocol):
    """What can be traced on one machine, as far as it is known."""

    def works(self, kind: str) -> bool | None:
        """Tell whether probes of this kind can be attached there; None when it is not known."""
        ...

    def why_not(self, kind: str) -> tuple[str, str] | None:
        """Say why a kind does not work there and what mends it (a command, or a kernel option), when it is known not to."""
        ...

    def lists(self, kind: str) -> bool:
        """Tell whether every name of this kind is known, so that a name that is missing does not exist."""
        ...

    def count(self, kind: str, pattern: str = "*") -> int:
        """Return how many names of the kind a bpftrace pattern matches; only `*` is special, it is any run."""
        ...

    def match(self, kind: str, pattern: str, limit: int = 0) -> Sequence[str]:
        """Return the names that a pattern matches, sorted, at most `limit` when it is above 0."""
        ...

    def similar(self, kind: str, name: str, limit: int = 3) -> Sequence[str]:
        """Return existing names that look like a mistyped one, best first."""
        ...

    def search(self, query: str, kinds: Sequence[str] = (), limit: int = 20) -> Sequence[Found]:
        """Return the probes that a query means: exact, prefix, glob, words, typos; best first."""
        ...

    def fields(self, kind: str, name: str) -> Mapping[str, Field] | None:
        """Return what `args` holds at a probe (`retval` for fexit too); None when it is not known."""
        ...

    def function(self, name: str) -> Function | None:
        """Return a kernel function, when BTF describes it."""
        ...

    def struct(self, name: str) -> Struct | None:
        """Return `task_struct`, `struct task_struct`, a typedef of one, or the type of a member (`union (anonymous:123)`)."""
        ...

    def typedef(self, name: str) -> str | None:
        """Return what a typedef stands for, one step."""
        ...

    def constant(self, name: str) -> int | None:
        """Return the value of an enumerator (`TCP_LISTEN`), which bpftrace knows as a word."""
        ...

    def similar_constant(self, name: str, limit: int = 3) -> Sequence[str]:
        """Return enumerators that look like a mistyped one."""
        ...

    @property
    def has_types(self) -> bool:
        """Tell whether kernel types (BTF) are known at all."""
        ...
