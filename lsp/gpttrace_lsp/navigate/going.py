"""Where a name comes from, and all its places, as the protocol's locations.

Most is asked for by name, and then no types: so that a long text can be searched on a thread.
"""

from __future__ import annotations

from lsprotocol import types as t

from gpttrace.language import nodes as n
from gpttrace_lsp.look import Look
from gpttrace_lsp.navigate.names import Name, Place, c_places, member_place, places
from gpttrace_lsp.spots import Spot, spot_at


def definition(look: Look, uri: str, name: Name) -> list[t.Location]:
    """Return where a name is made known in the script; nothing for the language's own."""
    declared = [each for each in places(look, name) if each.how == "declare"]
    return [_location(look, uri, each) for each in declared[:1]]


def member_definition(look: Look, uri: str, offset: int) -> list[t.Location] | None:
    """Return where the member at a place is defined in one of the script's own structs; None where there is no such thing."""
    spot = spot_at(look, offset)
    span = _own_member(look, spot) if spot is not None else None
    return [t.Location(uri, look.lines.range(*span))] if span is not None else None


def type_definition(look: Look, uri: str, offset: int) -> list[t.Location]:
    """Return where the type of an expression is defined, when that is one of the script's own structs."""
    spot = spot_at(look, offset)
    if spot is None:
        return []
    kind = spot.text if spot.kind == "type" else look.type_at(spot.node, spot.item)
    words = kind.rstrip("* ").partition("[")[0].split()
    start = c_places(look).get(words[-1]) if words and words[0] in ("struct", "union", "enum") else None
    return [t.Location(uri, look.lines.range(start, start + len(words[-1])))] if start is not None else []


def references(look: Look, uri: str, name: Name, declaration: bool) -> list[t.Location]:
    """Return all places of a name; the one that declares it only when `declaration`."""
    return [_location(look, uri, each) for each in places(look, name) if declaration or each.how != "declare"]


def highlights(look: Look, name: Name) -> list[t.DocumentHighlight]:
    """Return all places of a name, those that write it marked as such."""
    kinds = t.DocumentHighlightKind
    plain = name.sort not in ("map", "variable")
    return [
        t.DocumentHighlight(
            look.lines.range(each.start, each.end),
            kinds.Text if plain else kinds.Read if each.how == "read" else kinds.Write,
        )
        for each in places(look, name)
    ]


def _location(look: Look, uri: str, place: Place) -> t.Location:
    return t.Location(uri, look.lines.range(place.start, place.end))


def _own_member(look: Look, spot: Spot) -> tuple[int, int] | None:
    if not isinstance(spot.node, n.Member) or spot.kind != "member":
        return None
    owner = look.type_at(spot.node.target, spot.item).rstrip("* ")
    return member_place(look, owner.split()[-1], spot.text) if owner in look.study.c.structs else None
