"""Going about a script: to where a name comes from, to all its places, and giving it another name everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from lsprotocol import types as t
from pygls.uris import from_fs_path

from gpttrace_lsp.links import included, link_at
from gpttrace_lsp.look import Look
from gpttrace_lsp.navigate.going import definition, highlights, member_definition, references, type_definition
from gpttrace_lsp.navigate.names import name_at
from gpttrace_lsp.navigate.renaming import NotRenamed, new_texts, renamable, renamed_span

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

_LARGE = 20_000  # characters; a longer text is searched on a thread
_START = t.Range(t.Position(0, 0), t.Position(0, 0))
Answer = TypeVar("Answer")


def register(server: Server) -> None:
    """Register definition, references, highlights and rename."""
    _register_going(server)
    _register_renaming(server)


def _register_going(server: Server) -> None:
    @server.feature(t.TEXT_DOCUMENT_DEFINITION)
    async def defined(params: t.DefinitionParams) -> list[t.Location] | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        look = await server.look_of(document)
        offset, uri = look.lines.offset(params.position), document.uri
        if (link := link_at(look, offset)) is not None:
            # It is looked for in the folders of the kernel's headers, which may be far away.
            path = await asyncio.to_thread(included, link, document.file)
            return [t.Location(str(from_fs_path(str(path))), _START)] if path is not None else []
        if (member := member_definition(look, uri, offset)) is not None:
            return member
        name = name_at(look, offset)
        return await _searched(look, lambda: definition(look, uri, name)) if name is not None else []

    @server.feature(t.TEXT_DOCUMENT_TYPE_DEFINITION)
    async def type_defined(params: t.TypeDefinitionParams) -> list[t.Location] | None:
        uri = params.text_document.uri
        look = await server.look(uri)
        return type_definition(look, uri, look.lines.offset(params.position)) if look else None

    @server.feature(t.TEXT_DOCUMENT_REFERENCES)
    async def referred(params: t.ReferenceParams) -> list[t.Location] | None:
        uri = params.text_document.uri
        look = await server.look(uri)
        name = name_at(look, look.lines.offset(params.position)) if look else None
        if look is None or name is None:
            return None
        declaration = params.context.include_declaration
        return await _searched(look, lambda: references(look, uri, name, declaration))

    @server.feature(t.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlighted(params: t.DocumentHighlightParams) -> list[t.DocumentHighlight] | None:
        look = await server.look(params.text_document.uri)
        name = name_at(look, look.lines.offset(params.position)) if look else None
        return await _searched(look, lambda: highlights(look, name)) if look and name else None


def _register_renaming(server: Server) -> None:
    @server.feature(t.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepared(params: t.PrepareRenameParams) -> t.PrepareRenameResult | None:
        look = await server.look(params.text_document.uri)
        if look is None:
            return None
        start, end = renamed_span(look, look.lines.offset(params.position))
        return t.PrepareRenamePlaceholder(look.lines.range(start, end), look.text[start:end])

    @server.feature(t.TEXT_DOCUMENT_RENAME)
    async def rename(params: t.RenameParams) -> t.WorkspaceEdit | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        look = await server.look_of(document)
        name = renamable(look, look.lines.offset(params.position))
        changes = await _searched(look, lambda: new_texts(look, name, params.new_name))
        edits = [t.TextEdit(look.lines.range(start, end), text) for start, end, text in changes]
        return _edit(server, document.uri, look.version, edits)


async def _searched(look: Look, search: Callable[[], Answer]) -> Answer:
    return search() if len(look.text) <= _LARGE else await asyncio.to_thread(search)


def _edit(server: Server, uri: str, version: int, edits: list[t.TextEdit]) -> t.WorkspaceEdit:
    workspace = server.client_capabilities.workspace
    can = workspace.workspace_edit if workspace is not None else None
    if can is None or not can.document_changes:
        return t.WorkspaceEdit(changes={uri: edits})
    where = t.OptionalVersionedTextDocumentIdentifier(uri, version)
    return t.WorkspaceEdit(document_changes=[t.TextDocumentEdit(where, edits)])


__all__ = ["NotRenamed", "definition", "highlights", "new_texts", "references", "register", "renamed_span"]
