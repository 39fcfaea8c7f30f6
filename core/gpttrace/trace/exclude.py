"""Which probes must not see the tracer itself, and by what condition.

Only probes that fire in the context of the process that they are about: there `pid` is who did it. In scheduler,
block and interrupt events it is whoever happened to run, and a condition on it would lose events of others.
"""

from __future__ import annotations

import re

from gpttrace.language.nodes import AttachPoint, Binary, Identifier, Probe, String
from gpttrace.language.program import Program
from gpttrace.language.tree import walk
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.fields import bare
from gpttrace.trace.plan import PARENT, SELF, SUPERVISOR

_ALWAYS = frozenset(("uprobe", "uretprobe", "usdt", "profile", "software", "hardware"))
_TRACEPOINTS = frozenset(("syscalls", "raw_syscalls", "exceptions"))
_FUNCTION_PROBES = frozenset(("kprobe", "kretprobe", "fentry", "fexit", "kfunc", "kretfunc"))
_SYSCALL_FUNCTIONS = re.compile(r"(vfs_|ksys_|do_sys_|sys_|__x64_sys_|__arm64_sys_|__se_sys_|__do_sys_)")


def probes_to_narrow(program: Program) -> list[Probe]:
    """Return the probes that need the condition; none when the program speaks of bpftrace itself."""
    if any(isinstance(node, String) and b"bpftrace" in node.value for node in walk(program)):
        return []
    return [
        probe
        for probe in program.probes
        if all(map(_in_own_context, probe.points))
        and not (probe.predicate is not None and _asks_for_pid(probe))
    ]


def _in_own_context(point: AttachPoint) -> bool:
    if point.kind in _ALWAYS:
        return True
    if point.kind == "tracepoint":
        return bool(point.parts) and point.parts[0] in _TRACEPOINTS
    if point.kind == "rawtracepoint":
        return bool(point.parts) and point.parts[-1] in ("sys_enter", "sys_exit")
    return (
        point.kind in _FUNCTION_PROBES
        and bool(point.parts)
        and bool(_SYSCALL_FUNCTIONS.match(point.parts[-1]))
    )


def _asks_for_pid(probe: Probe) -> bool:
    # `pid == N`: whoever names a process gets that process, be it one of ours.
    assert probe.predicate is not None
    return any(
        isinstance(node, Binary)
        and node.op == "=="
        and any(map(_is_pid, (bare(node.left), bare(node.right))))
        for node in walk(probe.predicate)
    )


def _is_pid(node: object) -> bool:
    return isinstance(node, Identifier) and node.name in ("pid", "tid")


def condition(dialect: Dialect) -> str:
    """Return the condition that is false for bpftrace, its supervisor and the process that reads the results."""
    if not dialect.same_pids:
        return 'comm != "bpftrace"'
    return " && ".join(f"pid != {marker}" for marker in (SELF, SUPERVISOR, PARENT))
