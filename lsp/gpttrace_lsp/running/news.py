"""News of a run: notifications for a client with a panel, a bar and then a document for another; lenses for both.

At most four a second, fewer while only the clock moves or while reading the rows of a flood takes long.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t

from gpttrace_lsp.calling import refresh_lenses, tell
from gpttrace_lsp.progress import Bar, bar
from gpttrace_lsp.running.tables import MOST_ROWS, table_json
from gpttrace_lsp.showing import show_markdown

if TYPE_CHECKING:
    from gpttrace.trace import Table
    from gpttrace_lsp.running.tracing import Tracing

NOTIFICATION = "gpttrace/run"
PERIOD = 0.25
_CLOCK = 1.0  # seconds between news that tell nothing but the time, and between two looks at the maps
_LARGE = 2_000  # keys: printing a larger map each second would disturb what is measured
_LONGEST = 1.5  # seconds without news
_SHARE = 4  # at most one part in so many of the time goes into reading rows


class News:
    """What the client was told of one run."""

    def __init__(self, tracing: Tracing) -> None:
        self.tracing = tracing
        self._told: tuple[Any, ...] = ()
        self._told_at = self._maps_at = self._lenses_at = 0.0

    async def keep_telling(self) -> None:
        """Tell of the run until cancelled."""
        loop = asyncio.get_running_loop()
        stop = self.tracing.stop
        if self.tracing.server.panel:
            await self._tell_on(Bar(self.tracing.server, None))
            return
        title = f"Running {self.tracing.uri.rpartition('/')[2]}"
        async with bar(self.tracing.server, title, lambda: loop.create_task(stop())) as shown:
            await self._tell_on(shown)

    async def _tell_on(self, shown: Bar) -> None:
        maps = asyncio.ensure_future(self._look_at_maps())
        try:
            while True:
                took = await self._tell(shown)
                await asyncio.sleep(min(max(PERIOD, _SHARE * took), _LONGEST))
        finally:
            maps.cancel()
            await asyncio.gather(maps, return_exceptions=True)

    async def _tell(self, shown: Bar) -> float:
        tracing, now = self.tracing, time.monotonic()
        counts = tracing.live.counts if tracing.live is not None else {}
        new = (tracing.state, tuple(counts.items()), self._maps_at)
        took = 0.0
        if new != self._told or now - self._told_at >= _CLOCK:
            took = await self._send(shown)
            self._told, self._told_at = new, now
        if now - self._lenses_at >= _CLOCK:
            self._lenses_at = now
            refresh_lenses(tracing.server)
        return took

    async def _look_at_maps(self) -> None:
        """Have the program's maps shown each second, where it has some and can give them; they come with its batches."""
        from gpttrace.errors import GpttraceError
        from gpttrace.language import parse, symbols

        tracing = self.tracing
        if not symbols(parse(tracing.program)).maps:
            return
        maps: list[Table] = []
        while all(len(each) < _LARGE for each in maps):
            run = tracing.run
            if run is not None and run.phase == "tracing":
                try:
                    maps = await run.snapshot()
                except GpttraceError:
                    return
                self._maps_at = time.monotonic()
            await asyncio.sleep(_CLOCK if self._maps_at else PERIOD)

    async def _send(self, shown: Bar) -> float:
        tracing = self.tracing
        if not tracing.server.panel:
            left = tracing.seconds_left
            clock = f", {left:.0f} s left" if left is not None else ""
            shown.say(f"{tracing.state}, {tracing.rows:,} rows{clock}")
            return 0.0
        async with tracing.reading:
            began = time.monotonic()
            tables = await asyncio.to_thread(self._tables_so_far)
        took = time.monotonic() - began
        tracing.server.protocol.notify(NOTIFICATION, as_json(tracing, tables))
        return took

    def _tables_so_far(self) -> list[dict[str, Any]]:
        live = self.tracing.live
        if live is None:
            return []
        tables = []
        for name, count in live.counts.items():
            if name in live.maps:
                tables.append(table_json(live.maps[name]))
                continue
            first = max(count - MOST_ROWS, 0)
            newest = live.events(name, first, MOST_ROWS)
            if newest is not None:
                tables.append(table_json(newest, first=first, total=count))
        return tables

    async def last(self) -> None:
        """Tell how the run ended, with its tables."""
        from gpttrace_lsp.running.words import result_markdown

        tracing = self.tracing
        server, result, problem = tracing.server, tracing.result, tracing.problem
        if server.panel:
            shown = await asyncio.to_thread(_whole, result.tables if result is not None else ())
            server.protocol.notify(NOTIFICATION, as_json(tracing, shown))
        elif problem is not None or result is None:
            said = tracing.message or "it was not run"
            hint = f" ({problem.hint})" if problem is not None and problem.hint else ""
            tell(server, said + hint, t.MessageType.Error if problem is not None else t.MessageType.Info)
        else:
            name = tracing.uri.rpartition("/")[2].removesuffix(".bt")
            await show_markdown(server, f"result-{name}", await asyncio.to_thread(result_markdown, result))
        refresh_lenses(server)


def _whole(tables: tuple[Table, ...]) -> list[dict[str, Any]]:
    return [table_json(each) for each in tables]


def as_json(tracing: Tracing, tables: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the news of a run as `gpttrace/run` sends them."""
    result, problem, live = tracing.result, tracing.problem, tracing.live
    warnings = [each.message for each in live.problems] if live is not None else []
    if result is not None:
        warnings = [*result.warnings, *(each.message for each in result.findings)]
    return {
        "id": tracing.id,
        "uri": tracing.uri,
        "state": tracing.state,
        "secondsLeft": tracing.seconds_left,
        "seconds": tracing.seconds,
        "rows": tracing.rows,
        "lost": result.lost if result is not None else (live.lost if live is not None else 0),
        "probes": tracing.run.probes if tracing.run is not None else 0,
        "tables": tables,
        "message": tracing.message,
        "hint": problem.hint if problem is not None else None,
        "runId": tracing.run_id,
        "explanation": result.explanation if result is not None else None,
        "warnings": warnings[:50],
    }
