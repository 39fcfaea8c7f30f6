"""Numbers and names of system calls, by architecture: bpftrace 0.17 to 0.23 know only the number of a call."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import gpttrace_corpus


@cache
def syscall_names(arch: str) -> dict[int, str]:
    """Return name by number for `x86_64` or `aarch64`; empty for others."""
    path = Path(gpttrace_corpus.__file__).parent / "syscalls" / f"{arch}.txt"
    if not path.is_file():
        return {}
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {int(number): name for number, name in rows}
