"""The hosts that static checks are tested with: this machine, with each bpftrace that was measured."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from gpttrace.host import Host
from gpttrace.host.bpftrace import Bpftrace

MEASURED = ((0, 17, 0), (0, 23, 2), (0, 27, 1))


@cache
def here() -> Host:
    """Return this machine's host."""
    return Host.local()


@cache
def host_with(version: tuple[int, ...]) -> Host:
    """Return this machine as it would be with another bpftrace: nothing but the version differs."""
    return replace(here(), tool=Bpftrace("/usr/bin/bpftrace", version))
