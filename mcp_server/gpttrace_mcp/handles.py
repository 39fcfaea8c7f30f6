"""Traces that a server runs: each has a handle that nobody can guess, and lives until its end whoever looks at it.

A trace ends at its own deadline, when it is stopped, and with the server. What it left is in the run store, and stays there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

import anyio
from anyio.abc import TaskGroup

from gpttrace.errors import GpttraceError, UsageError
from gpttrace_mcp.state import App, log

if TYPE_CHECKING:
    from gpttrace.trace import Result, Run
    from gpttrace.trace.live import Live

MOST_KEPT = 1_000
KEPT_RESULTS, SMALL = 8, 10_000  # results that are kept in memory as well, of at most so many rows
LEASE_CHECK = 1.0


@dataclass(frozen=True, slots=True)
class Wish:
    """A program that somebody wants to run, and within which limits; `lease` is how long it may go unread."""

    program: str
    seconds: float
    rows: int
    tool: str
    who: str
    pid: int | None = None
    question: str = ""
    approved: bool = False
    lease: float | None = None


def _live() -> Live:
    from gpttrace.trace.live import Live  # a server that has nothing to trace yet starts without it

    return Live()


@dataclass(slots=True, eq=False)
class Tracing:
    """One trace, from the wish to its result; `trouble` is what kept it from running."""

    app: App
    wish: Wish
    handle: str = field(default_factory=lambda: str(uuid4()))
    run: Run | None = None
    live: Live = field(default_factory=_live)
    result: Result | None = None
    trouble: GpttraceError | None = None
    warning: str = ""
    began: float = field(default_factory=time.monotonic)
    touched: float = field(default_factory=time.monotonic)
    begun: anyio.Event = field(default_factory=anyio.Event)
    ended: anyio.Event = field(default_factory=anyio.Event)
    run_id: str = ""
    asked_to_stop: bool = False

    async def __call__(self) -> None:
        """Run it to its end; a cancel stops it gracefully and keeps what it had."""
        try:
            with self.app.allowance.taken(self.wish.seconds):
                await self._trace()
        except GpttraceError as error:
            self.trouble = error
            await self.app.note(self.wish.who, self.wish.tool, self.wish.program, "denied", error.message)
        finally:
            # What it has shown while it ran is in its result and in the run store.
            self.run, self.live = None, _live()
            self.begun.set()
            self.ended.set()

    async def _trace(self) -> None:
        from gpttrace.session import Answer, explained
        from gpttrace.trace import Limits, trace

        wish, app = self.wish, self.app
        known = app.draft_of(wish.program)
        question, draft = known if known is not None else (wish.question, None)
        async with trace(
            wish.program,
            limits=Limits(seconds=wish.seconds, rows=wish.rows),
            bpftrace=app.host().bpftrace,
            pid=wish.pid,
            units=dict(draft.units) if draft else None,
            question=question or None,
            spec=draft.spec.to_json() if draft and draft.spec else None,
            settings=app.settings,
            policy=app.policy,
            approved=wish.approved,
        ) as run:
            self.run, self.run_id = run, run.run_id
            if self.asked_to_stop:
                await run.stop()
            verdict = "approved" if wish.approved else "run"
            self.warning = await app.note(wish.who, wish.tool, wish.program, verdict, run_id=run.run_id)
            self.begun.set()
            async for batch in run:
                self.live.take(batch)
        self.result = result = await run.result()
        answer = Answer(question or None, wish.program, draft, result=result)
        try:
            self.result = (await app.in_thread(explained, answer, app.settings)).result or result
        except Exception:  # words are lost then, never what was traced
            log.exception("run %s could not be explained", run.run_id)

    @property
    def running(self) -> bool:
        """Tell whether it has not ended yet."""
        return not self.ended.is_set()

    @property
    def elapsed(self) -> float:
        """Seconds since it was asked for."""
        return time.monotonic() - self.began

    async def attached(self) -> None:
        """Wait until its probes are attached, or it has ended."""
        await self.begun.wait()
        if self.run is not None and self.running:
            await self.run.ready()

    async def stop(self) -> None:
        """Ask it to stop and return at once."""
        self.asked_to_stop = True
        if self.run is not None:
            await self.run.stop()


class Tracings:
    """The traces of one server."""

    def __init__(self) -> None:
        self._by_handle: dict[str, Tracing] = {}
        self._group: TaskGroup | None = None
        self.closing = False

    def live_in(self, group: TaskGroup) -> None:
        """Let traces that were started live in this group."""
        self._group = group

    def add(self, tracing: Tracing) -> Tracing:
        """Keep a trace where it can be found; UsageError when the server is about to end."""
        if self.closing:
            raise UsageError("this server is stopping", hint="connect again when it has been started again")
        self._by_handle[tracing.handle] = tracing
        self._forget()
        return tracing

    def start(self, tracing: Tracing) -> None:
        """Let a trace run by itself."""
        assert self._group is not None
        self.add(tracing)
        self._group.start_soon(self._alone, tracing)

    async def _alone(self, tracing: Tracing) -> None:
        try:
            async with anyio.create_task_group() as group:
                if tracing.wish.lease is not None:
                    group.start_soon(_watch_lease, tracing, tracing.wish.lease)
                await tracing()
                group.cancel_scope.cancel()
        except Exception as error:  # nobody waits for it: told to whoever asks for it next
            log.exception("a trace ended unexpectedly")
            tracing.trouble = GpttraceError(f"the trace ended unexpectedly ({type(error).__name__})")

    def find(self, name: str) -> Tracing | None:
        """Return a trace by its handle, or by the id of its run while it runs."""
        known = self._by_handle.get(name)
        if known is None and name:
            known = next(
                (each for each in self._by_handle.values() if each.running and each.run_id == name), None
            )
        if known is not None:
            known.touched = time.monotonic()
        return known

    def running(self) -> Iterator[Tracing]:
        """Iterate over the traces that have not ended."""
        return iter([each for each in self._by_handle.values() if each.running])

    async def close(self) -> None:
        """Stop all and wait until each has ended; every wait is bounded by the supervisors' own deadlines."""
        self.closing = True
        for each in self.running():
            await each.stop()
        for each in self.running():
            await each.ended.wait()

    def _forget(self) -> None:
        ended = [each for each in self._by_handle.values() if not each.running]
        for age, each in enumerate(reversed(ended)):
            result = each.result
            if result is None or any("not saved" in line for line in result.warnings):
                continue
            if age >= KEPT_RESULTS or result.rows > SMALL:
                each.result = None  # the run store has it
        for each in ended[: max(len(self._by_handle) - MOST_KEPT, 0)]:
            del self._by_handle[each.handle]


async def _watch_lease(tracing: Tracing, lease: float) -> None:
    """Stop a trace that nobody has read for a while: its client may be gone, and no transport tells."""
    while time.monotonic() - tracing.touched < lease:
        await anyio.sleep(LEASE_CHECK)
    log.warning("trace %s was not read for %g s and is stopped", tracing.run_id, lease)
    await tracing.stop()
