"""A host that can trace reads, for conversations that need no kernel; `settings` of each test's own folders."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gpttrace.host import Host

READING = {
    "syscalls:sys_enter_read": {"__syscall_nr": "int", "fd": "unsigned int", "buf": "char *", "count": "size_t"},
    "syscalls:sys_exit_read": {"__syscall_nr": "int", "ret": "long"},
}  # fmt: skip


@pytest.fixture
def reading_host(made_host: Callable[..., Host]) -> Host:
    """A machine of which a host file tells that it traces reads."""
    return made_host(
        version=(0, 17, 0), tracepoints=READING, broken={"kprobe": ("no kprobes", "use tracepoints")}
    )
