"""Rewrites: changes after which a program means the same. What flags them is a nuisance."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.mutation.change import all_changed, body_changes
from gpttrace.language import Program, parse, to_text
from gpttrace.language import nodes as n

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_STEPPED = {">": (">=", 1), "<": ("<=", -1), ">=": (">", -1), "<=": ("<", 1)}


def renamed(text: str) -> Iterator[str]:
    """Variables and maps have other names."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Map):
            node.name = f"@m_{node.name.lstrip('@')}"
        elif isinstance(node, n.Variable):
            node.name = f"v_{node.name}"
        return isinstance(node, n.Map | n.Variable)

    yield from _whole(text, change)


def reordered(text: str) -> Iterator[str]:
    """The parts of a condition stand in another order."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Binary) and node.op in ("&&", "||"):
            node.left, node.right = node.right, node.left
            return True
        return False

    yield from _whole(text, change)


def predicate_inside(text: str) -> Iterator[str]:
    """A predicate is an `if` in the body."""
    yield from body_changes(text, _inside)


def _inside(tree: Program, probe: n.Probe) -> bool:
    if probe.predicate is None:
        return False
    cond, probe.predicate = probe.predicate, None
    probe.body = n.Block([n.If(cond, probe.body, None)])
    return True


def nested(text: str) -> Iterator[str]:
    """`if (a && b)` is `if (a) { if (b) … }`."""

    def change(tree: Program, probe: n.Probe) -> bool:
        if not isinstance(probe.predicate, n.Binary) or probe.predicate.op != "&&":
            return False
        both, probe.predicate = probe.predicate, None
        probe.body = n.Block([n.If(both.left, n.Block([n.If(both.right, probe.body, None)]), None)])
        return True

    yield from body_changes(text, change)

    def inner(node: n.Node) -> bool:
        if (
            isinstance(node, n.If)
            and isinstance(node.cond, n.Binary)
            and node.cond.op == "&&"
            and node.other is None
        ):
            both = node.cond
            node.cond, node.then = both.left, n.Block([n.If(both.right, node.then, None)])
            return True
        return False

    yield from _whole(text, inner)


def early_return(text: str) -> Iterator[str]:
    """A predicate is a return at the head of the body."""

    def change(tree: Program, probe: n.Probe) -> bool:
        if probe.predicate is None:
            return False
        cond, probe.predicate = probe.predicate, None
        leave = n.If(n.Unary("!", n.Paren(cond)), n.Block([n.Jump("return")]), None)
        probe.body.body = [leave, *probe.body.body]
        return True

    yield from body_changes(text, change)


def flipped(text: str) -> Iterator[str]:
    """`0 < x` for `x > 0`."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Binary) and node.op in _FLIPPED:
            node.left, node.right, node.op = node.right, node.left, _FLIPPED[node.op]
            return True
        return False

    yield from _whole(text, change)


def stepped(text: str) -> Iterator[str]:
    """`x >= 1` for `x > 0`."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Binary) and node.op in _STEPPED and isinstance(node.right, n.Integer):
            op, by = _STEPPED[node.op]
            value = node.right.value + by
            if value < 0:
                return False
            node.op, node.right = op, n.Integer(str(value), value)
            return True
        return False

    yield from _whole(text, change)


def negated(text: str) -> Iterator[str]:
    """`!(x <= 0)` for `x > 0`."""
    opposite = {">": "<=", "<": ">=", ">=": "<", "<=": ">"}

    def change(node: n.Node) -> bool:
        if not isinstance(node, n.If) or not isinstance(node.cond, n.Binary) or node.cond.op not in opposite:
            return False
        node.cond = n.Unary("!", n.Paren(n.Binary(opposite[node.cond.op], node.cond.left, node.cond.right)))
        return True

    yield from _whole(text, change)


def dotted(text: str) -> Iterator[str]:
    """`args.x` for `args->x`."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Member) and node.arrow and isinstance(node.target, n.Identifier):
            node.arrow = False
            return True
        return False

    yield from _whole(text, change)


def points_apart(text: str) -> Iterator[str]:
    """A list of attach points is several probes."""
    tree = parse(text)
    items: list[n.Item] = []
    for item in tree.items:
        if isinstance(item, n.Probe) and len(item.points) > 1:
            items += [n.Probe([point], item.predicate, item.body) for point in item.points]
        else:
            items.append(item)
    if len(items) > len(tree.items):
        tree.items = items
        yield _printed(tree)


def stepped_count(text: str) -> Iterator[str]:
    """`@x++` for `@x = count()`."""

    def change(node: n.Node) -> bool:
        hit = False
        for body in [node.body] if isinstance(node, n.Block) else []:
            for at, stmt in enumerate(body):
                if (
                    isinstance(stmt, n.Assign)
                    and isinstance(stmt.value, n.Call)
                    and stmt.value.name == "count"
                ):
                    body[at] = n.ExprStmt(n.Unary("++", stmt.target, postfix=True))
                    hit = True
        return hit

    yield from _whole(text, change)


