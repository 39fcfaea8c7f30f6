"""What the script's own names are: maps, variables, macros, functions, members, C names and enumerators."""

from __future__ import annotations

from collections.abc import Iterable

from gpttrace.host import Host
from gpttrace.language import nodes as n
from gpttrace.language.symbols import MapSymbol, Use
from gpttrace.language.types import is_integer, tuple_parts
from gpttrace_lsp.hover.telling import Telling, quoted
from gpttrace_lsp.look import Look
from gpttrace_lsp.navigate.names import Name, c_places, places
from gpttrace_lsp.spots import Spot

_MOST_LINES = 8
_HOW = {
    "write": "written", "declare": "declared", "read": "read", "loop": "gone through", "print": "printed",
    "clear": "cleared", "zero": "set to zero", "delete": "keys deleted",
}  # fmt: skip
_MOST_MEMBERS = 16


def shown_type(kind: str) -> str:
    """Return a type as people write it: `(string, uint64)` for a tuple."""
    if kind.startswith("tuple("):
        return f"({', '.join(shown_type(part) for part in tuple_parts(kind))})"
    return kind


def map_hover(look: Look, name: Name) -> Telling:
    """Return a map's keys, value and unit, and where it is written and read."""
    symbol = look.study.symbols.maps.get(name.text)
    if name.item is not None or symbol is None:
        return Telling().code(name.text).say("a map that is given to this macro")
    return map_told(look, symbol)


def map_told(look: Look, symbol: MapSymbol) -> Telling:
    """Return the same for a map of the script's own."""
    told = Telling().code(map_text(symbol))
    if symbol.declared:
        told.say(f"declared as a {symbol.declared}")
    if symbol.unit:
        told.say(f"in {symbol.unit}")
    told.say(_where(look, symbol.uses))
    if symbol.places("write") and not symbol.places("print") and not symbol.places("clear"):
        told.say("printed when the trace ends")
    return told


def map_text(symbol: MapSymbol) -> str:
    """Return `@bytes[comm: string]: hist`."""
    keys = ""
    if symbol.keys is not None:
        named = zip(symbol.key_names, symbol.keys, strict=False)
        keys = f"[{', '.join(word if kind == 'unknown' else f'{word}: {shown_type(kind)}' for word, kind in named)}]"
    return f"{symbol.name}{keys}" + (f": {shown_type(symbol.value)}" if symbol.value != "unknown" else "")


def variable_hover(look: Look, name: Name) -> Telling:
    """Return a variable's type and unit, and where it gets its value."""
    assert name.item is not None
    kind = look.study.symbols.scopes[name.item].variables.get(name.text[1:], "unknown")
    told = Telling().code(name.text if kind == "unknown" else f"{name.text}: {shown_type(kind)}")
    unit = look.study.symbols.known[name.item].units.get(name.text)
    told.say(f"in {unit}" if unit else None)
    found = places(look, name)
    item = look.tree.items[name.item]
    if isinstance(item, n.Macro | n.Subprogram) and found and found[0].start < item.body.start:
        return told.say("a parameter of this " + ("macro" if isinstance(item, n.Macro) else "function"))
    wrote = [each.start for each in found if each.how != "read"]
    return told.say(f"assigned in {_lines(look, wrote)}" if wrote else "never assigned")


def _where(look: Look, uses: Iterable[Use]) -> str:
    by: dict[str, list[int]] = {}
    for use in uses:
        by.setdefault(_HOW[use.how], []).append(use.start)
    return "; ".join(f"{word} in {_lines(look, starts)}" for word, starts in by.items())


def _lines(look: Look, starts: Iterable[int]) -> str:
    numbers = sorted({look.lines.line_of(start) + 1 for start in starts})
    shown = ", ".join(str(each) for each in numbers[:_MOST_LINES])
    return f"line{'' if len(numbers) == 1 else 's'} {shown}" + (", …" if len(numbers) > _MOST_LINES else "")


