"""Progress: work that takes seconds, with a bar and a way to end it where the client has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from lsprotocol import types as t

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

PATIENCE = 5.0  # seconds for a client's answer


class Bar:
    """One piece of work as the client shows it; everything is nothing where it shows none."""

    def __init__(self, server: Server, token: str | None) -> None:
        self._server = server
        self._token = token

    def say(self, message: str, percent: float | None = None) -> None:
        """Show how far the work is."""
        if self._token is not None:
            whole = None if percent is None else min(max(int(percent), 0), 100)
            report = t.WorkDoneProgressReport(message=message, percentage=whole)
            self._server.work_done_progress.report(self._token, report)


@asynccontextmanager
async def bar(
    server: Server, title: str, cancel: Callable[[], object], *, percents: bool = False
) -> AsyncIterator[Bar]:
    """Show work while the block runs; `cancel` is called in the loop when the person wants it ended."""
    token = await _begun(server, title, cancel, percents)
    try:
        yield Bar(server, token)
    finally:
        if token is not None:
            server.work_done_progress.end(token, t.WorkDoneProgressEnd())
            server.work_done_progress.tokens.pop(token, None)


async def _begun(server: Server, title: str, cancel: Callable[[], object], percents: bool) -> str | None:
    window = server.client_capabilities.window
    if window is None or not window.work_done_progress:
        return None
    token = f"gpttrace-{uuid4()}"
    with suppress(Exception):  # a client that promised it and refuses has no bar, and the work goes on
        await asyncio.wait_for(server.work_done_progress.create_async(token), PATIENCE)
        begin = t.WorkDoneProgressBegin(title=title, cancellable=True, percentage=0 if percents else None)
        server.work_done_progress.begin(token, begin)
        loop = asyncio.get_running_loop()
        wanted = server.work_done_progress.tokens[token]
        wanted.add_done_callback(lambda done: loop.call_soon_threadsafe(cancel) if done.cancelled() else None)
        return token
    return None
