"""The codes of what a proof by execution finds (`prove/`): a program held against a known number of events."""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.language.findings import Severity


def _seen(name: str, severity: Severity, title: str, why: str, bad: str = "", good: str = "") -> Code:
    return Code(name, severity, "meaning", title, why, bad, good)


CODES: tuple[Code, ...] = (
    _seen(
        "attached-some",
        "warning",
        "some of the probes are not attached",
        "bpftrace 0.17 and 0.23 leave out hooks that are not there and end with 0; what they would show is missing from the "
        "result without a word.",
    ),
    _seen(
        "canary-missed",
        "error",
        "events that were made were not counted",
        "A workload made the event happen a known number of times, and the program counted fewer, or none. The hook may never be "
        "reached on this machine (today's libc calls `openat`, not `open`), or a condition, a key or a field is not as it seems.",
        "tracepoint:syscalls:sys_enter_open { @[comm] = count(); }",
        "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }",
    ),
    _seen(
        "canary-overcounted",
        "error",
        "more events were counted than were made",
        "A workload made the event happen a known number of times, and the program counted more: most often begin and end of a "
        "call, or two layers that one event passes.",
        "tracepoint:syscalls:sys_enter_openat, tracepoint:syscalls:sys_exit_openat { @[comm] = count(); }",
        "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }",
    ),
    _seen(
        "control-counted",
        "error",
        "what is no such event was counted",
        "While a workload did something else the program counted as well. Take a narrower hook, or add a condition.",
        "tracepoint:raw_syscalls:sys_enter { @opens[comm] = count(); }",
        "tracepoint:syscalls:sys_enter_openat { @opens[comm] = count(); }",
    ),
    _seen(
        "silently-empty",
        "error",
        "a column of text is empty in every row",
        "bpftrace 0.23 reads `__data_loc` strings as empty, and a user's string whose page is not in memory yet is empty at the "
        "begin of a call. Read it at the end of the call, or from another hook.",
    ),
)
