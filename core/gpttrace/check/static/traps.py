"""Traps of certain versions and kernels: programs that compile and silently show nothing, or only a part.

Each was seen on the versions that it names: the empty string and the refused `?` on 0.23.2, the bit fields on 0.17.0.
"""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.ctype import target
from gpttrace.check.static.formats import specifiers
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.host.tracefs import Field
from gpttrace.language import nodes as n
from gpttrace.language.reference import FORMATTING, RARE_SYSCALLS


@on(n.Call)
def empty_string(study: Study, node: n.Call) -> None:
    """`str(args.name)` of a string of varying length, which 0.23 reads as empty."""
    if node.name != "str" or not node.args or not (study.since("0.23") and study.older("0.24")):
        return
    field = _field_of(study, node.args[0])
    if field is not None and field.is_data_loc:
        message = f"bpftrace 0.23 reads `{field.name}` as an empty string: its length varies, and that was mended in 0.24"
        study.report(node, "warning", "empty-string", message, _other_way(study))


def _other_way(study: Study) -> str:
    point = study.points[0].parts[-1] if study.points and study.points[0].parts else "name"
    return f"use `rawtracepoint:{point}` and read the struct of its argument"


@on(n.Call)
def varying_printed(study: Study, node: n.Call) -> None:
    """`printf("%s", args.name)` of such a string, refused up to 0.23."""
    if (
        node.name not in FORMATTING
        or not study.older("0.24")
        or not node.args
        or not isinstance(node.args[0], n.String)
    ):
        return
    specs = specifiers(node.args[0].value, old=True)
    if len(specs) != len(node.args) - 1:
        return
    for spec, arg in zip(specs, node.args[1:], strict=True):
        field = _field_of(study, arg)
        if spec == "s" and field is not None and field.is_data_loc:
            message = f"`{field.name}` is the place of a string here, not the string"
            study.report(arg, "error", "format-type", message, f"write `str(args->{field.name})`")


def _field_of(study: Study, expr: n.Node) -> Field | None:
    if (
        not isinstance(expr, n.Member)
        or not isinstance(expr.target, n.Identifier)
        or expr.target.name != "args"
    ):
        return None
    for point in study.points:
        if study.host is not None and point.kind == "tracepoint":
            fields = study.host.fields(point.kind, target(point, study.host))
            return fields.get(expr.name) if fields else None
    return None


@on(n.Ternary)
def unequal_strings(study: Study, node: n.Ternary) -> None:
    """Two strings of different length behind `?`: 0.23's program is refused by the kernel."""
    if not (study.since("0.23") and study.older("0.24")):
        return
    one, two = node.then, node.other
    if isinstance(one, n.String) and isinstance(two, n.String) and len(one.value) != len(two.value):
        message = "with bpftrace 0.23 the kernel refuses `?` between strings of different length when the program is loaded"
        hint = f"pad the shorter one with spaces to {max(len(one.value), len(two.value))} bytes, or use if and else"
        study.report(node, "warning", "unequal-strings", message, hint)


@on(n.Member)
def bit_field(study: Study, node: n.Member) -> None:
    """Bit fields, which 0.17 does not read."""
    if not study.older("0.18") or study.host is None:
        return
    owner = study.type(node.target).rstrip("*").rstrip()
    if not owner.startswith(("struct ", "union ")):
        return
    struct = study.host.struct(owner)
    member = struct.members.get(node.name) if struct else None
    if member is not None and member.bits is not None:
        message = f"`{node.name}` is a bit field of {member.bits} bits, and bpftrace 0.17 may read 0 or its neighbours"
        study.report(
            (node.end - len(node.name), node.end),
            "warning",
            "bit-field",
            message,
            "read the whole byte and mask it",
        )


@on(n.Binary)
def preempted(study: Study, node: n.Binary) -> None:
    """`prev_state == 0` alone: a task that was preempted in the kernel has the next bit."""
    target, value = node.left, node.right
    if node.op not in ("==", "!=") or not isinstance(target, n.Member) or target.name != "prev_state":
        return
    if not isinstance(value, n.Integer) or value.value != 0 or study.probe is None:
        return
    named = any(
        isinstance(each, n.Integer) and each.value in (256, 0x100) for each in study.nodes[study.item]
    )
    if not named and any("sched_switch" in point.text for point in study.points):
        message = "a task that can still run has `prev_state` 0 or, preempted in the kernel, 256"
        study.report(
            node,
            "information",
            "preempted-state",
            message,
            "test both: `args->prev_state == 0 || args->prev_state == 256`",
        )


@on(n.Probe)
def rare(study: Study, probe: n.Probe) -> None:
    """System calls that programs hardly make any more, without those that they make instead."""
    names = {point.parts[-1] for point in probe.points if point.kind == "tracepoint" and point.parts}
    for point in probe.points:
        call = point.parts[-1].removeprefix("sys_enter_").removeprefix("sys_exit_") if point.parts else ""
        instead = RARE_SYSCALLS.get(call) if point.parts[:1] == ["syscalls"] else None
        start = point.parts[-1][: len(point.parts[-1]) - len(call)] if point.parts else ""
        if instead is None:
            continue
        every = {point.parts[-1] for each in study.program.probes for point in each.points if point.parts}
        if any(f"{start}{other}" in names | every for other in instead[0]):
            continue
        if any("*" in name for name in every):
            continue
        message = f"{instead[1]}: `{call}` alone misses most"
        study.report(point, "information", "rare-syscall", message, f"trace `{start}{instead[0][0]}` too")


RULES = (empty_string, varying_printed, unequal_strings, bit_field, preempted, rare)
CODES = (
    Code(
        "empty-string", "warning", "gpttrace", "a string that bpftrace 0.23 reads as empty",
        "Tracepoint fields of varying length come out as \"\" there, without any message; 0.17 and 0.24 read them.",
        'tracepoint:sched:sched_process_exec { printf("%s\\n", str(args->filename)); }',
        'tracepoint:syscalls:sys_enter_execve { printf("%s\\n", str(args->filename)); }',
    ),
    Code(
        "unequal-strings", "warning", "gpttrace", "strings of different length behind `?`",
        "bpftrace 0.23 compiles it, and the kernel refuses the program when it is loaded.",
        'BEGIN { print(pid == 1 ? "longer" : "short"); }',
        'BEGIN { if (pid == 1) { print("longer"); } else { print("short"); } }',
    ),
    Code(
        "bit-field", "warning", "gpttrace", "a bit field that bpftrace 0.17 does not read",
        "The first bit field of a struct reads as 0 there; later versions read it.",
        "BEGIN { print(((struct iphdr *)0)->ihl); }", "BEGIN { print(((struct iphdr *)0)->ttl); }",
    ),
    Code(
        "preempted-state", "information", "gpttrace", "`prev_state` tested for 0 only",
        "A task that was preempted in the kernel has another bit set, and it can run all the same.",
        "tracepoint:sched:sched_switch /args->prev_state == 0/ { @ = count(); }",
        "tracepoint:sched:sched_switch /args->prev_state == 0 || args->prev_state == 256/ { @ = count(); }",
    ),
    Code(
        "rare-syscall", "information", "gpttrace", "a system call that programs hardly make any more",
        "The C library uses a newer call for the same thing, so tracing only the old one shows next to nothing.",
        "tracepoint:syscalls:sys_enter_open { @[comm] = count(); }",
        "tracepoint:syscalls:sys_enter_open,\ntracepoint:syscalls:sys_enter_openat { @[comm] = count(); }",
    ),
)  # fmt: skip
