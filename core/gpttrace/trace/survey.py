"""How a program uses its maps: what decides how exactly each can be kept and dumped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import get_args

from gpttrace.language.nodes import (
    Assign,
    Call,
    Expr,
    ExprStmt,
    For,
    Macro,
    Map,
    MapDecl,
    Node,
    Probe,
    Subprogram,
    Tuple,
)
from gpttrace.language.program import Program
from gpttrace.language.tree import children, walk
from gpttrace.trace.fields import bare
from gpttrace.trace.plan import MapKind

AGGREGATIONS = frozenset(get_args(MapKind)) - {"values"}
_WHOLE = frozenset(("print", "clear", "zero", "delete"))


@dataclass(slots=True)
class MapUse:
    """The uses of one map. `odd` means that something is done with it that only bpftrace itself should do."""

    name: str
    kinds: set[MapKind] = field(default_factory=set)
    assigns: list[Assign] = field(default_factory=list)
    keys: list[Expr] | None = None
    nodes: list[Map] = field(default_factory=list)
    cleared: list[Call] = field(default_factory=list)
    printed: list[Call] = field(default_factory=list)
    read: bool = False
    deleted: bool = False
    zeroed: bool = False
    ended: bool = False
    odd: bool = False

    @property
    def kind(self) -> MapKind | None:
        """The one kind of values that the map holds; None when uses disagree or none says."""
        return next(iter(self.kinds)) if len(self.kinds) == 1 else None


def key_parts(keys: list[Expr]) -> list[Expr]:
    """Return the parts of a key: those of the one tuple that it is, or the key expressions themselves."""
    only = bare(keys[0]) if len(keys) == 1 else None
    return list(only.items) if isinstance(only, Tuple) else keys


def survey(program: Program) -> dict[str, MapUse]:
    """Return the uses of every map outside macros, by name in order of appearance."""
    uses: dict[str, MapUse] = {}
    macros = {item.name for item in program.items if isinstance(item, Macro)}
    for item in program.items:
        if isinstance(item, MapDecl):
            uses.setdefault(item.name, MapUse(item.name)).odd = True
        if isinstance(item, Probe | Subprogram):
            looped = {id(node) for loop in walk(item) if isinstance(loop, For) for node in walk(loop.body)}
            ends = isinstance(item, Probe) and any(point.kind == "end" for point in item.points)
            for parents, node in _with_parents(item):
                if isinstance(node, Map):
                    use = uses.setdefault(node.name, MapUse(node.name))
                    _note(use, node, parents, ends=ends, macros=macros)
                    use.odd = use.odd or (id(node) in looped and node.keys is None)
    return uses


def _with_parents(root: Node) -> Iterator[tuple[tuple[Node, ...], Node]]:
    stack: list[tuple[tuple[Node, ...], Node]] = [((), root)]
    while stack:
        parents, node = stack.pop()
        yield parents, node
        below = [((*parents[-2:], node), child) for child in children(node)]
        stack += reversed(below)


def _note(use: MapUse, node: Map, parents: tuple[Node, ...], *, ends: bool, macros: set[str]) -> None:
    use.nodes.append(node)
    if node.keys is not None and use.keys is None:
        use.keys = key_parts(node.keys)
    parent = parents[-1]
    if isinstance(parent, Assign) and parent.target is node:
        _note_assign(use, parent)
    elif isinstance(parent, Call) and parent.name in _WHOLE and parent.args and parent.args[0] is node:
        statement = len(parents) > 1 and isinstance(parents[-2], ExprStmt)
        _note_call(use, node, parent, ends=ends)
        use.odd = use.odd or not statement
    elif isinstance(parent, Call) and parent.name in macros:
        use.odd = True
    else:
        use.read = True


def _note_assign(use: MapUse, assign: Assign) -> None:
    value = bare(assign.value)
    if assign.op == "=" and isinstance(value, Call) and value.name in AGGREGATIONS:
        use.kinds.add(value.name)  # type: ignore[arg-type]  # AGGREGATIONS are MapKinds
        use.assigns.append(assign)
    else:
        use.kinds.add("values")
        use.read = use.read or assign.op != "="


def _note_call(use: MapUse, node: Map, call: Call, *, ends: bool) -> None:
    if call.name == "print" and node.keys is None:
        use.printed.append(call)
    elif call.name == "print":
        use.read = True
    elif call.name == "delete":
        use.deleted = True
        use.ended = use.ended or ends
    elif call.name == "zero":
        use.zeroed = True
        use.ended = use.ended or ends
    elif ends:
        use.ended = True
    else:
        use.cleared.append(call)
