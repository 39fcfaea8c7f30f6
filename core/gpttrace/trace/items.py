"""What the decoder tells while a trace runs, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from gpttrace.language.findings import Finding
from gpttrace.trace.table import Table

# Why a map was shown: the program printed it, somebody asked for it from outside, or it is its last state.
Why = Literal["printed", "asked", "last"]


@dataclass(frozen=True, slots=True)
class Ready:
    """Every probe is attached and BEGIN has run."""


@dataclass(frozen=True, slots=True)
class Rows:
    """New events of one printing statement: how many is known at once, their `table` is decoded when asked for."""

    name: str
    count: int
    read: Callable[[], Table] = field(repr=False, compare=False)

    @classmethod
    def of(cls, table: Table) -> Rows:
        """Return the rows of a table that is there already."""
        return cls(table.name, len(table), lambda: table)

    @property
    def table(self) -> Table:
        """A table that holds only these events."""
        return self.read()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A map as it was while the trace runs or, `last`, when it ended."""

    table: Table
    why: Why = "printed"


@dataclass(frozen=True, slots=True)
class Output:
    """Text that bpftrace or the traced command wrote, other than rows and maps."""

    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """bpftrace said that it lost this many events; the exact number is known at the end."""

    count: int


@dataclass(frozen=True, slots=True)
class Problem:
    """An error inside the running program: a bad address, a full map, a division by zero."""

    finding: Finding


Item = Ready | Rows | Snapshot | Output | Lost | Problem