def added_sum(text: str) -> Iterator[str]:
    """`@x += v` for `@x = sum(v)`."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Assign) and isinstance(node.value, n.Call) and node.value.name == "sum":
            inner = node.value.args[0]
            assert isinstance(inner, n.Expr)
            node.op, node.value = "+=", inner
            return True
        return False

    yield from _whole(text, change)


def present(text: str) -> Iterator[str]:
    """`/@start[tid] != 0/` for `/@start[tid]/`."""

    def change(node: n.Node) -> bool:
        if isinstance(node, n.Probe) and isinstance(node.predicate, n.Map):
            node.predicate = n.Binary("!=", node.predicate, n.Integer("0", 0))
            return True
        return False

    yield from _whole(text, change)


def two_argument_delete(text: str) -> Iterator[str]:
    """`delete(@x, k)` for `delete(@x[k])`."""

    def change(node: n.Node) -> bool:
        if not isinstance(node, n.Call) or node.name != "delete" or len(node.args) != 1:
            return False
        target = node.args[0]
        if not isinstance(target, n.Map) or not target.keys:
            return False
        key: n.Expr = target.keys[0] if len(target.keys) == 1 else n.Tuple(target.keys)
        node.args = [n.Map(target.name), key]
        return True

    yield from _whole(text, change)


def through_variable(text: str) -> Iterator[str]:
    """A value is put into a variable first."""

    def change(node: n.Node) -> bool:
        if not isinstance(node, n.Block):
            return False
        for at, stmt in enumerate(node.body):
            if isinstance(stmt, n.Assign) and isinstance(stmt.value, n.Call) and len(stmt.value.args) == 1:
                inner = stmt.value.args[0]
                if isinstance(inner, n.Variable) or not isinstance(inner, n.Expr):
                    continue
                stmt.value.args[0] = n.Variable("value_at_hand")
                node.body.insert(at, n.Assign(n.Variable("value_at_hand"), "=", inner))
                return True
        return False

    yield from _whole(text, change)


def filter_at_end(text: str) -> Iterator[str]:
    """A condition on the process is asked at the end of an event instead of at its begin."""
    tree = parse(text)
    probes = [probe for probe in tree.probes if probe.points[0].kind not in ("begin", "end", "interval")]
    if len(probes) != 2 or not isinstance(probes[0].predicate, n.Binary) or probes[1].predicate is None:
        return
    cond = probes[0].predicate
    if (
        cond.op != "=="
        or not isinstance(cond.left, n.Identifier)
        or cond.left.name not in ("comm", "pid", "tid", "uid")
    ):
        return
    probes[0].predicate = None
    body = probes[1].body.body
    deletes = [
        s
        for s in body
        if isinstance(s, n.ExprStmt) and isinstance(s.expr, n.Call) and s.expr.name == "delete"
    ]
    others = [s for s in body if s not in deletes]
    probes[1].body = n.Block([n.If(cond, n.Block(others), None), *deletes])
    yield _printed(tree)


def columns_reordered(text: str) -> Iterator[str]:
    """Printed columns stand in another order."""

    def change(node: n.Node) -> bool:
        if not isinstance(node, n.Call) or node.name != "printf" or len(node.args) < 3:
            return False
        first = node.args[0]
        if not isinstance(first, n.String):
            return False
        specs = first.text[1:-3].split(" ")
        if len(specs) != len(node.args) - 1:
            return False
        first.text = '"' + " ".join(reversed(specs)) + '\\n"'
        first.value = first.text[1:-3].encode() + b"\n"
        node.args[1:] = list(reversed(node.args[1:]))
        return True

    yield from _whole(text, change)


def time_units(text: str) -> Iterator[str]:
    """`1_000` for `1000`."""

    def change(node: n.Node) -> bool:
        if (
            isinstance(node, n.Integer)
            and node.value >= 1000
            and node.value % 1000 == 0
            and node.text.isdigit()
        ):
            node.text = f"{node.value // 1000}_000"
            return True
        return False

    yield from _whole(text, change)


REWRITES: dict[str, Callable[[str], Iterator[str]]] = {
    "names": renamed, "order of conditions": reordered, "predicate as if": predicate_inside, "&& as nested if": nested,
    "predicate as return": early_return, "sides of a comparison": flipped, "next number": stepped, "negation": negated,
    "args.x": dotted, "probes apart": points_apart, "++ for count()": stepped_count, "+= for sum()": added_sum,
    "!= 0": present, "delete(@x, k)": two_argument_delete, "a variable more": through_variable,
    "filter at the end": filter_at_end, "order of columns": columns_reordered, "spelling of numbers": time_units,
}  # fmt: skip


def rewrites(text: str) -> Iterator[tuple[str, str]]:
    """Yield the kind of each rewrite and its text."""
    seen = {text}
    for kind, rewrite in REWRITES.items():
        for changed in rewrite(text):
            if changed not in seen:
                seen.add(changed)
                yield kind, changed


def _whole(text: str, change: Callable[[n.Node], bool]) -> Iterator[str]:
    changed = all_changed(text, change)
    if changed is not None:
        yield changed


def _printed(tree: Program) -> str:
    tree.comments = []
    return to_text(tree)
