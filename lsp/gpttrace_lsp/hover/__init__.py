"""What stands at a place, in a few lines: the word alone is marked, and what it is comes from host, catalogue and script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from lsprotocol import types as t

from gpttrace.language import nodes as n
from gpttrace.language.reference import BUILTINS, FORMATTING
from gpttrace_lsp.hover import symbols, words
from gpttrace_lsp.hover.points import args_hover, field_hover, point_hover
from gpttrace_lsp.hover.telling import Telling
from gpttrace_lsp.look import Look
from gpttrace_lsp.navigate.names import name_of
from gpttrace_lsp.spots import Spot, spot_at

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

Later = Callable[[], Telling | None]


def register(server: Server) -> None:
    """Register hovers."""

    @server.feature(t.TEXT_DOCUMENT_HOVER)
    async def hovered(params: t.HoverParams) -> t.Hover | None:
        look = await server.look(params.text_document.uri)
        if look is None:
            return None
        found = looked_up(look, look.lines.offset(params.position))
        if found is None:
            return None
        told, start, end = found
        # What is asked of the catalogue and of binaries is slow the first time.
        telling = await asyncio.to_thread(told) if callable(told) else told
        return as_hover(look, (telling, start, end), markdown=_takes_markdown(server)) if telling else None


def as_hover(look: Look, found: tuple[Telling, int, int], *, markdown: bool) -> t.Hover:
    """Return what was found out in the protocol's form."""
    told, start, end = found
    return t.Hover(told.documentation(markdown=markdown), look.lines.range(start, end))


def hover(look: Look, offset: int) -> tuple[Telling, int, int] | None:
    """Return what is known of what stands at a place, and the word's start and end; None when there is nothing to say."""
    found = looked_up(look, offset)
    if found is None:
        return None
    told, start, end = found
    telling = told() if callable(told) else told
    return (telling, start, end) if telling is not None and telling.blocks else None


def looked_up(look: Look, offset: int) -> tuple[Telling | Later, int, int] | None:
    """Return the same, where what reads files is left to be called."""
    spot = spot_at(look, offset)
    if spot is None:
        return None
    if spot.kind == "string":
        return _conversion(look, spot, offset)
    told = _told(look, spot)
    return (told, spot.start, spot.end) if told is not None else None


def _told(look: Look, spot: Spot) -> Telling | Later | None:
    node = spot.node
    match spot.kind:
        case "point":
            return partial(point_hover, node, look.host) if isinstance(node, n.AttachPoint) else None
        case "number":
            return words.number_hover(node) if isinstance(node, n.Integer) else None
        case "positional":
            return words.positional_hover(node.number) if isinstance(node, n.Positional) else None
        case "config":
            return words.config_hover(spot.text, look.host)
        case "map-kind":
            return words.map_kind_hover(spot.text)
        case "type":
            return symbols.type_hover(look, spot.text)
        case "measure":
            return symbols.measure_hover(look, node)
        case "member" if _is_field(look, spot):
            return partial(field_hover, _points(look, spot.item), spot.text, look.host)
        case "member":
            return symbols.member_hover(look, spot)
    return _named(look, spot)


def _named(look: Look, spot: Spot) -> Telling | Later | None:
    name = name_of(look, spot)
    match name.sort if name is not None else "":
        case "map" if name is not None:
            return symbols.map_hover(look, name)
        case "variable" if name is not None:
            return symbols.variable_hover(look, name)
        case "macro" | "function" if name is not None:
            return symbols.definition_hover(look, name)
        case "c":
            return symbols.c_hover(look, spot.text)
        case "parameter":
            return Telling().code(spot.text).say("a parameter of this macro")
        case "own":
            return _own(look, spot)
    return None


def _own(look: Look, spot: Spot) -> Telling | Later | None:
    if spot.kind == "call" and (told := words.function_hover(spot.text, look.host)) is not None:
        return told
    if spot.text == "args":
        return partial(_args, look, _points(look, spot.item))
    if spot.text in BUILTINS:
        return words.builtin_hover(look, spot.text, look.type_at(spot.node, spot.item), spot.item)
    return words.function_hover(spot.text, look.host) or symbols.constant_hover(look, spot.text)


def _args(look: Look, points: list[n.AttachPoint]) -> Telling:
    told = words.builtin_hover(look, "args", "args", 0) or Telling()
    if points:
        told.blocks += args_hover(points[0], look.host).blocks
    return told


def _conversion(look: Look, spot: Spot, offset: int) -> tuple[Telling | Later, int, int] | None:
    call = spot.above
    if (
        not isinstance(call, n.Call)
        or call.name not in FORMATTING
        or not call.args
        or call.args[0] is not spot.node
    ):
        return None
    assert isinstance(spot.node, n.String)
    found = words.conversion_at(look, spot.node, offset)
    if found is None:
        return None
    number, spec, start, end = found
    return words.conversion_hover(look, call, number, spec, spot.item), start, end


def _is_field(look: Look, spot: Spot) -> bool:
    return isinstance(spot.node, n.Member) and look.type_at(spot.node.target, spot.item) == "args"


def _points(look: Look, item: int) -> list[n.AttachPoint]:
    probe = look.tree.items[item]
    return probe.points if isinstance(probe, n.Probe) else []


def _takes_markdown(server: Server) -> bool:
    document = server.client_capabilities.text_document
    can = document.hover if document is not None else None
    return can is not None and t.MarkupKind.Markdown in (can.content_format or ())


__all__ = ["as_hover", "hover", "register"]
