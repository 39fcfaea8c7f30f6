"""Mutants: changes after which a program means something else. Each is a mistake that people and models make."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.mutation.change import all_changed, body_changes, each_change
from gpttrace.host import Host
from gpttrace.language import Program, parse, walk
from gpttrace.language import nodes as n
from gpttrace.language.attach import POINT, attach_point

Mutator = Callable[[str, Host], Iterator[str]]
_COMPARED = {
    ">": ("<", ">="),
    "<": (">", "<="),
    ">=": ("<", ">"),
    "<=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
}
_AGGREGATED = {
    "sum": ("avg", "max"),
    "avg": ("max", "sum"),
    "min": ("max",),
    "max": ("min", "sum"),
    "hist": ("sum", "avg"),
    "stats": ("max",),
}
_BUILTINS = {"pid": "uid", "comm": "cpu", "tid": "pid", "uid": "gid", "cpu": "pid", "nsecs": "elapsed", "cgroup": "uid",
             "ustack": "kstack", "kstack": "ustack"}  # fmt: skip


def _point(text: str) -> n.AttachPoint:
    match = POINT.fullmatch(text)
    assert match is not None
    return attach_point(match)


def other_hook(text: str, host: Host) -> Iterator[str]:
    """Another tracepoint of the same kind of thing: write for read, wakeup for switch."""

    def change(node: n.Node) -> bool:
        if not isinstance(node, n.AttachPoint) or node.kind not in ("tracepoint", "rawtracepoint"):
            return False
        other = _sibling(node, host)
        if other is None:
            return False
        node.text, node.parts = other, _point(other).parts
        return True

    yield from each_change(text, change)


def _sibling(node: n.AttachPoint, host: Host) -> str | None:
    category, name = (node.parts[0], node.parts[-1]) if len(node.parts) > 1 else ("", node.parts[-1])
    start = next((start for start in ("sys_enter_", "sys_exit_") if name.startswith(start)), "")
    names = [
        each.partition(":")[2]
        for each in host.tracepoint_names()
        if not category or each.startswith(f"{category}:")
    ]
    names = sorted(each for each in names if each.startswith(start) and each != name)
    if not names:
        return None
    found = names[sum(map(ord, name)) % len(names)]
    return f"{node.kind}:{category}:{found}" if category else f"{node.kind}:{found}"


def hook_lost(text: str, host: Host) -> Iterator[str]:
    """One attach point of several is missing, in every probe that lists it."""
    tree = parse(text)
    many = [point for probe in tree.probes if len(probe.points) > 1 for point in probe.points]
    for lost in dict.fromkeys(
        point.parts[-1].removeprefix("sys_enter_").removeprefix("sys_exit_") for point in many
    ):

        def change(node: n.Node, lost: str = lost) -> bool:
            if not isinstance(node, n.Probe) or len(node.points) < 2:
                return False
            kept = [
                p
                for p in node.points
                if p.parts[-1].removeprefix("sys_enter_").removeprefix("sys_exit_") != lost
            ]
            if len(kept) == len(node.points) or not kept:
                return False
            node.points = kept
            return True

        changed = all_changed(text, change)
        if changed is not None:
            yield changed
            return


def other_field(text: str, host: Host) -> Iterator[str]:
    """Another field of the same probe."""
    tree = parse(text)
    known: dict[str, list[str]] = {}
    for probe in tree.probes:
        for point in probe.points:
            fields = host.fields(point.kind, ":".join(point.parts)) if point.kind == "tracepoint" else None
            for each in fields or ():
                known.setdefault(each, []).extend(name for name in fields or () if name != each)

    def change(node: n.Node) -> bool:
        if not (
            isinstance(node, n.Member)
            and isinstance(node.target, n.Identifier)
            and node.target.name == "args"
        ):
            return False
        others = [name for name in known.get(node.name, ()) if not name.startswith(("common_", "__"))]
        if not others:
            return False
        node.name = others[0]
        return True

    yield from each_change(text, change)


def comparison(text: str, host: Host) -> Iterator[str]:
    """Another comparison: `>=` for `>`, `!=` for `==`."""
    for which in (0, 1):

        def change(node: n.Node, which: int = which) -> bool:
            if (
                not isinstance(node, n.Binary)
                or len(_COMPARED.get(node.op, ())) <= which
                or _is_presence(node)
            ):
                return False
            node.op = _COMPARED[node.op][which]
            return True

        yield from each_change(text, change)


def _is_presence(node: n.Binary) -> bool:
    # `@start[tid] != 0` and `> 0` are the same question.
    return isinstance(node.left, n.Map) and node.op in ("!=", ">")


def constant(text: str, host: Host) -> Iterator[str]:
    """A threshold in another unit (1000 times as much), or off by one."""
    for by in (lambda value: value * 1000 + (value == 0) * 5, lambda value: value + 1):

        def change(node: n.Node, by: Callable[[int], int] = by) -> bool:
            if (
                not isinstance(node, n.Binary)
                or node.op not in _COMPARED
                or not isinstance(node.right, n.Integer)
            ):
                return False
            if isinstance(node.left, n.Map | n.Call):
                return False
            node.right.value = by(node.right.value)
            node.right.text = str(node.right.value)
            return True

        yield from each_change(text, change)


def sign(text: str, host: Host) -> Iterator[str]:
    """A value with the wrong sign."""

    def change(node: n.Node) -> bool:
        if (
            isinstance(node, n.Assign)
            and isinstance(node.value, n.Call)
            and node.value.name in ("sum", "avg", "max", "min", "hist")
        ):
            inner = node.value.args[0]
            assert isinstance(inner, n.Expr)
            node.value.args[0] = n.Unary("-", n.Paren(inner))
            return True
        return False

    yield from each_change(text, change)


def string(text: str, host: Host) -> Iterator[str]:
    """Another name in a comparison."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Binary) and isinstance(node.right, n.String):
            node.right.value = node.right.value + b"d"
            node.right.text = node.right.text[:-1] + 'd"'
            return True
        return False

    yield from each_change(text, change)


