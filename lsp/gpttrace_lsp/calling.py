"""Commands: what a client sends with one, read with care; and what it can do that we would like to use.

A command's arguments come from our lenses and actions, but also from people's own key bindings: nothing of them is certain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t

from gpttrace_lsp.document import Document

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server


def document_of(server: Server, arguments: Sequence[Any]) -> Document | None:
    """Return the open document that a command's first argument names; a person is told when there is none."""
    uri = text_at(arguments, 0)
    document = server.documents.get(uri) if uri else None
    if document is None:
        tell(server, f"{uri or 'the document'} is not open here", t.MessageType.Warning)
    return document


def text_at(arguments: Sequence[Any], place: int) -> str:
    """Return a text argument, "" when there is none."""
    value = arguments[place] if len(arguments) > place else None
    return value if isinstance(value, str) else ""


def options_at(arguments: Sequence[Any], place: int) -> Mapping[str, Any]:
    """Return an object argument, an empty one when there is none."""
    value = arguments[place] if len(arguments) > place else None
    return value if isinstance(value, Mapping) else {}


def number_in(options: Mapping[str, Any], name: str, least: float, most: float) -> float | None:
    """Return a number of an object argument within bounds; None when it is missing or no such number."""
    value = options.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value if least <= value <= most else None


def offset_in(document: Document, options: Mapping[str, Any]) -> int:
    """Return the place that `{"line", "character"}` (from 0) means in a document."""
    line = number_in(options, "line", 0, 1 << 31) or 0
    character = number_in(options, "character", 0, 1 << 31) or 0
    return document.lines.offset(t.Position(int(line), int(character)))


def tell(server: Server, text: str, level: t.MessageType = t.MessageType.Info) -> None:
    """Show a sentence to the person at the editor."""
    server.window_show_message(t.ShowMessageParams(level, text))


def versioned(server: Server, uri: str, version: int, edits: Sequence[t.TextEdit]) -> t.WorkspaceEdit:
    """Return edits of one version of a document, in the form that the client takes."""
    workspace = server.client_capabilities.workspace
    can = workspace.workspace_edit if workspace is not None else None
    if can is None or not can.document_changes:
        return t.WorkspaceEdit(changes={uri: list(edits)})
    place = t.OptionalVersionedTextDocumentIdentifier(uri, version)
    return t.WorkspaceEdit(document_changes=[t.TextDocumentEdit(place, list(edits))])


def refresh_lenses(server: Server) -> None:
    """Have the client ask for lenses anew, where it can; nobody waits for its answer."""
    workspace = server.client_capabilities.workspace
    lenses = workspace.code_lens if workspace is not None else None
    if lenses is not None and lenses.refresh_support:
        server.workspace_code_lens_refresh(None)
