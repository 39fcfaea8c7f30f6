"""Blocking twins of the async core, through one anyio portal: for scripts, the command line and notebooks.

The first ^C (KeyboardInterrupt) stops the running traces gracefully and the call still returns its result; the second
kills them, and what was read until then is returned. Without a running trace ^C cancels the call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from typing import Any, ParamSpec, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from gpttrace.trace.result import Result
from gpttrace.trace.run import Batch, Run, started_runs, trace

P = ParamSpec("P")
T = TypeVar("T")


def run(program: str, *, on_batch: Callable[[Batch], None] | None = None, **options: Any) -> Result:
    """Run a program as `trace` does and return its result; `on_batch` is called in another thread."""

    async def whole() -> Result:
        async with trace(program, **options) as running:
            async for batch in running:
                if on_batch is not None:
                    on_batch(batch)
        return await running.result()

    return call(whole)


def call(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call an async function of the core from blocking code and return what it returns."""
    runs: list[Run] = []

    async def whole() -> T:
        started_runs.set(runs)
        return await function(*args, **kwargs)

    with start_blocking_portal() as portal:
        future = portal.start_task_soon(whole)
        pressed = served = 0
        while True:
            # A ^C may come at any point here, also while one is being served: that one is then served again.
            try:
                while served < pressed:
                    _interrupt(portal, future, runs, kill=served > 0)
                    served += 1
                return future.result()
            except KeyboardInterrupt:
                pressed += 1
            except CancelledError:
                raise KeyboardInterrupt from None


def _interrupt(portal: BlockingPortal, future: Future[Any], runs: list[Run], *, kill: bool) -> None:
    active = [each for each in runs if each.phase != "ended"]
    if not active:
        future.cancel()
    for each in active:
        portal.start_task_soon(each.kill if kill else each.stop)
