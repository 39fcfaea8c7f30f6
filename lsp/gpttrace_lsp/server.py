"""The server: open documents, options, the machine, and which features there are. What features do is in their own modules."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, ClassVar, TypeVar, cast

from lsprotocol import types as t
from lsprotocol.converters import get_converter
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from gpttrace.settings import Settings
from gpttrace_lsp import features
from gpttrace_lsp.diagnose import Diagnosing
from gpttrace_lsp.document import Document, Documents
from gpttrace_lsp.hosting import Hosting
from gpttrace_lsp.look import Look, look_at
from gpttrace_lsp.options import SECTION, Options, read_options
from gpttrace_lsp.positions import Lines
from gpttrace_lsp.protocol import Protocol

log = logging.getLogger("gpttrace_lsp")
Part = TypeVar("Part")


class Server(LanguageServer):
    """One client's server. `panel`: the client shows runs and the status itself, so they are sent as notifications."""

    NAME: ClassVar[str] = "gpttrace"
    protocol: Protocol

    def __init__(self, settings: Settings, *, may_run: bool = True) -> None:
        super().__init__(
            self.NAME,
            version("gpttrace"),
            protocol_cls=Protocol,
            converter_factory=get_converter,
            max_workers=4,
        )
        self.documents = Documents()
        self.options = Options()
        self.hosting = Hosting(settings)
        self.diagnosing = Diagnosing(self)
        self.may_run = may_run
        self.panel = False
        self.pulled = False  # the client asks for diagnostics, and is told when to ask again
        self._parts: dict[Any, Any] = {}
        self._ends: list[Any] = []  # what else is to be ended with the server
        self._after_settings: list[Callable[[], None]] = []
        self._left = False

    # ------------------------------------------------------------------------------------- documents

    def opened(self, item: t.TextDocumentItem) -> None:
        """Take a document that the client opened, and look at it."""
        self.diagnosing.changed(self.documents.open(item))

    def changed(self, params: t.DidChangeTextDocumentParams) -> None:
        """Apply a client's changes; a document that was never opened is not ours to change."""
        document = self.documents.get(params.text_document.uri)
        if document is None:
            log.warning("a change of a document that is not open: %s", params.text_document.uri)
            return
        document.change(params.content_changes, params.text_document.version)
        self.diagnosing.changed(document)

    def closed(self, uri: str) -> None:
        """Forget a document and what was said of it."""
        document = self.documents.close(uri)
        if document is not None:
            self.diagnosing.closed(document)

    async def look(self, uri: str) -> Look | None:
        """Return the look at the present text of an open document; None when it is not open."""
        document = self.documents.get(uri)
        return await self.look_of(document) if document is not None else None

    async def look_of(self, document: Document) -> Look:
        """Return the look at a document's present text."""
        await self.hosting.ready(self.options)
        return await document.look(self._look_at)

    def _look_at(self, lines: Lines, version: int) -> Look:
        return look_at(lines, version, self.hosting.host, self.hosting.policy)

    # --------------------------------------------------------------------------------------- options

    def begun(self, params: t.InitializeParams, can: t.ServerCapabilities) -> None:
        """Take what a client said of itself when it began."""
        self.documents.encoding = can.position_encoding or t.PositionEncodingKind.Utf16
        given = params.initialization_options if isinstance(params.initialization_options, dict) else {}
        self.panel = given.get("panel") is True
        self.options, problems = read_options(given.get("settings", {}))
        self._tell(problems)
        client = params.capabilities
        asks = client.text_document is not None and client.text_document.diagnostic is not None
        told = client.workspace is not None and client.workspace.diagnostics is not None
        self.pulled = asks and told and bool(client.workspace.diagnostics.refresh_support)  # type: ignore[union-attr]
        if not self.pulled:
            can.diagnostic_provider = None  # else everything would be shown twice

    async def read_settings(self, pushed: Any = None) -> None:
        """Take the settings anew, asked of the client where it answers, else those that it pushed; then tell the status."""
        workspace = self.client_capabilities.workspace
        if workspace is not None and workspace.configuration:
            wanted = t.ConfigurationParams(items=[t.ConfigurationItem(section=SECTION)])
            found = await self.workspace_configuration_async(wanted)
            pushed = found[0] if found else None
        elif isinstance(pushed, dict):
            pushed = pushed.get(SECTION, pushed)
        if isinstance(pushed, dict):
            await self._take(pushed)
        self.diagnosing.tell_status()

    async def _take(self, settings: dict[str, Any]) -> None:
        self.options, problems = read_options(settings)
        self._tell(problems)
        if await self.hosting.choose(self.options):
            for document in self.documents:
                document.looked = None
                document.slow.clear()
        for document in self.documents:
            self.diagnosing.changed(document)
        for doing in self._after_settings:
            doing()

    def at_settings(self, doing: Callable[[], None]) -> None:
        """Have a function called whenever the settings were read anew."""
        self._after_settings.append(doing)

    def _tell(self, problems: list[str]) -> None:
        for problem in problems:
            self.window_show_message(t.ShowMessageParams(t.MessageType.Warning, f"gpttrace: {problem}"))

    def part(self, kind: Callable[[Server], Part]) -> Part:
        """Return this server's one object of a kind, such as its runs, which several features ask."""
        if kind not in self._parts:
            self._parts[kind] = kind(self)
        return cast("Part", self._parts[kind])

    # ------------------------------------------------------------------------------------ life's end

    def at_end(self, ending: Any) -> None:
        """Have an async function called when the server ends."""
        self._ends.append(ending)

    async def end(self) -> None:
        """End everything that was started; safe to call twice."""
        await self.diagnosing.end()
        for ending in self._ends:
            try:
                await ending()
            except Exception:
                log.exception("something did not end well")
        self._ends.clear()

    def leave(self, code: int) -> None:
        """End the process: `exit` was said, so nobody reads what we might still say."""
        if not self._left:
            self._left = True
            logging.shutdown()
            sys.stderr.flush()
            os._exit(code)  # a thread of the pool waits in a read of standard input that nothing ends

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what went wrong in a notification; a pop-up for each keystroke helps nobody."""
        if isinstance(error, JsonRpcException) and error.code == t.LSPErrorCodes.RequestFailed:
            return  # what a person wished cannot be done, and the answer says why
        log.error("%s: %s", getattr(source, "__name__", source), error)


def make_server(settings: Settings, *, may_run: bool = True) -> Server:
    """Return a server with all features; nothing is started or looked at before a client begins."""
    server = Server(settings, may_run=may_run)
    for module in features.MODULES:
        module.register(server)
    return server
