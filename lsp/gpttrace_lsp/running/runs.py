"""The runs of one server: one for each document, four at one time; each has a short id and is remembered after its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gpttrace.errors import GpttraceError
from gpttrace_lsp.calling import tell
from gpttrace_lsp.running.tracing import Tracing

if TYPE_CHECKING:
    from gpttrace.trace import Result, Table
    from gpttrace_lsp.document import Document
    from gpttrace_lsp.server import Server

MOST = 4
_KEPT, _RESULTS = 100, 4  # runs that are remembered, and how many of them with their tables in memory


class Runs:
    """What was started here, by id, oldest first."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.closing = False
        self._by_id: dict[str, Tracing] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0

    async def start(self, document: Document, seconds: float) -> str:
        """Begin to run a document's present text and return the run's id; a former run of the document is stopped first."""
        self._number += 1
        tracing = Tracing(self.server, document, f"r{self._number}", seconds)
        former = self.of(document.uri)
        busy = sum(each.running for each in self._by_id.values()) - (former is not None)
        self._by_id[tracing.id] = tracing
        if busy >= MOST:
            tracing.refuse = f"{MOST} scripts run already: stop one of them first"
        if self.closing:
            tracing.refuse = "the server is about to end"
        task = asyncio.ensure_future(tracing.whole(former if tracing.refuse is None else None))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._forget()
        return tracing.id

    async def stop(self, name: str) -> None:
        """Ask a run to stop, by its id or its document's URI, and return at once; the result comes as news."""
        found = self._by_id.get(name) or self.of(name)
        if found is not None:
            await found.stop()

    def of(self, uri: str) -> Tracing | None:
        """Return the run of a document that has not ended."""
        return next(
            (each for each in reversed(self._by_id.values()) if each.uri == uri and each.running), None
        )

    async def csv(self, name: str, table: str) -> str | None:
        """Return a table of a run, by its id here or in the run store; a person is told when there is none."""
        try:
            found = await self._table(name, table)
        except GpttraceError as error:
            tell(self.server, error.message)
            return None
        if found is None:
            tell(self.server, f"run {name} has no table {table}")
            return None
        return await asyncio.to_thread(found.to_csv)

    async def _table(self, name: str, table: str) -> Table | None:
        known = self._by_id.get(name) or next(
            (each for each in self._by_id.values() if each.run_id and each.run_id == name), None
        )
        if known is not None and known.running:
            return await known.table(table)
        result: Result | None = known.result if known is not None else None
        if result is None:
            run_id = (known.run_id if known is not None else name) or ""
            result = await asyncio.to_thread(_kept, self.server, run_id)
        assert result is not None
        return next((each for each in result.tables if each.name == table), None)

    async def end(self) -> None:
        """Stop all and wait until each has ended; the supervisors' own deadlines bound the wait."""
        self.closing = True
        for each in list(self._by_id.values()):
            if each.running:
                await each.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _forget(self) -> None:
        ended = [each for each in self._by_id.values() if not each.running]
        for each in ended[:-_RESULTS]:
            each.forget()
        for each in ended[: max(len(self._by_id) - _KEPT, 0)]:
            del self._by_id[each.id]


def _kept(server: Server, run_id: str) -> Result:
    from gpttrace.trace import load_run

    return load_run(run_id, server.hosting.settings)
