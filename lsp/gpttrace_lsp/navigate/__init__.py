"""Going about a script: to where a name comes from, to all its places, and giving it another name everywhere."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types as t
from pygls.uris import from_fs_path

from gpttrace_lsp.calling import versioned
from gpttrace_lsp.links import included, link_at
from gpttrace_lsp.look import worked
from gpttrace_lsp.navigate.going import definition, highlights, member_definition, references, type_definition
from gpttrace_lsp.navigate.names import name_at
from gpttrace_lsp.navigate.renaming import NotRenamed, new_texts, renamable, renamed_span

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

_START = t.Range(t.Position(0, 0), t.Position(0, 0))


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
        return await worked(len(look.text), lambda: definition(look, uri, name)) if name is not None else []

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
        return await worked(len(look.text), lambda: references(look, uri, name, declaration))

    @server.feature(t.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlighted(params: t.DocumentHighlightParams) -> list[t.DocumentHighlight] | None:
        look = await server.look(params.text_document.uri)
        name = name_at(look, look.lines.offset(params.position)) if look else None
        return await worked(len(look.text), lambda: highlights(look, name)) if look and name else None


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
        changes = await worked(len(look.text), lambda: new_texts(look, name, params.new_name))
        edits = [t.TextEdit(look.lines.range(start, end), text) for start, end, text in changes]
        return versioned(server, document.uri, look.version, edits)


__all__ = ["NotRenamed", "definition", "highlights", "new_texts", "references", "register", "renamed_span"]
