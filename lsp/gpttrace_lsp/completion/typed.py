"""Types at a cursor: of the item up to there, with what the last look at the whole program knows of its maps and variables."""

from __future__ import annotations

from dataclasses import dataclass, field

from gpttrace.check.static.cnames import CNames
from gpttrace.check.static.ctype import field_types, member_types
from gpttrace.host import Host
from gpttrace.language import nodes as n
from gpttrace.language import symbols, type_of
from gpttrace.language.program import Program
from gpttrace.language.symbols import MapSymbol, Symbols, VariableSymbol
from gpttrace.language.tree import walk
from gpttrace.language.types import Scope
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.look import Look


@dataclass(slots=True)
class Typed:
    """What is known at a place: `points` of its probe, the program's `maps`, and the `variables` written before it."""

    host: Host | None
    points: list[n.AttachPoint] = field(default_factory=list)
    scope: Scope = field(default_factory=Scope)
    maps: dict[str, MapSymbol] = field(default_factory=dict)
    variables: dict[str, VariableSymbol] = field(default_factory=dict)
    macros: tuple[n.Macro | n.Subprogram, ...] = ()
    c: CNames = field(default_factory=CNames)

    def type(self, expr: n.Node) -> str:
        """Return the type of an expression before the cursor."""
        return type_of(expr, self.scope)


def typed_at(place: Place, look: Look | None, host: Host | None) -> Typed:
    """Find out what is known at a place; the look may be an older one, or none."""
    c = look.study.c if look else CNames()
    own = _symbols(place, host, c)
    known = look.study.symbols if look else Symbols()
    points = place.item.points if isinstance(place.item, n.Probe) else []
    scope = own.scopes[0] if own.scopes else Scope(points)
    old = known.scopes[0] if known.scopes else Scope()
    for name, kind in old.maps.items():
        if scope.maps.get(name, "unknown") == "unknown":
            scope.maps[name] = kind
    for name, keys in old.keys.items():
        scope.keys.setdefault(name, keys)
    variables = {
        each.name: each for each in own.variables.values() if not _only_here(each.uses[0].end, each, place)
    }
    _flow(variables, scope, known, place, look)
    maps = {name: each for name, each in known.maps.items() if not _typing(each, place)}
    for name, each in own.maps.items():
        maps.setdefault(name, each)
        if name != place.typed:
            continue
        if name not in known.maps or _typing(known.maps[name], place):
            maps.pop(name, None)
    program = look.tree if look else Program()
    return Typed(host, points, scope, maps, variables, (*program.macros, *program.subprograms), c)


def _symbols(place: Place, host: Host | None, c: CNames) -> Symbols:
    items = [place.item] if place.item is not None else []
    return symbols(Program(items=items), field_types(host), member_types(host, c))


def _only_here(end: int, each: VariableSymbol, place: Place) -> bool:
    # The name that is being written is no variable yet.
    return len(each.uses) == 1 and end == len(place.before) and place.typed == f"${each.name}"


def _typing(each: MapSymbol, place: Place) -> bool:
    return len(each.uses) == 1 and each.uses[0].start == place.start and place.typed.startswith("@")


def _flow(
    variables: dict[str, VariableSymbol], scope: Scope, known: Symbols, place: Place, look: Look | None
) -> None:
    """Give variables the types that come from maps, and those that only the whole program tells."""
    for name, each in variables.items():
        if scope.variables.get(name, "unknown") == "unknown" and place.item is not None:
            scope.variables[name] = _assigned(name, place.item, scope)
        if scope.variables[name] == "unknown" and look is not None:
            index = look.item_at(place.base + place.item.start + 1) if place.item else None
            if index is not None and (index, name) in known.variables:
                scope.variables[name] = known.variables[index, name].type
        each.type = scope.variables[name]


def _assigned(name: str, item: n.Item, scope: Scope) -> str:
    for node in walk(item):
        match node:
            case n.Assign(target=n.Variable(name=own), value=value) if own == name:
                return type_of(value, scope)
            case n.Let(target=n.Variable(name=own), value=n.Expr() as value) if own == name:
                return type_of(value, scope)
            case n.For(variable=n.Variable(name=own), over=n.Map(name=over)) if own == name:
                keys = scope.keys.get(over) or ("unknown",)
                key = keys[0] if len(keys) == 1 else f"tuple({','.join(keys)})"
                return f"tuple({key},{scope.maps.get(over, 'unknown')})"
    return "unknown"


def member_at_end(place: Place) -> n.Member | None:
    """Return the member whose name stands right before the cursor, or is missing there."""
    end = len(place.before)
    found = None
    for node in walk(place.item) if place.item is not None else ():
        if isinstance(node, n.Member) and node.end == end:
            found = node
    return found