def key_dropped(text: str, host: Host) -> Iterator[str]:
    """Rows are told apart by one thing less."""

    def change(node: n.Node) -> bool:
        if not isinstance(node, n.Assign) or not isinstance(node.target, n.Map) or not node.target.keys:
            return False
        if not isinstance(node.value, n.Call):
            return False
        node.target.keys = node.target.keys[1:] or None
        return True

    yield from each_change(text, change)


def key_added(text: str, host: Host) -> Iterator[str]:
    """Rows are told apart by one thing more."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Assign) and isinstance(node.target, n.Map) and isinstance(node.value, n.Call):
            node.target.keys = [*(node.target.keys or ()), n.Identifier("cpu")]
            return True
        return False

    yield from each_change(text, change)


def other_builtin(text: str, host: Host) -> Iterator[str]:
    """`tid` for `pid`, `elapsed` for `nsecs`, the other stack."""
    # Where a time only marks that an event has begun, any clock will do.
    timed = any(isinstance(node, n.Binary) and node.op == "-" for node in walk(parse(text)))

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Identifier) and node.name in _BUILTINS and (timed or node.name != "nsecs"):
            node.name = _BUILTINS[node.name]
            return True
        return False

    yield from each_change(text, change)


def aggregation(text: str, host: Host) -> Iterator[str]:
    """Another aggregation."""
    for which in (0, 1):

        def change(node: n.Node, which: int = which) -> bool:
            if (
                isinstance(node, n.Call)
                and len(_AGGREGATED.get(node.name, ())) > which
                and len(node.args) == 1
            ):
                node.name = _AGGREGATED[node.name][which]
                return True
            return False

        yield from each_change(text, change)


def guard_lost(text: str, host: Host) -> Iterator[str]:
    """The predicate is gone."""

    def change(tree: Program, probe: n.Probe) -> bool:
        if probe.predicate is None:
            return False
        probe.predicate = None
        return True

    yield from body_changes(text, change)


def part_lost(text: str, host: Host) -> Iterator[str]:
    """One condition of several is gone."""

    def change(node: n.Node) -> bool:
        if not isinstance(node, n.Probe | n.If):
            return False
        cond = node.predicate if isinstance(node, n.Probe) else node.cond
        if not isinstance(cond, n.Binary) or cond.op != "&&":
            return False
        if isinstance(node, n.Probe):
            node.predicate = cond.left
        else:
            node.cond = cond.left
        return True

    yield from each_change(text, change)


def or_for_and(text: str, host: Host) -> Iterator[str]:
    """`||` for `&&`."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Binary) and node.op == "&&":
            node.op = "||"
            return True
        return False

    yield from each_change(text, change)


