"""Diagnostics in tiers: ours at once, meaning and bpftrace's compile check when typing pauses, the verifier when asked for.

Each version of a text has one task; a newer text cancels it, which kills the bpftrace that runs for it. At most two run at one
time. Findings of slower tiers stay where they were, moved with the text, until the next ones come.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t

from gpttrace.check.compiler import compile_findings, merge
from gpttrace.check.meant import meaning_step
from gpttrace.check.whole import tool_for, without_echo
from gpttrace.host import Host
from gpttrace.language import Finding
from gpttrace_lsp.document import Document
from gpttrace_lsp.look import Look
from gpttrace_lsp.said import diagnostics
from gpttrace_lsp.status import Status

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

log = logging.getLogger("gpttrace_lsp")
_AT_ONCE = 2  # bpftraces that compile at one time
_SLOW_LOOK = 0.03  # seconds; where a look takes longer, the next one waits for a pause in typing
_LONGEST_PAUSE = 1.0
_TIDY_EACH = 500  # changes, for whoever types without a pause
Progress = Callable[[int, int, str], None]


class Diagnosing:
    """What is being found out about open documents, and what was said of them."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.status = Status(server)
        self._tracers = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._changes = 0

    def changed(self, document: Document, *, saved: bool = False) -> None:
        """Begin anew with a document whose text, or whose host, is another now."""
        self._changes += 1
        if self._changes % _TIDY_EACH == 0:
            gc.collect()
        if document.task is not None:
            document.task.cancel()
        document.task = self._start(self._whole(document, saved=saved))

    def saved(self, document: Document) -> None:
        """Ask the tiers that wait for a save."""
        options = self.server.options
        if options.diagnostics_compile == "save" or options.diagnostics_verifier == "save":
            self.changed(document, saved=True)

    def closed(self, document: Document) -> None:
        """Stop, and take back what was said: nobody sees a closed document's faults mended."""
        if document.task is not None:
            document.task.cancel()
        if not self.server.pulled:
            self.server.text_document_publish_diagnostics(t.PublishDiagnosticsParams(document.uri, []))

    async def end(self) -> None:
        """Stop everything, and wait until it has stopped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def tell_status(self) -> None:
        """Tell the client with which bpftrace and rights scripts are checked."""
        self._start(self.status.tell())

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("what is found out about a document failed", exc_info=error)

    async def _whole(self, document: Document, *, saved: bool) -> None:
        if document.took > _SLOW_LOOK:
            await asyncio.sleep(min(2 * document.took, _LONGEST_PAUSE))
        look = await self.server.look_of(document)
        self.publish(document, look)
        if not look.tree.ok or not look.tree.probes:
            return  # bpftrace stops at the first syntax error, and the walk knows no half program
        options = self.server.options
        await asyncio.sleep(0 if saved else options.diagnostics_delay / 1000)
        gc.collect()  # nobody types just now
        await self._meaning(document, look)
        if options.diagnostics_compile == "typing" or (saved and options.diagnostics_compile == "save"):
            await self._compile(document, look)
        if saved and options.diagnostics_verifier == "save":
            await self.verify(document)

    async def _meaning(self, document: Document, look: Look) -> None:
        _, found = await asyncio.to_thread(meaning_step, look.tree, look.host, None, look.findings)
        document.keep("meaning", look.version, found)
        self.publish(document, look)

    async def _compile(self, document: Document, look: Look) -> None:
        host = self.server.hosting.host
        if host is None or look.denied:
            return
        tool = tool_for(host, self.server.hosting.settings)
        async with self._tracers:
            compiled = await compile_findings(
                look.tree,
                host,
                file=document.file,
                unsafe=self.server.hosting.policy.unsafe,
                tool=tool.path if tool else None,
                settings=self.server.hosting.settings,
            )
        self.status.compiled(compiled.ran, compiled.why)
        if compiled.ran != "none":
            found = without_echo(look.tree, look.findings, compiled.findings)
            document.keep("compile", look.version, found)
        self.publish(document, look)

    async def verify(
        self, document: Document, *, bisect: bool = False, progress: Progress | None = None
    ) -> str:
        """Load a document's program into the verifier, publish what it says, and return that in one sentence."""
        look = await self.server.look_of(document)
        host = self.server.hosting.host
        if (why := self._not_to_load(look, host)) is not None:
            return why
        assert host is not None
        from gpttrace.check.loader import load_findings  # most scripts are never loaded from an editor

        async with self._tracers:
            loaded = await load_findings(
                look.tree,
                host,
                file=document.file,
                bisect=bisect,
                progress=progress,
                settings=self.server.hosting.settings,
            )
        if loaded.ran == "none":
            return loaded.why or "it was not loaded"
        document.keep("verifier", look.version, loaded.findings)
        self.publish(document, look)
        refused = sum(each.state == "refused" for each in loaded.verdicts)
        number = len(loaded.verdicts)
        if refused:
            return f"the verifier refuses {refused} of {number} probes"
        return f"the verifier accepts {'the probe' if number == 1 else f'all {number} probes'}"

    def _not_to_load(self, look: Look, host: Host | None) -> str | None:
        if not self.server.may_run:
            return "this server was started without the right to load programs"
        if host is None or host.saved:
            return "a host file has no kernel to load into"
        if not look.tree.ok or look.denied:
            return "the errors come first: what does not compile, or is not allowed, is not loaded"
        return None

    # ------------------------------------------------------------------------------------ what is said

    def findings(self, document: Document, look: Look) -> list[Finding]:
        """Return what all tiers say of a look's version; `look` must be of the document's present text."""
        if not look.text.strip():
            return []  # nobody who has just made a file is told that there is no probe in it
        slow = {tier: list(each.findings) for tier, each in document.slow.items()}
        static = [*look.findings, *slow.get("meaning", [])]
        found = [*merge(static, slow.get("compile", [])), *slow.get("verifier", [])]
        return list(dict.fromkeys(found))

    def publish(self, document: Document, look: Look) -> None:
        """Tell the client, unless the text is a newer one already."""
        if look.version != document.version or self.server.documents.get(document.uri) is not document:
            return
        document.said += 1
        if self.server.pulled:
            self._start(self._refresh())
            return
        said = diagnostics(document.uri, look.lines, self.findings(document, look))
        self.server.text_document_publish_diagnostics(
            t.PublishDiagnosticsParams(document.uri, said, document.version)
        )

    async def _refresh(self) -> None:
        await self.server.workspace_diagnostic_refresh_async(None)
