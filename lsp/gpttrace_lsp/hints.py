"""Hints between the words: types of variables, units of what is printed or aggregated, how many hook points a pattern matches."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t

from gpttrace.host import Host
from gpttrace.language import nodes as n
from gpttrace.language.naming import unit_of
from gpttrace.language.reference import AGGREGATIONS
from gpttrace_lsp.hover.points import field_of, is_pattern, name_in
from gpttrace_lsp.hover.symbols import shown_type
from gpttrace_lsp.look import Look
from gpttrace_lsp.matches import hook_points

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

_LONGEST = 40
_MOST_NAMES = 30
_PLACED = frozenset(("count",))  # aggregations whose argument, if any, has no value of its own


def register(server: Server) -> None:
    """Register inlay hints, and have them asked for again when settings change."""

    @server.feature(t.TEXT_DOCUMENT_INLAY_HINT)
    async def hinted(params: t.InlayHintParams) -> list[t.InlayHint] | None:
        look = await server.look(params.text_document.uri)
        if look is None:
            return None
        first, last = look.lines.span(params.range)
        options = server.options
        found = [*types_told(look, first, last)] if options.inlayHints_types else []
        # The catalogue and the symbols of binaries are read from files.
        if options.inlayHints_units:
            wanted = list(measured(look, first, last))
            found += await asyncio.to_thread(units_told, look, wanted)
        if options.inlayHints_matches:
            found += await asyncio.to_thread(matches_told, look, first, last)
        return found

    @server.feature(t.INLAY_HINT_RESOLVE)
    async def resolved(hint: t.InlayHint) -> t.InlayHint:
        host = server.hosting.host
        if isinstance(hint.data, dict) and host is not None:
            hint.tooltip = await asyncio.to_thread(names_matched, host, hint.data)
        return hint

    def refresh() -> None:
        workspace = server.client_capabilities.workspace
        if (
            workspace is not None
            and workspace.inlay_hint is not None
            and workspace.inlay_hint.refresh_support
        ):
            server.workspace_inlay_hint_refresh(None)

    server.at_settings(refresh)


def types_told(look: Look, first: int, last: int) -> Iterator[t.InlayHint]:
    """Yield the type of each variable behind its first assignment; nothing where the type is written there."""
    for index in _items(look, first, last):
        variables = look.study.symbols.scopes[index].variables
        told: set[str] = set()
        for node in look.study.nodes[index]:
            target = _given(node)
            if target is None or target.name in told:
                continue
            told.add(target.name)
            kind = shown_type(variables.get(target.name, "unknown"))
            if "unknown" not in kind and not (isinstance(node, n.Let) and node.type is not None):
                short = kind if len(kind) <= _LONGEST else kind[: _LONGEST - 1] + "…"
                yield t.InlayHint(look.lines.position(target.end), f": {short}", t.InlayHintKind.Type)


def _given(node: n.Node) -> n.Variable | None:
    match node:
        case n.Assign(target=n.Variable() as target) | n.Let(target=target) | n.For(variable=target):
            return target if target.name else None
    return None


# ----------------------------------------------------------------------------------------------- units

Measured = tuple[n.Expr, str | None, list[n.AttachPoint]]


def measured(look: Look, first: int, last: int) -> Iterator[Measured]:
    """Yield (expression, unit, attach points) of what is printed or aggregated; None where only the host may know it."""
    symbols = look.study.symbols
    for call in symbols.prints:
        for argument in call.args if first <= call.call.end and call.call.start <= last else ():
            if isinstance(argument.expr, n.Expr):
                yield argument.expr, argument.unit, _points(look, call.item)
    for index in _items(look, first, last):
        for node in look.study.nodes[index]:
            if (
                isinstance(node, n.Call)
                and node.name in AGGREGATIONS
                and node.args
                and node.name not in _PLACED
            ):
                value = node.args[0]
                if isinstance(value, n.Expr):
                    yield value, unit_of(value, symbols.known[index]), _points(look, index)


def units_told(look: Look, wanted: list[Measured]) -> list[t.InlayHint]:
    """Return the unit behind each expression that does not tell it by its name."""
    found = []
    for expr, known, points in wanted:
        unit = known or _field_unit(look, expr, points)
        plain = isinstance(expr, n.Identifier)  # who writes `nsecs` knows
        if unit is not None and not plain and not _says(look.text[expr.start : expr.end], unit):
            found.append(t.InlayHint(look.lines.position(expr.end), unit, padding_left=True))
    return found


def _field_unit(look: Look, expr: n.Expr, points: list[n.AttachPoint]) -> str | None:
    from gpttrace.spec.shown import unit_at  # reads the catalogue, which most ranges do not need

    if (
        not isinstance(expr, n.Member)
        or not isinstance(expr.target, n.Identifier)
        or expr.target.name != "args"
    ):
        return None
    for point in points:
        found = field_of(point, expr.name, look.host)
        if found is not None:
            return unit_at(found[0], found[1].expression)
    return None


def _says(text: str, unit: str) -> bool:
    # `$us`, `duration_ms` and `args->bytes` need no hint.
    return re.search(rf"(?:^|[^A-Za-z0-9]){re.escape(unit)}(?:$|[^A-Za-z0-9])", text) is not None


# --------------------------------------------------------------------------------------------- matches


def matches_told(look: Look, first: int, last: int) -> list[t.InlayHint]:
    """Return how many hook points each pattern matches, where the host can tell."""
    host, found = look.host, []
    for index in _items(look, first, last):
        for point in _points(look, index):
            name = name_in(point)
            if host is None or not is_pattern(point) or not name:
                continue
            number = host.count(point.kind, name)
            if number or host.lists(point.kind):
                hint = t.InlayHint(look.lines.position(point.end), hook_points(number), padding_left=True)
                hint.data = {"kind": point.kind, "name": name}
                found.append(hint)
    return found


def names_matched(host: Host, data: Any) -> str:
    """Return the first names that a pattern matches, one a line."""
    kind, name = str(data.get("kind")), str(data.get("name"))
    names = host.match(kind, name, _MOST_NAMES + 1)
    return "\n".join([*names[:_MOST_NAMES], *(["…"] if len(names) > _MOST_NAMES else [])])


def _items(look: Look, first: int, last: int) -> Iterator[int]:
    for index, item in enumerate(look.tree.items):
        if item.end >= first and item.start <= last:
            yield index


def _points(look: Look, index: int) -> list[n.AttachPoint]:
    item = look.tree.items[index]
    return item.points if isinstance(item, n.Probe) else []
