"""Programs that run and show the wrong thing, or cost much: unguarded starts, keys that stay, floods of output."""

from __future__ import annotations

import re

from gpttrace.check.codes import Code
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import MapSymbol, Program, walk
from gpttrace.language import nodes as n
from gpttrace.language.reference import AGGREGATIONS

_CLOCKS = frozenset(["nsecs", "elapsed"])
_THREAD_KEYS = frozenset(["tid", "pid", "curtask", "arg0", "arg1", "arg2", "retval"])
_PRINTS = frozenset(["printf", "print", "cat", "join", "system"])
_HOT = re.compile(
    r"tracepoint:(?:sched:sched_(?:switch|wak\w*|stat\w*|\*)|raw_syscalls:\S*|syscalls:(?:sys_(?:enter_|exit_)?)?\*|kmem:\S*|irq:\S*|irq_vectors:\S*|"
    r"timer:\S*|exceptions:\S*|rcu:\S*|lock:\S*|tcp:tcp_probe|napi:\S*|\*:\S*)"
    r"|k(?:ret)?probe:(?:schedule|kmalloc|kfree|__kmalloc\S*|kmem_cache_\w+|vfs_\*|_raw_spin\S*|\*)"
    r"|u(?:ret)?probe:[^:]*:(?:malloc|free|calloc|realloc|pthread_mutex_\w+)|software:(?:page-faults|faults|context-switches|cs):1"
)
_OWN_CALLS = re.compile(
    r"tracepoint:(?:raw_syscalls:\S*|syscalls:sys_(?:enter|exit)_(?:write|writev|ppoll|poll|epoll_wait|epoll_pwait|\*))"
)
_FASTEST_PRINTING = 1000


@on(n.Probe)
def unguarded(study: Study, probe: n.Probe) -> None:
    """`nsecs - @start[tid]` where `@start[tid]` may be missing."""
    guards = _guards(study, probe)
    for node in study.nodes[study.item]:
        if not isinstance(node, n.Binary) or node.op != "-":
            continue
        name = _start(study, node.right)
        if name is None or name in guards or not _starts_elsewhere(study, name):
            continue
        message = f"`{name}[…]` is 0 for what began before the trace: this then gives the time since boot"
        study.report(
            node, "warning", "unguarded-map", message, f"add the predicate `/{name}[…]/`, with the same key"
        )
        guards.add(name)


def _start(study: Study, expr: n.Expr) -> str | None:
    if isinstance(expr, n.Map) and expr.keys is not None:
        return expr.name
    if isinstance(expr, n.Variable):
        for node in study.nodes[study.item]:
            if isinstance(node, n.Assign | n.Let) and node.target == expr and isinstance(node.value, n.Map):
                return node.value.name if node.value.keys is not None else None
    return None


def _guards(study: Study, probe: n.Probe) -> set[str]:
    # Every map that some condition of the probe looks at, itself or through a variable.
    looked = [probe.predicate] if probe.predicate is not None else []
    holds: dict[str, str] = {}
    for node in study.nodes[study.item]:
        if isinstance(node, n.If | n.Ternary | n.While):
            looked.append(node.cond)
        elif (
            isinstance(node, n.Assign | n.Let)
            and isinstance(node.target, n.Variable)
            and isinstance(node.value, n.Map)
        ):
            holds[node.target.name] = node.value.name
    found = set()
    for cond in looked:
        for node in walk(cond):
            if isinstance(node, n.Map):
                found.add(node.name)
            elif isinstance(node, n.Variable) and node.name in holds:
                found.add(holds[node.name])
    return found


def _starts_elsewhere(study: Study, name: str) -> bool:
    symbol = study.symbols.maps.get(name)
    written = [use for use in symbol.uses if use.how == "write"] if symbol else []
    if not written or any(use.item == study.item for use in written):
        return False
    for use in written:
        above = study.parents.get(id(use.node))
        if isinstance(above, n.Assign) and any(_is_clock(node) for node in walk(above.value)):
            return True
    return False


def _is_clock(node: n.Node) -> bool:
    return isinstance(node, n.Identifier | n.Call) and node.name in _CLOCKS


@on(Program)
def growing(study: Study, program: Program) -> None:
    """Maps with a key for each thread or address whose keys are never deleted."""
    for symbol in study.symbols.maps.values():
        write = _thread_write(study, symbol)
        if write is None or symbol.declared in ("lruhash", "percpulruhash"):
            continue
        if any(use.how in ("delete", "clear") for use in symbol.uses) or _handed_over(study, symbol):
            continue
        message = (
            f"the keys of `{symbol.name}` are never deleted: the map fills up, and new keys are then lost"
        )
        study.report(
            write,
            "warning",
            "growing-map",
            message,
            f"write `delete({symbol.name}[…]);` where the value was used",
        )


def _thread_write(study: Study, symbol: MapSymbol) -> n.Map | None:
    for use in symbol.uses:
        node = use.node
        above = study.parents.get(id(node))
        if (
            use.how != "write"
            or not isinstance(node, n.Map)
            or not node.keys
            or not isinstance(above, n.Assign)
        ):
            continue
        if isinstance(above.value, n.Call) and above.value.name in AGGREGATIONS:
            return None
        probe = study.program.items[use.item]
        timed = isinstance(probe, n.Probe) and all(point.kind in ("begin", "end") for point in probe.points)
        if not timed and any(
            isinstance(part, n.Identifier) and part.name in _THREAD_KEYS
            for key in node.keys
            for part in walk(key)
        ):
            return node
    return None


