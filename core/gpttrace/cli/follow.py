"""Showing a trace while it runs, and ending it when its reader wants that.

Printed events go to standard output as they come, as aligned rows or as bpftrace itself lays them out; on a terminal,
standard error shows one status line and the maps so far.
^C ends the trace and keeps everything, a second ^C ends it at once; a reader that went away (`| head -1`) ends it too.
"""

from __future__ import annotations

import gc
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import anyio

from gpttrace.cli.failures import say
from gpttrace.cli.live import LiveView
from gpttrace.cli.rows import RowPrinter, TextPrinter
from gpttrace.cli.text import printable
from gpttrace.errors import Unavailable
from gpttrace.trace import Batch, CommandOutput, Output, Problem, Progress, Rows, Run, Snapshot

LIVE_PERIOD = 1.0
READER_CHECK = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Follower:
    """Follows one run for the command line; `interrupted` and `reader_gone` say afterwards how it ended."""

    quiet: bool = False  # nothing on standard output while it runs (--json, -o)
    live: bool = False  # a terminal is watching standard error
    as_text: bool = False  # a user's own program: what it prints is shown as bpftrace prints it
    interrupted: bool = False
    reader_gone: bool = False  # standard output takes nothing more …
    trouble: OSError | None = None  # … for another reason than that nobody reads it
    shown: set[str] = field(default_factory=set)  # names of the tables that were shown to their end

    async def __call__(self, run: Run) -> None:
        """Show batches until the run has ended."""
        gc.enable()  # see cli.main
        printer = None if self.quiet or self.as_text else RowPrinter(sys.stdout.write)
        text = TextPrinter(sys.stdout.write) if self.as_text and not self.quiet else None
        view = LiveView() if self.live else None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._obey_signals, run)
                group.start_soon(self._watch_reader, run)
                if view is not None:
                    group.start_soon(_refresh, run, view)
                async for batch in run:
                    self._show(batch, printer, view)
                    if text is not None:
                        self._show_text(run, text, view)
                    if self.reader_gone:
                        await run.stop()
                if text is not None:
                    self._print(text.end, view)
                if printer is not None:
                    self.shown |= printer.shown
                group.cancel_scope.cancel()
        finally:
            if view is not None:
                view.close()

    def _show(self, batch: Batch, printer: RowPrinter | None, view: LiveView | None) -> None:
        for item in batch:
            if isinstance(item, Progress):
                if view is not None:
                    view.phase(item.phase, item.text)
                elif item.phase == "tracing":
                    say(f"gpttrace: {item.text}; ^C ends it and shows the result")
            elif isinstance(item, CommandOutput):
                self._print(partial(sys.stderr.write, item.text), view)
            elif isinstance(item, Problem):
                say(f"gpttrace: {item.finding.message}")
            elif printer is not None and isinstance(item, Rows | Output | Snapshot):
                self._print(partial(printer.show, item), view)

    def _show_text(self, run: Run, text: TextPrinter, view: LiveView | None) -> None:
        pieces = list(run.fresh_pieces(printable))
        if pieces:
            self._print(partial(text.show, pieces), view)
        self.shown |= text.maps

    def _print(self, write: Callable[[], object], view: LiveView | None) -> None:
        if self.reader_gone:
            return
        if view is not None:
            view.pause()
        try:
            write()
            sys.stdout.flush()
        except OSError as problem:
            self.reader_gone = True
            self.trouble = None if isinstance(problem, BrokenPipeError) else problem

    async def _obey_signals(self, run: Run) -> None:
        with anyio.open_signal_receiver(*STOP_SIGNALS) as signals:
            async for number in signals:
                if self.interrupted and number == signal.SIGINT:
                    await run.kill()
                else:
                    self.interrupted = True
                    await run.stop()

    async def _watch_reader(self, run: Run) -> None:
        # A program that only counts writes nothing until its end: without asking, its reader's leaving would go unseen.
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLERR)
        while True:
            await anyio.sleep(READER_CHECK)
            if any(events & select.POLLERR for _, events in poll.poll(0)):
                self.reader_gone = True
                await run.stop()
                return


async def _refresh(run: Run, view: LiveView) -> None:
    if not await run.ready():
        return
    began = time.monotonic()
    while run.phase == "tracing":
        await anyio.sleep(LIVE_PERIOD)
        try:
            tables = await run.snapshot() if view.wants_tables else []
        except Unavailable:
            tables, view.wants_tables = [], False
        view.update(time.monotonic() - began, run.rows, tables)
