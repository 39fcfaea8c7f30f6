"""`gpttrace.verify`: the program is loaded into the kernel's verifier on demand, with a bar and a way to end it.

What was said of a version of a text is kept for the lenses until the text is another.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gpttrace_lsp.calling import document_of, refresh_lenses, tell
from gpttrace_lsp.document import Document
from gpttrace_lsp.progress import bar

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

VERIFY = "gpttrace.verify"


@dataclass(frozen=True, slots=True)
class Said:
    """What the verifier said of one version of a document, in a sentence."""

    version: int
    sentence: str

    @property
    def accepts(self) -> bool:
        """Tell whether every probe was loaded."""
        return self.sentence.startswith("the verifier accepts")


class Verifying:
    """The verifications of one server, by document."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._said: dict[str, tuple[Document, Said]] = {}
        self._work: dict[str, asyncio.Task[str]] = {}

    async def verify(self, document: Document) -> str | None:
        """Ask about a document's present text; None when it was ended before there was an answer."""
        if (former := self._work.get(document.uri)) is not None:
            former.cancel()
        version = document.version
        task = self._work[document.uri] = asyncio.ensure_future(self._asked(document))
        try:
            sentence = await task
        except asyncio.CancelledError:
            task.cancel()  # the person, or the client, wants no answer any more
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            return None
        finally:
            if self._work.get(document.uri) is task:
                del self._work[document.uri]
        self._keep(document, Said(version, sentence))
        return sentence

    async def _asked(self, document: Document) -> str:
        task = asyncio.current_task()
        assert task is not None
        title = f"Verifying {document.uri.rpartition('/')[2]}"
        async with bar(self.server, title, task.cancel, percents=True) as shown:
            return await self.server.diagnosing.verify(
                document,
                bisect=True,
                progress=lambda done, most, what: shown.say(what, 100 * done / most if most else None),
            )

    def _keep(self, document: Document, said: Said) -> None:
        still = self.server.documents
        self._said = {uri: each for uri, each in self._said.items() if still.get(uri) is each[0]}
        self._said[document.uri] = (document, said)
        refresh_lenses(self.server)

    def said_of(self, document: Document) -> Said | None:
        """Return what was said of the present text; None when nobody asked about it."""
        known = self._said.get(document.uri)
        if known is None or known[0] is not document or known[1].version != document.version:
            return None
        return known[1]

    async def end(self) -> None:
        """End what is going on."""
        work = list(self._work.values())
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


def verdict_on(document: Document, said: Said, start: int, end: int) -> str | None:
    """Return in a few words what the verifier, which said this of the whole, said of the probe at a place."""
    slow = document.slow.get("verifier")
    found = [each for each in slow.findings if start <= each.start < end] if slow is not None else []
    refused = next((each for each in found if each.severity == "error"), None)
    if refused is not None:
        return f"verifier: {refused.message}"
    return "verifier: accepted" if said.accepts and not found else None


def register(server: Server) -> None:
    """Register the command, and that what is going on ends with the server."""
    verifying = server.part(Verifying)
    server.at_end(verifying.end)

    @server.command(VERIFY)
    async def verify(*arguments: Any) -> dict[str, str] | None:
        document = document_of(server, arguments)
        sentence = await verifying.verify(document) if document is not None else None
        if document is None or sentence is None:
            return None
        tell(server, f"{document.uri.rpartition('/')[2]}: {sentence}")
        return {"message": sentence}
