"""Symbols: what the maps, variables and printing calls of a program are, read from its tree.

Types are those of types.py. A map's `value` is the aggregation (`count`, `hist` …) or the type assigned to it; its `keys`
are None when it is used without brackets. Every place is kept, in source order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gpttrace.language import nodes as n
from gpttrace.language.formats import FormatSpec, format_specs
from gpttrace.language.naming import Known, column_names, is_time, name_of, unit_of
from gpttrace.language.program import Program
from gpttrace.language.reference import AGGREGATIONS, BUILTINS, FORMATTING, FUNCTIONS, PRINTING
from gpttrace.language.tree import walk
from gpttrace.language.types import FieldType, MemberType, Scope, is_integer, type_of

How = Literal["read", "write", "delete", "clear", "zero", "print", "declare", "loop"]
_MAP_CALLS: dict[str, How] = {
    "delete": "delete", "clear": "clear", "zero": "zero", "print": "print", "has_key": "read", "find": "read", "len": "read",
}  # fmt: skip
_TELLING = frozenset([n.Assign, n.Let, n.Unary, n.For, n.Param, n.Map, n.Call])  # nodes that tell a type
_MARKING = frozenset([n.Assign, n.Let, n.Unary, n.For, n.Call])
_USED = frozenset([n.Map, n.Variable, n.Identifier, n.Call])
_PASSES = 4  # types flow through maps and variables: @a = $x, $y = @a, @b = $y


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a name is used; `item` is the index of the program's item."""

    start: int
    end: int
    how: How
    item: int
    node: n.Node = field(compare=False, repr=False)


@dataclass(slots=True)
class MapSymbol:
    """A map: `keys` are its key types (None without brackets), `value` its aggregation or type, `unit` of the values."""

    name: str
    keys: tuple[str, ...] | None = None
    key_names: tuple[str, ...] = ()
    value: str = "unknown"
    unit: str | None = None
    declared: str | None = None
    aggregation: n.Call | None = None
    uses: list[Use] = field(default_factory=list)

    def places(self, how: How) -> list[Use]:
        """Return the uses of one sort."""
        return [use for use in self.uses if use.how == how]


@dataclass(slots=True)
class VariableSymbol:
    """A `$name` within one item (probe, macro or subprogram)."""

    name: str
    item: int
    type: str = "unknown"
    loop: bool = False
    uses: list[Use] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Argument:
    """One printed argument: its expression, type, column name, unit, and its format spec if there is one."""

    expr: n.Expr | n.TypeName
    type: str
    name: str
    unit: str | None
    spec: FormatSpec | None


@dataclass(frozen=True, slots=True)
class PrintCall:
    """One call that prints. `format` is the value of a formatting call's first argument, not one of `args`."""

    function: str
    call: n.Call
    item: int
    format: bytes | None
    args: tuple[Argument, ...]
    map: str | None = None  # print(@map)


@dataclass(slots=True)
class Symbols:
    """All of it; `builtins`, `functions` and `macros` hold the nodes that use each name."""

    maps: dict[str, MapSymbol] = field(default_factory=dict)
    variables: dict[tuple[int, str], VariableSymbol] = field(default_factory=dict)
    prints: list[PrintCall] = field(default_factory=list)
    builtins: dict[str, list[n.Node]] = field(default_factory=dict)
    functions: dict[str, list[n.Call]] = field(default_factory=dict)
    macros: dict[str, list[n.Call]] = field(default_factory=dict)
    scopes: list[Scope] = field(default_factory=list)  # one for each item
    known: list[Known] = field(default_factory=list)  # units and clocks, one for each item
    nodes: list[list[n.Node]] = field(default_factory=list)  # all of each item, parents before children

    def type_of(self, expr: n.Node, item: int) -> str:
        """Return the type of an expression that stands in an item of the program."""
        return type_of(expr, self.scopes[item])


def symbols(
    program: Program, field_type: FieldType | None = None, member_type: MemberType | None = None
) -> Symbols:
    """Collect the symbols of a program. The callbacks give types of `args` fields and of struct members, or None."""
    found = Symbols()
    types: dict[str, str] = {}
    keys: dict[str, tuple[str, ...] | None] = {}
    for item in program.items:
        points = item.points if isinstance(item, n.Probe) else []
        found.scopes.append(Scope(points, {}, types, keys, field_type, member_type))
    nodes = found.nodes = [list(walk(item)) for item in program.items]
    macros = {macro.name for macro in program.macros}
    for index, item in enumerate(program.items):
        _uses(found, index, item, nodes[index], macros)
    telling = [[node for node in each if type(node) in _TELLING] for each in nodes]
    for _ in range(_PASSES):
        before = (dict(types), dict(keys), [dict(scope.variables) for scope in found.scopes])
        for scope, each in zip(found.scopes, telling, strict=True):
            for node in each:
                _learn(node, scope)
        if before == (types, keys, [scope.variables for scope in found.scopes]):
            break
    _settle(found, nodes)
    return found


