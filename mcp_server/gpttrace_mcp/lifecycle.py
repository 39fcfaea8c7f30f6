"""How a server ends: on a signal its traces are stopped first and their results kept, then it goes; nothing waits for a client.

SIGKILL is not here: then each trace's own supervisor stops it, and the next server (or `gpttrace runs`) takes its result in.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

import anyio

from gpttrace_mcp.server import Server
from gpttrace_mcp.state import log
from gpttrace_mcp.stdio import Lines, Writer, wire

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LAST_WORDS = 0.3  # seconds in which replies with partial results go out
PATIENCE = 60.0  # for traces that take long to detach; then their supervisors go on without us


def serve_stdio(server: Server) -> int:
    """Serve one client on standard input and output; return the exit code."""
    with wire() as (lines, writer):
        code = anyio.run(_serve_wire, server, lines, writer)
    sys.stderr.flush()
    return int(code)


async def _serve_wire(server: Server, lines: Lines, writer: Writer) -> int:
    from mcp.server.stdio import stdio_server

    inner = server._lowlevel_server

    async def serve() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(end_when_unread, group.cancel_scope)
            # Of an AsyncFile the SDK uses only what ours have.
            async with stdio_server(cast(Any, lines), cast(Any, writer)) as (reading, writing):
                await inner.run(reading, writing, inner.create_initialization_options())
            group.cancel_scope.cancel()

    async def end_when_unread(scope: anyio.CancelScope) -> None:
        await writer.unread()
        scope.cancel()

    return await until_signalled(server, serve)


async def until_signalled(
    server: Server, serve: Callable[[], Awaitable[None]], end: Callable[[], None] | None = None
) -> int:
    """Serve until the client goes or a signal comes; `end` asks the serving to end, else it is cancelled."""
    caught = 0

    async def obey(scope: anyio.CancelScope) -> None:
        nonlocal caught
        with anyio.open_signal_receiver(*SIGNALS) as signals:
            async for number in signals:
                if caught:
                    log.warning("a second signal: not waiting any longer")
                    os._exit(128 + caught)
                caught = int(number)
                group.start_soon(leave, scope)

    async def leave(scope: anyio.CancelScope) -> None:
        if server.app is not None:
            with anyio.move_on_after(PATIENCE):
                await server.app.tracings.close()
                await anyio.sleep(LAST_WORDS)
        if end is None:
            scope.cancel()
        else:
            end()

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(obey, scope)
            await serve()
        group.cancel_scope.cancel()
    return 128 + caught if caught else 0
