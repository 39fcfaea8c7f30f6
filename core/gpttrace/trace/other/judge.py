"""Decide from the facts of an ending what the run of another program came to: status, reason, and what mends it.

These programs have no codes for what went wrong: their words are read by one table, each seen with bcc 0.26 unless it says so.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from gpttrace.trace.ending import NOT_STARTED, Ending
from gpttrace.trace.limits import Limits
from gpttrace.trace.result import Status

HEADERS_HINT = (
    "install the headers of the running kernel (Debian, Ubuntu: apt-get install linux-headers-$(uname -r)), "
    "or name their folder in BCC_KERNEL_SOURCE"
)
FIRST_LINES = 20
_KERNEL_HINT = "another kernel, or a bpftrace program on another hook, may do: gpttrace ask"
_SAID: tuple[tuple[str, Status, str, str | None], ...] = (
    (r"Unable to find kernel headers", "unavailable", "it needs the headers of this kernel", HEADERS_HINT),
    (r"[Nn]eed super-user|[Mm]ust be (?:run as )?root|Operation not permitted",
     "denied", "it was not permitted", "run it as root"),
    (r"No such file or directory: '/sys/kernel/debug/", "unavailable",
     "this kernel has no kprobes, or debugfs is not there", "mount -t debugfs debugfs /sys/kernel/debug"),
    (r"USDTException|USDT failed", "unavailable", "that process has no USDT probes of the kind",
     "it must be built with them; gpttrace tool -c tplist 'of PID N' lists what it has"),
    (r"No module named '?bcc", "unavailable", "its Python does not find bcc", "apt-get install python3-bpfcc"),
    (r"[Ff]ailed to attach (?:BPF|BPF program|perf)|Failed to open perf event|cannot attach|could not open (?:uprobe|kprobe)",
     "unavailable", "this kernel lacks a hook that it needs", _KERNEL_HINT),
    (r"Failed to compile BPF|Failed to load BPF",
     "unavailable", "its program does not compile or load on this kernel", _KERNEL_HINT),
    (r"error: (?:unrecognized arguments|argument |the following arguments)", "tool_error", "it did not take its arguments", None),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OtherVerdict:
    """How it ended; `complete` tells that it could print what it prints at its end."""

    status: Status
    reason: str
    complete: bool
    hint: str | None = None


def judge_other(ending: Ending, limits: Limits, name: str, printed: Sequence[str] = ()) -> OtherVerdict:
    """Return the verdict on the run of the program `name`; its first lines may say what its standard error does not."""
    said = "\n".join([ending.stderr, *printed[:FIRST_LINES]])
    if ending.died:
        return OtherVerdict(
            "tool_error", f"the supervisor of {name} was ended from outside; {name} was stopped", False
        )
    if ending.cause == "attach_limit":
        return _failed(said, name) or OtherVerdict(
            "tool_error",
            f"{name} attached nothing and printed nothing within {limits.attach_seconds:g} s",
            False,
        )
    if ending.cause is not None:
        return _stopped(ending, limits, name)
    return _by_itself(ending, name, said)


def _stopped(ending: Ending, limits: Limits, name: str) -> OtherVerdict:
    late = f"; {name} did not end within its grace and was killed" if ending.forced else ""
    words: dict[str, tuple[Status, str]] = {
        "time_limit": ("time_limit", f"the time limit of {limits.seconds or 0:g} s was reached"),
        "row_limit": ("row_limit", f"the limit of {limits.rows:,} lines was reached"),
        "output_limit": ("row_limit", f"the limit of {limits.output_bytes:,} bytes of output was reached"),
        "memory_limit": ("memory_limit", f"{name} used more than {limits.memory >> 20} MiB of memory"),
        "command": ("ok", f"the command ended with exit status {ending.command_status}"),
        "parent_gone": ("stopped", "the program that started this run went away"),
        "kill": ("stopped", "it was killed on request"),
        "stop": ("stopped", "it was stopped on request"),
    }
    status, reason = words.get(
        ending.cause or "", ("stopped", f"the supervisor was asked to end ({ending.cause})")
    )
    return OtherVerdict(status, reason + ("" if ending.cause == "kill" else late), not ending.forced)


def _by_itself(ending: Ending, name: str, said: str) -> OtherVerdict:
    if ending.rc == NOT_STARTED:
        return OtherVerdict("unavailable", f"{name} could not be started{_last_words(ending.stderr)}", False)
    if ending.rc == 0:
        return OtherVerdict("ok", f"{name} ended by itself", True)
    if (failed := _failed(said, name)) is not None:
        return failed
    how = f"signal {signal.Signals(ending.signal).name}" if ending.signal else f"exit status {ending.rc}"
    return OtherVerdict("tool_error", f"{name} ended with {how}{_last_words(ending.stderr)}", False)


def _failed(said: str, name: str) -> OtherVerdict | None:
    for pattern, status, reason, hint in _SAID:
        if re.search(pattern, said):
            return OtherVerdict(status, f"{name}: {reason}", False, hint)
    return None


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f": {lines[-1][:200]}" if lines else ""
