"""What the decoder tells while a trace runs, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass

from gpttrace.language.findings import Finding
from gpttrace.trace.table import Table


@dataclass(frozen=True, slots=True)
class Ready:
    """Every probe is attached and BEGIN has run."""


@dataclass(frozen=True, slots=True)
class Rows:
    """New events of one printing statement, as a table that holds only them."""

    table: Table


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A map as it was printed while the trace runs."""

    table: Table


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
