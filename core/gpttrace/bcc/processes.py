"""Processes by name, for tools that know processes by their number only."""

from __future__ import annotations

import os
from contextlib import suppress

MOST_NAMED = 5


def pid_of(comm: str) -> tuple[int, str | None]:
    """Return the one process of that name; 0 and why not when there is none or more than one."""
    found = pids_named(comm)
    if len(found) == 1:
        return found[0], None
    if not found:
        return 0, f"no process is named {comm}; start it, or give a number with --pid"
    shown = ", ".join(map(str, found[:MOST_NAMED])) + (" …" if len(found) > MOST_NAMED else "")
    return 0, f"it takes one process, and {len(found)} are named {comm} ({shown}); say which with --pid"


def pids_named(comm: str) -> list[int]:
    """Return the processes of that name, as the kernel cuts it, without ourselves."""
    wanted = comm.encode()[:15]
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with suppress(OSError), open(f"/proc/{name}/comm", "rb") as file:
                if file.read().rstrip(b"\n") == wanted:
                    found.append(int(name))
    return sorted(found)
