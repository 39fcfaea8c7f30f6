"""What keeps server and client in step: settings, saves, and diagnostics on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as t

from gpttrace_lsp.said import diagnostics

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

IDENTIFIER = "gpttrace"


def register(server: Server) -> None:
    """Register what follows a client's own doings."""

    @server.feature(t.INITIALIZED)
    async def initialized(params: t.InitializedParams) -> None:
        await server.read_settings()

    @server.feature(t.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: t.DidChangeConfigurationParams) -> None:
        await server.read_settings(params.settings)

    @server.feature(t.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: t.DidSaveTextDocumentParams) -> None:
        document = server.documents.get(params.text_document.uri)
        if document is not None:
            server.diagnosing.saved(document)

    @server.feature(t.SHUTDOWN)
    async def shut_down(params: None) -> None:
        await server.end()

    @server.feature(
        t.TEXT_DOCUMENT_DIAGNOSTIC,
        t.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=False, identifier=IDENTIFIER
        ),
    )
    async def pulled(params: t.DocumentDiagnosticParams) -> t.DocumentDiagnosticReport:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return t.RelatedFullDocumentDiagnosticReport(items=[])
        look = await server.look_of(document)
        number = f"{document.version}.{document.said}"
        if params.previous_result_id == number:
            return t.RelatedUnchangedDocumentDiagnosticReport(result_id=number)
        found = server.diagnosing.findings(document, look)
        return t.RelatedFullDocumentDiagnosticReport(
            items=diagnostics(document.uri, look.lines, found), result_id=number
        )
