"""Ending: what is known about the end of one bpftrace, gathered from the supervisor's events.

The events come over a pipe while the parent lives, or from the spool when it was killed: the same facts either way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

NOT_STARTED = 127


@dataclass(frozen=True, slots=True)
class Ending:
    """The facts. `cause` is why we stopped bpftrace (None: it ended by itself), `rc` and `signal` how it ended.

    Both are None when even the supervisor died. `probes` counts all that bpftrace attached, ours among them;
    `took`, `cpu` (bpftrace's) and `own_cpu` (the supervisor's) are seconds.
    """

    pid: int = 0
    ready: bool = False
    rc: int | None = None
    signal: int | None = None
    cause: str | None = None
    forced: bool = False
    probes: int = 0
    command_status: int | None = None
    bytes: int = 0
    dropped: int = 0
    took: float = 0.0
    cpu: float = 0.0
    own_cpu: float = 0.0
    spool_error: str | None = None
    noise: str = ""
    stderr: str = field(default="", repr=False)

    @property
    def died(self) -> bool:
        """The supervisor ended without saying how bpftrace ended."""
        return self.rc is None and self.signal is None

    @property
    def refused(self) -> bool:
        """bpftrace itself said no, or crashed, before any probe was attached."""
        return not (self.ready or self.died or self.cause is not None or self.rc == NOT_STARTED)


def absorb(ending: Ending, event: dict[str, Any]) -> Ending:
    """Return `ending` with what one event adds."""
    match event["event"]:
        case "started":
            return replace(ending, pid=event["pid"])
        case "ready":
            return replace(ending, ready=True, probes=event["probes"])
        case "stderr":
            return replace(ending, stderr=ending.stderr + event["text"])
        case "dropped":
            return replace(ending, dropped=event["bytes"])
        case "spool_failed":
            return replace(ending, spool_error=event["text"])
        case "exit":
            names = ("rc", "signal", "cause", "forced", "command_status", "bytes", "took", "cpu", "own_cpu")
            return replace(ending, **{name: event[name] for name in names})
    return ending
