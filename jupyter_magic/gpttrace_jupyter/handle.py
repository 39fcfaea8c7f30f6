"""Handle: one trace that goes on behind the notebook, to look at, to stop, and to have the result of.

Made and used in the notebook's thread; the trace itself lives on the event loop that `begin` names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gpttrace.errors import GpttraceError, Unavailable, UsageError
from gpttrace.session import Answer
from gpttrace.trace.run import started_runs
from gpttrace_jupyter.follow import Follower
from gpttrace_jupyter.frames import Frames, frame_of, frames_of, main_of, table_frame
from gpttrace_jupyter.markup import Shown, line, program
from gpttrace_jupyter.summary import ending

if TYPE_CHECKING:
    import pandas
    from anyio.from_thread import BlockingPortal

    from gpttrace.trace import Result, Table


class Handle:
    """One trace of the background: `.status`, `.frame`, `.frames`, `.snapshot()`, `.stop()`, `.result`."""

    def __init__(self, answer: Answer, follower: Follower, *, raw: bool, cell: tuple[str, str]) -> None:
        self.question, self.program = answer.question, answer.program or ""
        self.cell, self.turn = cell
        self._follower, self._raw = follower, raw
        self._future: Future[Answer] | None = None
        self._portal: BlockingPortal | None = None

    # --- what it is

    @property
    def running(self) -> bool:
        """Tell whether it has not ended yet."""
        return self._future is not None and not self._future.done()

    @property
    def run_id(self) -> str | None:
        """The id under which the run store keeps it; None before it has begun."""
        return self._follower.run.run_id if self._follower.run is not None else None

    @property
    def status(self) -> str:
        """`starting`, `tracing`, `detaching`; then how it ended, as in a result."""
        if self.running:
            return self._follower.phase
        try:
            return self._answer().result.status  # type: ignore[union-attr]  # a run that ended has one
        except GpttraceError:
            return "failed"

    @property
    def result(self) -> Result:
        """What it left; waits for the end."""
        result = self._answer().result
        assert result is not None
        return result

    @property
    def frame(self) -> pandas.DataFrame:
        """The table that answers: of what there is so far, or of the whole result when the trace has ended."""
        if self.running:
            return self.snapshot()
        return frame_of(self._checked(), raw=self._raw)

    @property
    def frames(self) -> Frames:
        """All tables by name."""
        if not self.running:
            return frames_of(self._checked(), raw=self._raw)
        return Frames((each.name, table_frame(each, raw=self._raw)) for each in self._tables())

    def snapshot(self) -> pandas.DataFrame:
        """Return the table that answers as it is now, without stopping the trace."""
        if not self.running:
            return self.frame
        tables = self._tables()
        if not tables:
            raise Unavailable("there is nothing to see of this trace yet", hint="wait a moment, or stop() it")
        return table_frame(main_of(tables, self.program), raw=self._raw)

    def stop(self) -> pandas.DataFrame:
        """End the trace, wait until it is detached, and return its frame."""
        self.ask_to_stop()
        self.wait()
        return self.frame

    def wait(self) -> None:
        """Wait for the end; ^C goes on without it."""
        if self._future is not None:
            with suppress(GpttraceError):
                self._future.result()
            self._follower.screen.repeat()

    def ask_to_stop(self) -> None:
        """Ask it to end, and return at once."""
        if self.running and self._portal is not None:
            self._portal.call(self._follower.stop)

    # --- how it lives

    def begin(self, portal: BlockingPortal, work: Callable[[], Awaitable[Answer]]) -> None:
        """Let it run on an event loop."""
        self._portal = portal
        self._future = portal.start_task_soon(self._whole, work)

    async def _whole(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        started_runs.set(None)  # ^C belongs to the cell that runs, not to what goes on behind it
        try:
            return await work()
        finally:
            self._follower.forget()  # the result has it all

    def _answer(self) -> Answer:
        if self._future is None:
            raise UsageError("this trace was not started", hint="run its cell again")
        return self._future.result()

    def _checked(self) -> Result:
        result = self.result
        if (error := result.error()) is not None:
            raise error
        return result

    def _tables(self) -> list[Table]:
        """Return maps and events as they are now; maps that cannot be asked for come from what was printed."""
        assert self._portal is not None
        live = self._follower.live
        maps, counts = self._portal.call(self._look)
        events = [
            live.events(name, 0, count) for name, count in counts.items()
        ]  # decoded here: it may take a second
        return [*maps, *(each for each in events if each is not None)]

    async def _look(self) -> tuple[list[Table], dict[str, int]]:
        run, live = self._follower.run, self._follower.live
        asked: list[Table] = []
        if run is not None and self._follower.phase == "tracing":
            with suppress(Unavailable):
                asked = await run.snapshot()
        maps = {**live.maps, **{each.name: each for each in asked}}
        return list(maps.values()), {
            name: count for name, count in live.counts.items() if name not in live.maps
        }

    # --- how it looks

    def __repr__(self) -> str:
        return self._shown().text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return (self._shown() + program(self.program, folded=True)).bundle()

    def _shown(self) -> Shown:
        what = self.question or " ".join(self.program.split())[:80]
        if self.running:
            return line(f"{what}: {self._follower.status()}; .frame, .snapshot(), .stop()")
        try:
            return line(f"{what}: {ending(self.result)}")
        except GpttraceError as error:
            return line(f"{what}: {error.message}")
