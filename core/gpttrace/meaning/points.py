"""Attach points under one name each, however they were written: `t:sched:sched_switch` is `tracepoint:sched:sched_switch`."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from gpttrace.language import nodes as n
from gpttrace.language.attach import POINT, attach_point

TIMERS = ("interval", "begin", "end")
_PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000}
_SOFTWARE = {"faults": "page-faults", "cs": "context-switches", "cpu": "cpu-clock"}
_LIBRARY = re.compile(r"^(?:.*/)?([^/]+?)(?:\.so[.\d]*)?$")


def point_name(point: n.AttachPoint) -> str:
    """Return the name of an attach point; rates and counts of samples are left out, they are `rate_of`'s."""
    parts = list(point.parts)
    if point.kind in ("uprobe", "uretprobe", "usdt") and parts:
        parts[0] = _library(parts[0])
        if point.kind == "usdt" and len(parts) == 3 and not parts[1]:
            parts[1] = "*"
    elif point.kind in ("kprobe", "kretprobe", "fentry", "fexit"):
        parts = parts[-1:]  # the module is only a help to find it
    elif point.kind in ("software", "hardware") and parts:
        parts = [_SOFTWARE.get(parts[0], parts[0])]
    elif point.kind == "profile":
        parts = []
    elif point.kind == "interval" and (period := period_of(point)) is not None:
        parts = [str(period)]  # in ns, whatever it was said in
    offset = f"+{point.offset}" if point.offset else ""
    return ":".join([point.kind, *parts]) + offset


def _library(path: str) -> str:
    found = _LIBRARY.match(path)
    return found[1] if found else path


def named(text: str) -> str:
    """Return the name of an attach point that is given as text."""
    text = text.replace("{hz}", "99").replace("{syscall}", "*")  # what the catalogue leaves open
    match = POINT.fullmatch(text)
    return point_name(attach_point(match)) if match else text


def period_of(point: n.AttachPoint) -> int | None:
    """Return the time between two firings of a timer in ns."""
    if point.kind not in ("interval", "profile") or not point.parts or not point.parts[-1].isdigit():
        return None
    unit = point.parts[0] if len(point.parts) > 1 else "us"
    number = int(point.parts[-1])
    if number == 0:
        return None
    if unit == "hz":
        return 10**9 // number
    return number * 10**9 // _PER_SECOND[unit] if unit in _PER_SECOND else None


def hz_of(point: n.AttachPoint) -> int | None:
    """Return how often a profile probe fires each second."""
    period = period_of(point)
    return round(10**9 / period) if point.kind == "profile" and period else None


def covers(pattern: str, name: str) -> bool:
    """Tell whether an attach point, which may hold wildcards, fires where another does."""
    return pattern == name or (("*" in pattern or "?" in pattern) and fnmatchcase(name, pattern))


_BEGIN_AND_END = (
    ("sys_enter_", "sys_exit_"), ("kprobe:", "kretprobe:"), ("fentry:", "fexit:"), ("uprobe:", "uretprobe:"),
)  # fmt: skip


def pairs(begin: str, end: str) -> bool:
    """Tell whether an end can belong to a begin: an exit of a call to its entry, a return to its own function."""
    for first, second in _BEGIN_AND_END:
        if first in begin and second in end:
            return covers(begin.replace(first, second), end) or covers(end.replace(second, first), begin)
    return True
