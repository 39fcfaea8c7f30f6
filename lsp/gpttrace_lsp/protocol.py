"""The protocol, with the texts kept by us: pygls' own workspace splits lines at characters that are no line ends here."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server


class Protocol(LanguageServerProtocol):
    """pygls' protocol; the documents are the server's."""

    _server: Server

    @lsp_method(t.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: t.DidOpenTextDocumentParams) -> Any:
        """Take a document."""
        self._server.opened(params.text_document)

    @lsp_method(t.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: t.DidChangeTextDocumentParams) -> Any:
        """Apply the changes to it, in order."""
        self._server.changed(params)

    @lsp_method(t.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: t.DidCloseTextDocumentParams) -> Any:
        """Forget it."""
        self._server.closed(params.text_document.uri)

    @lsp_method(t.INITIALIZE)
    def lsp_initialize(self, params: t.InitializeParams) -> Generator[Any, Any, t.InitializeResult]:
        """Answer with what the server can do for this client."""
        result: t.InitializeResult = yield from super().lsp_initialize(params)
        self._server.begun(params, result.capabilities)
        return result

    @lsp_method(t.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        """End the process, but only after everything that it started has ended."""
        ending = asyncio.ensure_future(self._server.end())
        ending.add_done_callback(lambda done: self._server.leave(0 if self._shutdown else 1))
        yield from ()
