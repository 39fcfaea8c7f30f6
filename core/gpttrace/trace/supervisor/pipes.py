"""Pipes that nobody waits for: bounded reads, kept writes, and the copy of everything on disk."""

from __future__ import annotations

import fcntl
import os
from collections import deque
from contextlib import suppress

PIPE_SIZE = 1 << 20


class Outlet:
    """A pipe to the parent that is never waited for: what it does not take yet is kept."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.kept: deque[memoryview] = deque()
        self.size = 0
        self.open = True

    def put(self, data: bytes | memoryview) -> None:
        """Send `data`, now or later; nothing happens when the reader is gone. What is kept is a copy."""
        if self.open and self.kept:
            self.flush()
        sent = 0 if self.kept else self.write(memoryview(data))
        if self.open and sent < len(data):
            self.kept.append(memoryview(bytes(data[sent:])))
            self.size += len(data) - sent

    def flush(self) -> None:
        """Write as much as the pipe takes."""
        while self.kept and self.open:
            head = self.kept[0]
            written = self.write(head)
            if not written:
                return
            self.size -= written
            if written == len(head):
                self.kept.popleft()
            else:
                self.kept[0] = head[written:]

    def write(self, data: memoryview) -> int:
        """Write once; return how many bytes the pipe took, 0 when it is full or the reader is gone."""
        if not self.open or not data:
            return 0
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            self.close()
            return 0

    def drop_to(self, limit: int) -> int:
        """Forget the oldest output until at most `limit` bytes are kept; return how many were dropped."""
        before = self.size
        while self.size > limit and len(self.kept) > 1:
            self.size -= len(self.kept.popleft())
        if dropped := before - self.size:
            self.kept.appendleft(memoryview(b"\n"))
            self.size += 1
        return dropped

    def close(self) -> None:
        """The reader is gone."""
        self.open, self.size = False, 0
        self.kept.clear()


class Spool:
    """The copy of output and events on disk; it gives up at its limit or on the first error, never raises."""

    def __init__(self, folder: str | None, limit: int) -> None:
        self.output = self.events = -1
        self.left = limit
        self.error: str | None = None
        try:
            if folder:
                self.output = open_private(folder + "/output")
                self.events = open_private(folder + "/events")
                fcntl.flock(self.output, fcntl.LOCK_EX | fcntl.LOCK_NB)  # says "still running" to recover()
        except OSError as problem:
            self.fail(problem)

    def write(self, fd: int, data: bytes | memoryview) -> None:
        """Append to `output` or `events`; after an error this does nothing."""
        if fd < 0 or self.error:
            return
        data = data[: self.left]
        try:
            while data:
                written = os.write(fd, data)
                self.left -= written
                data = data[written:]
        except OSError as problem:
            self.fail(problem)

    def fail(self, problem: OSError) -> None:
        """Remember why there is no further copy."""
        self.error = problem.strerror or str(problem)


def open_private(path: str) -> int:
    """Open a new file that only its owner can read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600)


def pipe(size: int = 0) -> tuple[int, int]:
    """A pipe, as large as the kernel allows up to `size`."""
    reader, writer = os.pipe()
    if size:
        with suppress(OSError):  # above /proc/sys/fs/pipe-max-size or the user's share: the default works too
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, size)
    return reader, writer


def read_some(fd: int, most: int) -> bytes | None:
    """Read what is there: None for nothing yet, b"" for the end."""
    try:
        return os.read(fd, most)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def read_into(fd: int, room: memoryview) -> int | None:
    """Read what is there into `room`: how many bytes, None for nothing yet, 0 for the end."""
    try:
        return os.readv(fd, [room])
    except BlockingIOError:
        return None
    except OSError:
        return 0


def write_all(fd: int, data: bytes) -> None:
    """Write everything to a blocking descriptor."""
    while data:
        data = data[os.write(fd, data) :]
