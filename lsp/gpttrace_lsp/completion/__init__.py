"""Completion: what may stand where the cursor is, best first, with exact ranges; documentation only for the one looked at."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from typing import TYPE_CHECKING

from lsprotocol import types as t

from gpttrace_lsp.completion.complete import TRIGGERS, Asked, answers, complete, needs_thread
from gpttrace_lsp.completion.place import Place, place_at
from gpttrace_lsp.completion.suggestions import Client, listed
from gpttrace_lsp.look import AT_ONCE, worked

if TYPE_CHECKING:
    from gpttrace_lsp.document import Document
    from gpttrace_lsp.look import Look
    from gpttrace_lsp.server import Server


def register(server: Server) -> None:
    """Register completion and the explanation of one item."""

    @server.feature(
        t.TEXT_DOCUMENT_COMPLETION,
        t.CompletionOptions(trigger_characters=list(TRIGGERS), resolve_provider=True),
    )
    async def completed(params: t.CompletionParams) -> t.CompletionList | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        trigger = params.context.trigger_character if params.context else None
        return await complete_in(server, document, params.position, trigger)

    @server.feature(t.COMPLETION_ITEM_RESOLVE)
    async def resolved(item: t.CompletionItem) -> t.CompletionItem:
        data = item.data
        if not isinstance(data, list) or not data or not all(isinstance(each, str) for each in data):
            return item
        from gpttrace_lsp.completion.explained import explain

        document = server.documents.get(data[0])
        look = document.looked if document else None
        told = await asyncio.to_thread(explain, data[1:], server.hosting.host, look)
        if told is not None and told.blocks:
            item.documentation = told.documentation(markdown=client_of(server).markdown)
        return item


async def complete_in(
    server: Server, document: Document, position: t.Position, trigger: str | None
) -> t.CompletionList | None:
    """Return the completions at a position of an open document; None where there is nothing to complete."""
    lines = document.lines
    offset = lines.offset(position)
    await server.hosting.ready(server.options)
    if len(lines.text) <= AT_ONCE:
        look: Look | None = await server.look_of(document)
    else:
        look = document.looked  # an older one tells enough, and a new one would take too long
    place = await place_in(document, offset)
    if not answers(place, trigger):
        return None
    options = server.options
    asked = Asked(
        server.hosting.host,
        server.hosting.settings,
        options.completion_limit,
        options.completion_snippets,
        options.completion_examples,
        document.folder,
    )
    client = client_of(server)

    def made() -> t.CompletionList:
        found = complete(place, look, asked)
        return listed(found, place, lines, client, asked.limit, document.uri)

    return await asyncio.to_thread(made) if needs_thread(place) else made()


async def place_in(document: Document, offset: int) -> Place:
    """Return what is being written at a place of a document's present text."""
    text, base = document.lines.text, begin_of(document, offset)
    return await worked(offset - base, lambda: place_at(text, offset, base))


def begin_of(document: Document, offset: int) -> int:
    """Return where the item begins that holds a place, if that is surely still so in the present text; else 0."""
    look, text = document.looked, document.lines.text
    if look is None:
        return 0
    same = offset if look.lines is document.lines else _same(look.text, text, offset)
    number = bisect_left(look.tree.items, same, key=lambda item: item.start)
    return look.tree.items[number - 1].start if number else 0


def _same(old: str, new: str, limit: int) -> int:
    """Return how many characters two texts begin with alike, at most `limit`."""
    low, high = 0, min(len(old), len(new), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def client_of(server: Server) -> Client:
    """Return what the client can take; our own VS Code extension has that editor's commands."""
    return Client.of(server.client_capabilities, commands=server.panel)
