"""Serving on standard input and output: nothing but the protocol is ever written there, and no end of the editor is missed.

The end of the input, SIGTERM and SIGINT end the server as `exit` does: what it started is ended first.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, BinaryIO

from pygls.io_ import StdinAsyncReader, StdoutWriter, run_async

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server


def serve_stdio(server: Server) -> int:
    """Serve until the editor goes; does not return when a thread still waits for input."""
    out = _protocols_own()
    with suppress(BrokenPipeError):  # the editor is gone; so are we
        asyncio.run(_serve(server, out))
    server.leave(0)
    return 0


def _protocols_own() -> BinaryIO:
    # Whoever prints by mistake, we or a library in C, prints to standard error from now on.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


async def _serve(server: Server, out: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: asyncio.ensure_future(_end(server)))
    server.protocol.set_writer(StdoutWriter(out))
    await run_async(
        stop_event=Event(),
        reader=StdinAsyncReader(sys.stdin.buffer, server.thread_pool),
        protocol=server.protocol,
        logger=logging.getLogger("pygls"),
        error_handler=server.report_server_error,
    )
    await server.end()


async def _end(server: Server) -> None:
    await server.end()
    server.leave(0)