def _handed_over(study: Study, symbol: MapSymbol) -> bool:
    # A macro that is given the map may delete from it.
    calls = (study.parents.get(id(use.node)) for use in symbol.uses)
    return any(isinstance(call, n.Call) and call.name in study.macro_names for call in calls)


@on(n.Probe)
def flood(study: Study, probe: n.Probe) -> None:
    """Printing at every event of a probe that fires very often."""
    call = _plain_print(probe)
    if call is None or probe.predicate is not None:
        return
    for point in probe.points:
        text = f"{point.kind}:{':'.join(point.parts)}"
        if _HOT.fullmatch(text) or _fast(point):
            message = f"`{point.text}` can fire a hundred thousand times a second, and this prints each: most will be lost"
            hint = "count instead (`@[comm] = count();`), or add a predicate"
            study.report(call, "warning", "hot-print", message, hint)
            return
        if _OWN_CALLS.fullmatch(text):
            message = "printing makes system calls that this probe sees: bpftrace traces itself"
            study.report(
                call, "information", "traces-itself", message, 'add the predicate `/comm != "bpftrace"/`'
            )
            return


def _plain_print(probe: n.Probe) -> n.Call | None:
    for stmt in probe.body.body:
        if isinstance(stmt, n.If | n.Jump):
            return None  # what follows may be reached seldom
        if isinstance(stmt, n.ExprStmt) and isinstance(stmt.expr, n.Call):
            if stmt.expr.name == "exit":
                return None
            if stmt.expr.name in _PRINTS and not _exits(probe):
                return stmt.expr
    return None


def _exits(probe: n.Probe) -> bool:
    return any(isinstance(node, n.Call) and node.name == "exit" for node in walk(probe.body))


def _fast(point: n.AttachPoint) -> bool:
    if point.kind != "profile" or len(point.parts) != 2 or not point.parts[1].isdigit():
        return False
    each = int(point.parts[1])
    return (point.parts[0] == "hz" and each > _FASTEST_PRINTING) or (point.parts[0] == "us" and each < 1000)


@on(n.Binary)
def cut_off(study: Study, node: n.Binary) -> None:
    """`a / b * 100`: the division cuts off before the multiplication."""
    left = node.left.inner if isinstance(node.left, n.Paren) else node.left
    if (
        node.op != "*"
        or not isinstance(left, n.Binary)
        or left.op != "/"
        or not isinstance(node.right, n.Integer)
    ):
        return
    if isinstance(left.right, n.Integer) or not isinstance(
        left.left, n.Variable | n.Map | n.Member | n.Identifier
    ):
        return
    message = "numbers are whole: the division cuts off before the multiplication"
    study.report(node, "information", "cut-off", message, f"multiply first: `a * {node.right.text} / b`")


@on(n.Probe)
def empty(study: Study, probe: n.Probe) -> None:
    """A probe that does nothing."""
    if not probe.body.body and probe.points and probe.points[0].kind not in ("begin", "end"):
        message = "this probe does nothing when it fires"
        study.report(probe.points[0], "hint", "empty-probe", message, "count it: `{ @ = count(); }`")


RULES = (unguarded, growing, flood, cut_off, empty)
CODES = (
    Code(
        "unguarded-map", "warning", "gpttrace", "a start time that may be missing",
        "What began before the trace has no entry, which reads as 0; the difference is then the time since boot.",
        "kprobe:vfs_read { @start[tid] = nsecs; }\nkretprobe:vfs_read { @ = hist(nsecs - @start[tid]); delete(@start[tid]); }",
        "kprobe:vfs_read { @start[tid] = nsecs; }\n"
        "kretprobe:vfs_read /@start[tid]/ { @ = hist(nsecs - @start[tid]); delete(@start[tid]); }",
    ),
    Code(
        "growing-map", "warning", "gpttrace", "keys that are never deleted",
        "Each thread or address leaves a key behind; when the map is full (4096 keys), new ones are lost.",
        "tracepoint:sched:sched_wakeup { @at[args->pid, tid] = nsecs; }",
        "tracepoint:sched:sched_wakeup { @at[args->pid, tid] = nsecs; }\n"
        "tracepoint:sched:sched_switch { delete(@at[args->next_pid, tid]); }",
    ),
    Code(
        "hot-print", "warning", "gpttrace", "printing at every event of a very busy probe",
        "bpftrace's buffer holds a few thousand lines; what comes faster is lost, and the machine slows down.",
        'tracepoint:sched:sched_switch { printf("%s\\n", comm); }', "tracepoint:sched:sched_switch { @[comm] = count(); }",
    ),
    Code(
        "traces-itself", "information", "gpttrace", "a probe that sees bpftrace's own output",
        "Each printed line makes system calls, and those are traced again.",
        'tracepoint:syscalls:sys_enter_write { printf("%s\\n", comm); }',
        'tracepoint:syscalls:sys_enter_write /comm != "bpftrace"/ { printf("%s\\n", comm); }',
    ),
    Code(
        "cut-off", "information", "gpttrace", "a division that cuts off before a multiplication",
        "`1 / 3 * 100` is 0: there are only whole numbers.",
        "BEGIN { @a = 1; @b = 3; print(@a / @b * 100); }", "BEGIN { @a = 1; @b = 3; print(@a * 100 / @b); }",
    ),
    Code(
        "empty-probe", "hint", "gpttrace", "a probe that does nothing",
        "It is attached and fires, and nothing is to be seen.",
        "tracepoint:sched:sched_switch { }", "tracepoint:sched:sched_switch { @ = count(); }",
    ),
)  # fmt: skip
