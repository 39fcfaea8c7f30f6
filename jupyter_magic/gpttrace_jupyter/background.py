"""Traces that go on while the notebook does: all of them live on one event loop in a thread of their own.

The thread is a daemon, so that an interpreter that ends can still stop them: what it left running is stopped and waited for,
and if the process is killed instead, the supervisors do it.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from gpttrace.errors import UsageError
from gpttrace.session import Answer
from gpttrace_jupyter.handle import Handle

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

_START_PATIENCE = 10.0
_END_PATIENCE = 120.0  # more than any supervisor allows itself
MOST = 16


class Background:
    """The traces of one notebook."""

    def __init__(self) -> None:
        self.handles: list[Handle] = []
        self._portal: BlockingPortal | None = None
        self._thread: threading.Thread | None = None

    def start(self, handle: Handle, work: Callable[[], Awaitable[Answer]]) -> Handle:
        """Start a trace; those of an earlier run of the same cell are stopped first. UsageError when too many run."""
        for each in self.running():
            if each.cell == handle.cell and each.turn != handle.turn:
                each.ask_to_stop()
                each.wait()
        if len(self.running()) >= MOST:
            raise UsageError(f"{MOST} traces are running", hint="%gpttrace --stop ends all of them")
        self.handles = [*self.running(), handle]
        handle.begin(self._loop(), work)
        return handle

    def running(self) -> list[Handle]:
        """Return the traces that have not ended."""
        return [each for each in self.handles if each.running]

    def stop(self, which: str = "all") -> list[Handle]:
        """Stop one trace by the beginning of its run id, or all; wait for their end and return them."""
        meant = [each for each in self.running() if which == "all" or (each.run_id or "").startswith(which)]
        if which != "all" and not meant:
            raise UsageError(f"no trace {which!r} is running here", hint="%gpttrace --runs lists them")
        for each in meant:
            each.ask_to_stop()
        for each in meant:
            each.wait()
        return meant

    def close(self) -> None:
        """Stop everything and end the thread."""
        self.stop()
        if self._thread is not None and self._portal is not None:
            self._portal.call(self._portal.stop)
            self._thread.join(_END_PATIENCE)
        self._thread = self._portal = None
        atexit.unregister(self.close)

    def _loop(self) -> BlockingPortal:
        if self._portal is None:
            begun = threading.Event()
            self._thread = threading.Thread(
                target=partial(self._live, begun), name="gpttrace background", daemon=True
            )
            self._thread.start()
            begun.wait(_START_PATIENCE)
            atexit.register(self.close)
        assert self._portal is not None
        return self._portal

    def _live(self, begun: threading.Event) -> None:
        import anyio
        from anyio.from_thread import BlockingPortal

        async def main() -> None:
            async with BlockingPortal() as portal:
                self._portal = portal
                begun.set()
                await portal.sleep_until_stopped()

        anyio.run(main)
