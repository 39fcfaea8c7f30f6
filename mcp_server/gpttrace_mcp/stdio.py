"""Standard input and output as the protocol's wire: reads and writes that can be cancelled, so that a signal ends the server.

The SDK's own wire blocks in threads, and a server that waits for its client there cannot be stopped. While serving, descriptor 0
is the null device and 1 is standard error: nothing that runs here, no child either, can write into the protocol.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import anyio

from gpttrace_mcp.state import log

READ = 1 << 16
WRITE = 4096  # a pipe that can be written to at all takes so much without waiting (PIPE_BUF)
LONGEST_LINE = 16 << 20
READER_CHECK = 0.5


class Lines:
    """The lines that a client writes."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waits = _can_wait(fd)

    async def __aiter__(self) -> AsyncIterator[str]:
        rest = bytearray()
        while True:
            if self._waits:
                await anyio.wait_readable(self._fd)
            else:
                await anyio.lowlevel.checkpoint()
            try:
                chunk = os.read(self._fd, READ)
            except OSError:  # the other end of a socket or terminal is gone
                chunk = b""
            if not chunk:
                if rest.strip():
                    yield _text(rest)
                return
            rest += chunk
            *lines, last = rest.split(b"\n") if b"\n" in chunk else [rest]
            for line in lines:
                if line.strip():
                    yield _text(line)
            rest = bytearray(last)
            if len(rest) > LONGEST_LINE:
                log.error("a line of more than %d MiB: this is no client", LONGEST_LINE >> 20)
                return


class Writer:
    """Where replies go; `flush` returns when all was handed to the client's side."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waits = _can_wait(fd)
        self._pending = bytearray()

    async def write(self, text: str) -> None:
        """Take a text."""
        self._pending += text.encode("utf-8", "replace")

    async def flush(self) -> None:
        """Write what was taken; a client that reads no more ends the server as one that closes its end does."""
        while self._pending:
            if self._waits:
                await anyio.wait_writable(self._fd)
            written = self._some(bytes(self._pending[:WRITE]))
            del self._pending[:written]

    async def unread(self) -> None:
        """Return when nobody can read what is written any more; no write is needed to learn that."""
        poll = select.poll()
        poll.register(self._fd, 0)
        while not any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0)):
            await anyio.sleep(READER_CHECK)

    def _some(self, part: bytes) -> int:
        try:
            if stat.S_ISSOCK(os.fstat(self._fd).st_mode):
                with socket.socket(fileno=os.dup(self._fd)) as wire:
                    return wire.send(part, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            return os.write(self._fd, part)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise anyio.ClosedResourceError from error


def _text(line: bytes | bytearray) -> str:
    return line.decode("utf-8", "replace")


def _can_wait(fd: int) -> bool:
    # Files and the null device are always ready, and epoll refuses them.
    with select.epoll() as poll:
        try:
            poll.register(fd, select.EPOLLIN)
        except PermissionError:
            return False
    return True


@contextmanager
def wire() -> Iterator[tuple[Any, Any]]:
    """Take standard input and output for the protocol while the block lasts."""
    sys.stdout.flush()
    reading, writing = (_apart(fd) for fd in (0, 1))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    try:
        yield Lines(reading), Writer(writing)
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        for kept, fd in ((reading, 0), (writing, 1)):
            os.dup2(kept, fd)
            os.close(kept)


def _apart(fd: int) -> int:
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
