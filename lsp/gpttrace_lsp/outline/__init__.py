"""The outline of a script and of the workspace: symbols, folding, and what a growing selection takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types as t

from gpttrace_lsp.look import worked
from gpttrace_lsp.outline.folds import folds
from gpttrace_lsp.outline.selections import selection
from gpttrace_lsp.outline.symbols import flat, symbols
from gpttrace_lsp.outline.workspace import Workspace

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server


def register(server: Server) -> None:
    """Register symbols, folding and selections."""
    workspace = Workspace()

    @server.feature(t.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def outlined(
        params: t.DocumentSymbolParams,
    ) -> list[t.DocumentSymbol] | list[t.SymbolInformation] | None:
        uri = params.text_document.uri
        look = await server.look(uri)
        if look is None:
            return None
        found = await worked(len(look.text), lambda: symbols(look.tree, look.lines))
        document = server.client_capabilities.text_document
        can = document.document_symbol if document is not None else None
        nested = can is not None and can.hierarchical_document_symbol_support
        return found if nested else [_information(uri, each, within) for each, within in flat(found)]

    @server.feature(t.WORKSPACE_SYMBOL)
    async def searched(params: t.WorkspaceSymbolParams) -> list[t.SymbolInformation]:
        looks = {each.uri: await server.look_of(each) for each in server.documents}
        folders = list(server.workspace.folders)
        return await asyncio.to_thread(
            workspace.search, params.query, folders, looks, server.documents.encoding
        )

    @server.feature(t.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folded(params: t.FoldingRangeParams) -> list[t.FoldingRange] | None:
        look = await server.look(params.text_document.uri)
        if look is None:
            return None
        document = server.client_capabilities.text_document
        can = document.folding_range if document is not None else None
        whole_lines = bool(can and can.line_folding_only)
        found = await worked(len(look.text), lambda: folds(look, whole_lines=whole_lines))
        return found[: can.range_limit] if can is not None and can.range_limit else found

    @server.feature(t.TEXT_DOCUMENT_SELECTION_RANGE)
    async def selected(params: t.SelectionRangeParams) -> list[t.SelectionRange] | None:
        look = await server.look(params.text_document.uri)
        if look is None:
            return None
        return [selection(look, look.lines.offset(each)) for each in params.positions]


def _information(uri: str, symbol: t.DocumentSymbol, within: str | None) -> t.SymbolInformation:
    place = t.Location(uri, symbol.selection_range)
    return t.SymbolInformation(place, symbol.name, symbol.kind, container_name=within)


__all__ = ["Workspace", "folds", "register", "selection", "symbols"]
