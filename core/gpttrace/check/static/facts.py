"""What static checks ask of a host: its hook points and types, and which bpftrace it has.

Any host will do, the running machine or a saved one. A version of `()` means that bpftrace is not known: then nothing that
depends on its version is said.
"""

from __future__ import annotations

from typing import Protocol

from gpttrace.host.knowledge import Knowledge


class Facts(Knowledge, Protocol):
    """Knowledge of a machine together with its bpftrace and its processor."""

    @property
    def version(self) -> tuple[int, ...]:
        """bpftrace's version as numbers, `(0, 23, 2)`; empty when it is not known."""
        ...

    @property
    def arch(self) -> str:
        """The machine's architecture as `uname -m` says it."""
        ...