def definition_hover(look: Look, name: Name) -> Telling | None:
    """Return the head of a macro or function of the script."""
    for item in look.tree.items:
        if isinstance(item, n.Macro | n.Subprogram) and item.name == name.text:
            head = look.text[item.start : item.body.start].rstrip()
            return (
                Telling()
                .code(head)
                .say(f"{name.sort} of this script, line {look.lines.line_of(item.start) + 1}")
            )
    return None


def c_hover(look: Look, word: str) -> Telling | None:
    """Return the definition of a C name of the script."""
    start = c_places(look).get(word)
    index = look.item_at(start) if start is not None else None
    if index is None:
        return None
    item = look.tree.items[index]
    lines = look.text[item.start : item.end].splitlines()
    shown = lines if len(lines) <= _MOST_MEMBERS else [*lines[:_MOST_MEMBERS], "…"]
    return Telling().code("\n".join(shown)).say(f"defined in line {look.lines.line_of(item.start) + 1}")


def constant_hover(look: Look, word: str) -> Telling | None:
    """Return the value of a word that the kernel's enums know."""
    value = look.host.constant(word) if look.host is not None else None
    return Telling().code(f"{word} = {value}").say("enumerator of the kernel") if value is not None else None


def member_hover(look: Look, spot: Spot) -> Telling | None:
    """Return the type and place of a struct's member, or the type of a tuple's element."""
    node = spot.node
    if not isinstance(node, n.Member):
        return None
    owner, kind = look.type_at(node.target, spot.item), look.type_at(node, spot.item)
    bare = owner.rstrip("* ")
    if bare in look.study.c.structs:
        found = (look.study.c.structs[bare] or {}).get(node.name)
        return (
            Telling().code(f"{found} {node.name}").say(f"member of {quoted(bare)}, defined in this script")
            if found
            else None
        )
    plain = owner == "unknown" or owner.startswith(("tuple(", "record(")) or is_integer(bare)
    told = None if plain else member_told(look.host, bare, node.name)
    if told is None and kind != "unknown":
        return Telling().code(f"{node.name}: {shown_type(kind)}")
    return told


def member_told(host: Host | None, owner: str, name: str) -> Telling | None:
    """Return the type and place of a member of a kernel struct."""
    struct = host.struct(owner) if host is not None else None
    member = struct.members.get(name) if struct is not None else None
    if member is None:
        return None
    told = Telling().code(f"{member.type} {member.name}")
    size = f"{member.bits} bits" if member.bits else f"{member.size} bytes"
    return told.say(f"member of {quoted(owner)}, {size} at offset {member.offset}")


def type_hover(look: Look, text: str) -> Telling | None:
    """Return the size and the first members of a struct that a type names."""
    bare = text.rstrip("* ").partition("[")[0].rstrip()
    own = c_hover(look, bare.split()[-1]) if bare in look.study.c.structs else None
    if own is not None:
        return own
    return struct_told(look.host, bare) if bare and not is_integer(bare) else None


def struct_told(host: Host | None, name: str) -> Telling | None:
    """Return the size and the first members of a kernel struct."""
    struct = host.struct(name) if host is not None else None
    if struct is None:
        return None
    rows = [[each.name, each.type, str(each.offset)] for each in struct.members.values()]
    told = Telling().code(f"{struct.kind} {struct.name}").say(f"{struct.size:,} bytes, {len(rows)} members")
    return told.table(("member", "type", "offset"), rows)


def measure_hover(look: Look, node: n.Node) -> Telling | None:
    """Return the number that `sizeof` or `offsetof` of a kernel struct is."""
    if not isinstance(node, n.SizeOf | n.OffsetOf) or not isinstance(node.of, n.TypeName):
        return None
    text = look.text[node.start : node.end]
    struct = look.host.struct(node.of.text) if look.host is not None and " " in node.of.text else None
    if struct is None or node.of.text.endswith(("*", "]")):
        return None
    if isinstance(node, n.SizeOf):
        return Telling().code(f"{text} = {struct.size:,}")
    member = struct.members.get(node.path[0]) if len(node.path) == 1 else None
    return Telling().code(f"{text} = {member.offset:,}") if member is not None else None