def delete_lost(text: str, host: Host) -> Iterator[str]:
    """A key of a helper map is not removed."""

    def change(node: n.Node) -> bool:
        if not isinstance(node, n.Block):
            return False
        kept = [
            s
            for s in node.body
            if not (isinstance(s, n.ExprStmt) and isinstance(s.expr, n.Call) and s.expr.name == "delete")
        ]
        if len(kept) == len(node.body):
            return False
        node.body = kept
        return True

    yield from each_change(text, change)


def tie(text: str, host: Host) -> Iterator[str]:
    """Begin and end are tied by the process instead of the thread."""

    def change(node: n.Node) -> bool:
        hit = False
        if isinstance(node, n.Map) and node.keys and len(node.keys) == 1:
            key = node.keys[0]
            if (
                isinstance(key, n.Identifier)
                and key.name == "tid"
                and node.name.startswith(("@start", "@filename"))
            ):
                key.name = "pid"
                hit = True
        return hit

    changed = all_changed(text, change)
    if changed is not None:
        yield changed


def column_lost(text: str, host: Host) -> Iterator[str]:
    """A printed column is missing."""

    def change(node: n.Node) -> bool:
        if (
            isinstance(node, n.Call)
            and node.name == "printf"
            and len(node.args) > 2
            and isinstance(node.args[0], n.String)
        ):
            specs = node.args[0].text[1:-3].split(" ")
            node.args[0].text = '"' + " ".join(specs[:-1]) + '\\n"'
            node.args[0].value = node.args[0].text[1:-3].encode() + b"\n"
            del node.args[-1]
            return True
        return False

    yield from each_change(text, change)


def interval(text: str, host: Host) -> Iterator[str]:
    """Another interval, no interval, or one from which the counts go on."""

    def other(node: n.Node) -> bool:
        if isinstance(node, n.AttachPoint) and node.kind == "interval":
            node.parts = [node.parts[0], str(int(node.parts[-1]) * 2)]
            node.text = f"interval:{node.parts[0]}:{node.parts[1]}"
            return True
        return False

    yield from each_change(text, other)

    def not_cleared(node: n.Node) -> bool:
        if not isinstance(node, n.Probe) or node.points[0].kind != "interval":
            return False
        before = len(node.body.body)
        node.body.body = [
            s
            for s in node.body.body
            if not (isinstance(s, n.ExprStmt) and isinstance(s.expr, n.Call) and s.expr.name == "clear")
        ]
        return len(node.body.body) < before

    yield from each_change(text, not_cleared)


def top(text: str, host: Host) -> Iterator[str]:
    """Another number of rows."""

    def change(node: n.Node) -> bool:
        if (
            isinstance(node, n.Call)
            and node.name == "print"
            and len(node.args) == 2
            and isinstance(node.args[1], n.Integer)
        ):
            node.args[1] = n.Integer("3", 3) if node.args[1].value != 3 else n.Integer("30", 30)
            return True
        return False

    yield from each_change(text, change)


def subtraction(text: str, host: Host) -> Iterator[str]:
    """A time computed the wrong way round."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Binary) and node.op == "-":
            node.left, node.right = node.right, node.left
            return True
        return False

    yield from each_change(text, change)


MUTATORS: dict[str, Mutator] = {
    "another hook": other_hook, "a hook lost": hook_lost, "another field": other_field, "comparison": comparison,
    "constant or unit": constant, "sign": sign, "name": string, "key dropped": key_dropped, "key added": key_added,
    "another builtin": other_builtin, "aggregation": aggregation, "guard lost": guard_lost, "condition lost": part_lost,
    "or for and": or_for_and, "delete lost": delete_lost, "tied by process": tie, "column lost": column_lost,
    "interval": interval, "top": top, "wrong way round": subtraction,
}  # fmt: skip


def mutants(text: str, host: Host) -> Iterator[tuple[str, str]]:
    """Yield the kind of each mutant and its text; those that are equal to the program are left out."""
    seen = {text}
    for kind, mutator in MUTATORS.items():
        for changed in mutator(text, host):
            if changed not in seen:
                seen.add(changed)
                yield kind, changed
