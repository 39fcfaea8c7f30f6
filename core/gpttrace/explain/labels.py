"""What the cells of a result stand for: 257 in a column of system calls is `openat`, -2 in a column of results is ENOENT."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from gpttrace.explain.amounts import shown
from gpttrace.spec.catalogue import Event
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.syscalls import syscall_names
from gpttrace.trace.table import Table

_SOFTIRQS = ("HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU")
_TCP_STATES = (
    *("ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT"),
    *("CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"),
)


@dataclass(frozen=True, slots=True)
class Labels:
    """The noun of the rows, the catalogue fields of the key columns in order, how many rows were asked for at most,
    and the length of an interval in ns."""

    noun: str = "events"
    keys: tuple[str, ...] = ()
    top: int | None = None
    every: int | None = None
    arch: str = field(default_factory=lambda: os.uname().machine)

    def text(self, table: Table, index: int, value: object) -> str:
        """Return a cell of column `index` in words."""
        keyed = [
            i for i, column in enumerate(table.columns) if column.role == "key" or table.kind == "events"
        ]
        name = table.columns[index].name
        if index in keyed and len(keyed) == len(self.keys):
            name = self.keys[keyed.index(index)]
        meaning = _MEANINGS.get(name)
        found = meaning(value, self.arch) if meaning is not None and isinstance(value, int) else None
        if found is not None:
            return found
        return f"{name} {value}" if isinstance(value, int) and name in _NUMBERED else shown(value)


_NUMBERED = (
    "pid",
    "tid",
    "uid",
    "cpu",
    "irq",
    "dev",
    "order",
    "reason",
    "protocol",
    "dport",
    "sport",
    "cgroup",
)


def labels_for(spec: TraceSpec | None, event: Event | None) -> Labels:
    """Return the labels for a result of this spec."""
    return (
        Labels(event.noun, spec.keys, spec.top, spec.every)
        if spec is not None and event is not None
        else Labels()
    )


def _syscall(value: int, arch: str) -> str | None:
    return syscall_names(arch).get(value)


def _result(value: int, arch: str) -> str | None:
    return errno.errorcode.get(-value) if value < 0 else None


def _error(value: int, arch: str) -> str | None:
    return errno.errorcode.get(value)


def _signal(value: int, arch: str) -> str | None:
    return signal.Signals(value).name if value in set(signal.Signals) else None


def _softirq(value: int, arch: str) -> str | None:
    return _SOFTIRQS[value] if 0 <= value < len(_SOFTIRQS) else None


def _tcp_state(value: int, arch: str) -> str | None:
    return _TCP_STATES[value - 1] if 1 <= value <= len(_TCP_STATES) else None


_MEANINGS: dict[str, Callable[[int, str], str | None]] = {
    "syscall": _syscall,
    "ret": _result,
    "errno": _error,
    "sig": _signal,
    "vec": _softirq,
    "oldstate": _tcp_state,
    "newstate": _tcp_state,
    "state": _tcp_state,
}
