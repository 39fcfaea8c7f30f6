"""Builtins in probes that do not have them: `args`, `retval`, `arg0`, `func`, `ctx` …, by kind of probe.

Measured for each kind on the three versions. In a probe with several attach points one that lacks the builtin is enough to be
refused.
"""

from __future__ import annotations

import re

from gpttrace.check.codes import Code
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n

_FUNCTIONS = frozenset(["kprobe", "kretprobe", "uprobe", "uretprobe", "fentry", "fexit"])
_HAVE = {
    "retval": frozenset(["kretprobe", "uretprobe", "fexit"]),
    "arg": frozenset(["kprobe", "uprobe", "usdt", "rawtracepoint"]),
    "sarg": frozenset(["kprobe", "uprobe"]),
    "func": _FUNCTIONS,
    "args": frozenset(["tracepoint", "fentry", "fexit", "uprobe", "rawtracepoint"]),
}
_HINTS = {
    (
        "retval",
        "tracepoint",
    ): "tracepoints of a system call's end have it as `args.ret` (`args->ret` before 0.19)",
    ("args", "kprobe"): "a kprobe has `arg0`, `arg1` …; `fentry` has the arguments by name",
    ("args", "kretprobe"): "keep it in a map at the kprobe; `fexit` has arguments and `retval` together",
    ("arg", "tracepoint"): "a tracepoint has its fields in `args`, see `gpttrace probes --describe`",
    ("arg", "kretprobe"): "keep it in a map at the kprobe, keyed by `tid`",
    ("arg", "uretprobe"): "keep it in a map at the uprobe, keyed by `tid`",
    ("arg", "fentry"): "fentry has its arguments by name in `args`",
    ("arg", "fexit"): "fexit has its arguments by name in `args`",
    ("retval", "kprobe"): "the value is known when the function returns: use `kretprobe`",
    ("retval", "uprobe"): "the value is known when the function returns: use `uretprobe`",
    (
        "retval",
        "fentry",
    ): "the value is known when the function returns: use `fexit` (`kretfunc` before 0.20)",
}
_NUMBERED = re.compile(r"(s?arg)[0-9]")


@on(n.Identifier, n.Call)
def builtin_place(study: Study, node: n.Identifier | n.Call) -> None:
    """A builtin where its probe has none."""
    if isinstance(node, n.Call) and node.args:
        return
    match = _NUMBERED.fullmatch(node.name)
    family = match[1] if match else node.name
    have = _HAVE.get(family)
    if have is None:
        return
    if family == "args" and study.older("0.24"):
        have = have - {"rawtracepoint"}
    without = [point for point in study.points if point.kind not in have and point.kind in _KNOWN]
    if not without or (family == "retval" and without[0].kind == "fentry" and not study.since("0.24")):
        return
    kind = without[0].kind
    hint = _HINTS.get((family, kind)) or _otherwise(family, have)
    study.report(node, "error", "builtin-place", f"`{node.name}` has no value in a `{kind}` probe", hint)


def _otherwise(family: str, have: frozenset[str]) -> str:
    shown = "arg0" if family == "arg" else family
    return f"`{shown}` is there in {', '.join(sorted(have))}"


_KNOWN = frozenset(
    [
        "begin",
        "end",
        "self",
        "tracepoint",
        "rawtracepoint",
        "kprobe",
        "kretprobe",
        "uprobe",
        "uretprobe",
        "fentry",
        "fexit",
        "usdt",
        "software",
        "hardware",
        "profile",
        "interval",
        "watchpoint",
        "asyncwatchpoint",
    ]
)


@on(n.Identifier)
def context(study: Study, node: n.Identifier) -> None:
    """`ctx` where there is none to see; `cpid` without a command."""
    if node.name == "ctx":
        for point in study.points:
            if point.kind in ("begin", "end", "tracepoint"):
                hint = "use `args`" if point.kind == "tracepoint" else "leave it out"
                study.report(
                    node, "error", "builtin-place", f"`ctx` cannot be used in a `{point.kind}` probe", hint
                )
                return
    elif node.name == "cpid" and study.probe is not None:
        message = "`cpid` is known only when the trace is started with a command"
        hint = "start it with `--cmd COMMAND`; bpftrace before 0.25 refuses it otherwise"
        study.report(node, "information", "needs-command", message, hint)


@on(n.Identifier)
def far_arguments(study: Study, node: n.Identifier) -> None:
    """`arg6` and above, which x86-64 does not pass in registers."""
    if node.name not in ("arg6", "arg7", "arg8", "arg9") or study.host is None or study.host.arch != "x86_64":
        return
    if any(point.kind in ("kprobe", "uprobe") for point in study.points):
        message = f"x86-64 passes six arguments in registers: there is no `{node.name}`"
        hint = 'the seventh is on the stack: `*(uint64 *)(reg("sp") + 8)`'
        study.report(node, "error", "builtin-place", message, hint)


@on(n.Identifier)
def stack_arguments(study: Study, node: n.Identifier) -> None:
    """`sarg0` … were deprecated in 0.21 and removed in 0.25."""
    if not node.name.startswith("sarg") or not _NUMBERED.fullmatch(node.name):
        return
    offset = 8 * (int(node.name[4:]) + 1)
    hint = f'write `*(uint64 *)(reg("sp") + {offset})` (x86-64, at a function\'s entry)'
    if study.since("0.25"):
        study.report(
            node, "error", "removed", f"`{node.name}` was removed in bpftrace 0.25, which aborts on it", hint
        )
    elif study.since("0.21"):
        study.report(
            node,
            "information",
            "deprecated",
            f"`{node.name}` is deprecated; 0.25 does not have it any more",
            hint,
        )


RULES = (builtin_place, context, far_arguments, stack_arguments)
CODES = (
    Code(
        "builtin-place", "error", "gpttrace", "a builtin that has no value in this type of probe",
        "What a probe sees depends on its type: arguments at a function's entry, its value at the end, fields at a tracepoint.",
        "BEGIN { print(retval); }", "uretprobe:/bin/bash:readline { print(retval); }",
    ),
    Code(
        "needs-command", "information", "gpttrace", "`cpid` needs a command to be started with the trace",
        "It is the process id of that command. bpftrace before 0.25 refuses the program without one.",
        "profile:hz:99 /pid == cpid/ { @[kstack] = count(); }", "profile:hz:99 /pid == 42/ { @[kstack] = count(); }",
    ),
    Code(
        "removed", "error", "gpttrace", "something that this bpftrace no longer has",
        "It was deprecated and then taken out; the hint says what stands for it now.",
        "uprobe:/bin/bash:readline { print(sarg0); }",
        'uprobe:/bin/bash:readline { print(*(uint64 *)(reg("sp") + 8)); }',
    ),
    Code(
        "deprecated", "information", "gpttrace", "something that newer bpftrace versions drop",
        "It works with this version; a newer one warns or refuses.",
        "uprobe:/bin/bash:readline { print(sarg0); }",
        'uprobe:/bin/bash:readline { print(*(uint64 *)(reg("sp") + 8)); }',
    ),
)  # fmt: skip
