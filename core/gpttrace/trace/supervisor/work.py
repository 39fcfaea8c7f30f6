"""The work that bpftrace does on its maps once it has detached: it holds up nobody, so it may take longer than a stop.

Finding the symbols of 4,000 user stacks took 4 s on a busy machine, without a word printed meanwhile.
"""

from __future__ import annotations

import os
import signal

from .child import catches

PERIOD = 2.0  # seconds; whoever worked in that time gets as much again …
MOST = 60.0  # … up to this long after the stop
BUSY = 0.02  # the part of a processor that is not nothing


class Work:
    """One bpftrace that was told to end at a moment of the monotonic clock."""

    def __init__(self, pid: int, now: float) -> None:
        self.pid = pid
        self.until = now + MOST
        self.done = cpu_seconds(pid)

    def more(self, now: float) -> float | None:
        """Return until when it may go on; None when it does nothing, has not detached, or had enough time."""
        done, before = cpu_seconds(self.pid), self.done
        self.done = done
        # It gives SIGINT its default action back when it has detached, before it works on its maps.
        if done - before < BUSY * PERIOD or now >= self.until or catches(self.pid, signal.SIGINT):
            return None
        return min(now + PERIOD, self.until)


def cpu_seconds(pid: int) -> float:
    """How many seconds of processor time a process has used; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