# ------------------------------------------------------------------------------------------------- uses


def _uses(found: Symbols, index: int, item: n.Item, nodes: list[n.Node], macros: set[str]) -> None:
    how: dict[int, How] = {}
    for node in nodes:
        if type(node) in _MARKING:
            _mark(node, how)
    if isinstance(item, n.MapDecl):
        symbol = found.maps.setdefault(item.name, MapSymbol(item.name))
        symbol.declared = item.kind
        symbol.uses.append(Use(item.start, item.end, "declare", index, item))
    for node in nodes:
        if type(node) not in _USED:
            continue
        use = Use(node.start, node.end, how.get(id(node), "read"), index, node)
        match node:
            case n.Map(name=name):
                found.maps.setdefault(name, MapSymbol(name)).uses.append(use)
            case n.Variable(name=name):
                variable = found.variables.setdefault((index, name), VariableSymbol(name, index))
                variable.uses.append(use)
                variable.loop = variable.loop or use.how == "loop"
            case n.Identifier(name=name) if name in BUILTINS:
                found.builtins.setdefault(name, []).append(node)
            case n.Call(name=name):
                kind = found.macros if name in macros else found.functions
                if name in BUILTINS and name not in FUNCTIONS:
                    found.builtins.setdefault(name, []).append(node)
                else:
                    kind.setdefault(name, []).append(node)


def _mark(node: n.Node, how: dict[int, How]) -> None:
    match node:
        case n.Assign(target=target) | n.Let(target=target):
            how[id(target)] = "write"
        case n.Unary(op="++" | "--", operand=operand):
            how[id(operand)] = "write"
        case n.For(variable=variable, over=over):
            how[id(variable)] = "loop"
            how[id(over)] = "loop"
        case n.Call(name=name, args=[first, *_]) if name in _MAP_CALLS:
            how.setdefault(id(first), _MAP_CALLS[name])


# ------------------------------------------------------------------------------------------------ types


def _learn(node: n.Node, scope: Scope) -> None:
    match node:
        case n.Assign(target=n.Variable(name=name), value=value):
            _set(scope.variables, name, type_of(value, scope))
        case n.Let(target=n.Variable(name=name), type=kind, value=value):
            written = type_of(n.Cast(kind, n.Variable(name)), scope) if kind else "unknown"
            known = type_of(value, scope) if value is not None and written == "unknown" else written
            _set(scope.variables, name, known)
        case n.Assign(target=n.Map(name=name), value=value):
            _set(scope.maps, name, type_of(value, scope))
        case n.Unary(op="++" | "--", operand=n.Map(name=name)):
            _set(scope.maps, name, "int64")
        case n.Unary(op="++" | "--", operand=n.Variable(name=name)):
            _set(scope.variables, name, "int64")
        case n.For(variable=n.Variable(name=name), over=over):
            _set(scope.variables, name, _element(over, scope))
        case n.Param(name=name, type=kind):
            _set(scope.variables, name, type_of(n.Cast(kind, n.Variable(name)), scope))
    if isinstance(node, n.Map) and node.keys is not None:
        _learn_keys(node.name, node.keys, scope)
    elif isinstance(node, n.Call) and node.name in ("delete", "has_key", "find") and len(node.args) > 1:
        first, key = node.args[0], node.args[1]
        if isinstance(first, n.Map) and isinstance(key, n.Expr):
            _learn_keys(first.name, [key], scope)


def _set(known: dict[str, str], name: str, kind: str) -> None:
    if known.get(name, "unknown") == "unknown" and kind != "none":
        known[name] = kind


def _learn_keys(name: str, exprs: list[n.Expr], scope: Scope) -> None:
    # `@x[(a, b)]` and `@x[a, b]` are the same map; so is `@x[$t]` with a tuple.
    if len(exprs) == 1:
        only = exprs[0]
        while isinstance(only, n.Paren):
            only = only.inner
        exprs = only.items if isinstance(only, n.Tuple) else [only]
    kinds = [type_of(expr, scope) for expr in exprs]
    known = scope.keys.get(name)
    if known is None:
        scope.keys[name] = tuple(kinds)
    elif len(known) == len(kinds):
        scope.keys[name] = tuple(b if a == "unknown" else a for a, b in zip(known, kinds, strict=True))


def _element(over: n.Expr, scope: Scope) -> str:
    while isinstance(over, n.Paren):
        over = over.inner
    if not isinstance(over, n.Map):
        return "int64"
    keys = scope.keys.get(over.name) or ("unknown",)
    key = keys[0] if len(keys) == 1 else f"tuple({','.join(keys)})"
    return f"tuple({key},{scope.maps.get(over.name, 'unknown')})"


# ----------------------------------------------------------------------------------------------- result


def _settle(found: Symbols, nodes: list[list[n.Node]]) -> None:
    for (item, name), variable in found.variables.items():
        variable.type = found.scopes[item].variables.get(name, "unknown")
    known = found.known = _units(found, nodes)
    for index, each in enumerate(nodes):
        for node in each:
            if isinstance(node, n.Assign) and isinstance(node.target, n.Map):
                _describe(found.maps[node.target.name], node, known[index])
    for symbol in found.maps.values():
        scope = found.scopes[0] if found.scopes else Scope()
        symbol.value = scope.maps.get(symbol.name, "unknown")
        symbol.keys = scope.keys.get(symbol.name)
        symbol.key_names = _key_names(symbol)
    for index, each in enumerate(nodes):
        for node in each:
            if isinstance(node, n.Call) and node.name in PRINTING:
                found.prints.append(_print_call(node, index, found.scopes[index], known[index]))


def _units(found: Symbols, nodes: list[list[n.Node]]) -> list[Known]:
    # Maps are known everywhere, variables in their item; twice, for `@a = $x` that stands before `$x` is known.
    maps: dict[str, str] = {}
    clocks: set[str] = set()
    items = [Known({}, set(), set()) for _ in nodes]
    for variable in found.variables.values():
        if variable.loop:
            items[variable.item].loops.add(variable.name)
    assigned = [[node for node in each if isinstance(node, n.Assign | n.Let)] for each in nodes]
    for _ in range(2):
        for known, each in zip(items, assigned, strict=True):
            known.units |= maps
            known.clocks |= clocks
            for node in each:
                if isinstance(node, n.Assign | n.Let) and node.value is not None:
                    _learn_unit(node.target, node.value, known)
            maps |= {name: unit for name, unit in known.units.items() if name.startswith("@")}
            clocks |= {name for name in known.clocks if name.startswith("@")}
    return items


def _learn_unit(target: n.Expr, value: n.Expr, known: Known) -> None:
    if isinstance(value, n.Call) and value.name in AGGREGATIONS and value.args:
        value = value.args[0]  # type: ignore[assignment]  # an aggregation takes no type
    if not isinstance(target, n.Variable | n.Map):
        return
    if is_time(value, known):
        known.clocks.add(name_of(target))
    if unit := unit_of(value, known):
        known.units.setdefault(name_of(target), unit)


def _describe(symbol: MapSymbol, assign: n.Assign, known: Known) -> None:
    value = assign.value
    if isinstance(value, n.Call) and value.name in AGGREGATIONS:
        if symbol.aggregation is None:
            symbol.aggregation = value
        if value.args and value.name not in ("count",):
            symbol.unit = symbol.unit or unit_of(value.args[0], known)
    else:
        symbol.unit = symbol.unit or unit_of(value, known)


def _key_names(symbol: MapSymbol) -> tuple[str, ...]:
    best: list[str] = []
    for use in symbol.uses:
        node = use.node
        if isinstance(node, n.Map) and node.keys is not None and use.how != "delete":
            only = node.keys[0]
            exprs = only.items if len(node.keys) == 1 and isinstance(only, n.Tuple) else node.keys
            names = [_key_name(expr, at, len(exprs)) for at, expr in enumerate(exprs)]
            names = names if len(set(names)) == len(names) else column_names(exprs)
            if len(names) == len(symbol.keys or ()) and (not best or use.how == "write"):
                best = names
    return tuple(best) or tuple(f"key_{i + 1}" for i in range(len(symbol.keys or ())))


def _key_name(expr: n.Node, at: int, of: int) -> str:
    if isinstance(expr, n.String | n.Integer | n.Bool) or not (name := column_names([expr])[0]):
        return "key" if of == 1 else f"key_{at + 1}"
    return "key" if name == "value" else name


def _print_call(call: n.Call, item: int, scope: Scope, known: Known) -> PrintCall:
    args = list(call.args)
    template = None
    specs: list[FormatSpec] = []
    if call.name in FORMATTING and args and isinstance(args[0], n.String):
        template = args.pop(0).value  # type: ignore[union-attr]  # a String, just seen
        specs = format_specs(template)
    elif call.name in ("time", "strftime") and args and isinstance(args[0], n.String):
        template = args.pop(0).value  # type: ignore[union-attr]  # a String, just seen
    target = args[0] if args and call.name == "print" else None
    rows = []
    for at, (expr, name) in enumerate(zip(args, column_names(args, known), strict=True)):
        kind = type_of(expr, scope)
        rows.append(Argument(expr, kind, name, unit_of(expr, known), specs[at] if at < len(specs) else None))
    mapped = target.name if isinstance(target, n.Map) else None
    return PrintCall(call.name, call, item, template, tuple(rows), mapped)


__all__ = [
    "Argument",
    "MapSymbol",
    "PrintCall",
    "Scope",
    "Symbols",
    "Use",
    "VariableSymbol",
    "is_integer",
    "symbols",
    "type_of",
]
