"""The one place that runs a short-lived program of others and waits for it.

An argument list, never a shell; own session; limits of time, memory and output, after which the whole group is killed. The
async twin is the same loop in a thread: when its caller is cancelled, the group is killed before the cancellation goes on.
Long-lived tracers are the supervisor's (`trace/`), which goes through here for nothing but its own start.
"""

from __future__ import annotations

import os
import resource
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

BPFTRACE_MEMORY = (
    2 << 30
)  # bytes of address space; a compile needs 0.3 GiB, an unrolled bomb takes all there is
OUTPUT_LIMIT = 8 << 20  # bytes of each stream that are kept
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a program left: `exit` is negative for a signal, None when our time limit ended it.

    `cut` tells that it printed more than was kept.
    """

    argv: tuple[str, ...]
    exit: int | None
    stdout: bytes
    stderr: bytes
    took: float
    cut: bool = False


def run_tool(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float = 10.0,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    memory: int | None = None,
    output: int = OUTPUT_LIMIT,
    stop: int | None = None,
) -> ToolResult:
    """Run `argv` to its end or for `timeout` seconds; raises OSError when it cannot be started.

    `memory` limits its address space in bytes, `output` what is kept of each stream. When the file descriptor `stop` becomes
    readable, it ends as at the time limit.
    """
    began = time.monotonic()
    with subprocess.Popen(
        list(argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=True,
        bufsize=0,
    ) as child:
        pipes = _Pipes(child, stdin, output)
        try:
            if memory is not None:
                _limit_memory(child.pid, memory)
            ended = pipes.pump(began + timeout, stop) and _wait(child, began + timeout)
        except BaseException:
            _kill_group(child)
            raise
        if not ended:
            _kill_group(child)
            pipes.pump(time.monotonic() + 1.0, None)
            child.wait()
    out, err = pipes.out, pipes.err
    return ToolResult(
        tuple(argv),
        child.returncode if ended else None,
        bytes(out.data),
        bytes(err.data),
        time.monotonic() - began,
        out.cut or err.cut,
    )


async def run_tool_async(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float = 10.0,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    memory: int | None = None,
    output: int = OUTPUT_LIMIT,
) -> ToolResult:
    """Run `argv` as `run_tool` does; when the caller is cancelled, nothing of it is left when this returns.

    That holds for the cancellation of anyio, and for that of asyncio's own tasks, which does not wait for threads.
    """
    import anyio.lowlevel  # here, because who only asks for a version pays nothing for it
    import anyio.to_thread

    told, tell = os.pipe()
    results: list[ToolResult | OSError] = []
    first, ended = threading.Lock(), threading.Event()  # whoever takes the lock decides whether it is started

    def whole() -> None:
        if not first.acquire(blocking=False):
            return
        try:
            results.append(
                run_tool(
                    argv,
                    stdin=stdin,
                    timeout=timeout,
                    env=env,
                    cwd=cwd,
                    memory=memory,
                    output=output,
                    stop=told,
                )
            )
        except OSError as error:
            results.append(error)
        finally:
            ended.set()

    async def pass_on() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            os.write(tell, b"x")

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(pass_on)
            await anyio.to_thread.run_sync(whole)
            group.cancel_scope.cancel()
    finally:
        if not first.acquire(blocking=False):
            await _over(ended)
        os.close(told)
        os.close(tell)
    await anyio.lowlevel.checkpoint_if_cancelled()
    if isinstance(results[0], OSError):
        raise results[0]
    return results[0]


async def _over(ended: threading.Event) -> None:
    """Wait for a thread that was told to end, however often the caller is cancelled meanwhile."""
    import anyio

    with anyio.CancelScope(shield=True):
        while not ended.is_set():
            with suppress(anyio.get_cancelled_exc_class()):
                await anyio.sleep(0.002)


@dataclass(slots=True)
class _Kept:
    limit: int
    data: bytearray = field(default_factory=bytearray)
    cut: bool = False

    def add(self, chunk: bytes) -> None:
        room = self.limit - len(self.data)
        self.data += chunk[:room]
        self.cut = self.cut or len(chunk) > room


class _Pipes:
    """The three pipes of a child, served together so that none of them can block the others."""

    def __init__(self, child: subprocess.Popen[bytes], stdin: bytes, limit: int) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        self.rest = memoryview(stdin)
        self.stdin = child.stdin
        self.out, self.err = _Kept(limit), _Kept(limit)
        self.open: dict[IO[bytes], _Kept] = {child.stdout: self.out, child.stderr: self.err}
        os.set_blocking(child.stdin.fileno(), False)

    def pump(self, deadline: float, stop: int | None) -> bool:
        """Serve until both outputs are closed (True), or until the deadline or `stop` (False)."""
        with selectors.DefaultSelector() as ready:
            for stream in self.open:
                ready.register(stream, selectors.EVENT_READ)
            if not self.stdin.closed:
                ready.register(self.stdin, selectors.EVENT_WRITE)
            if stop is not None:
                ready.register(stop, selectors.EVENT_READ)
            while self.open:
                if (left := deadline - time.monotonic()) <= 0:
                    return False
                for key, _ in ready.select(left):
                    if key.fileobj is self.stdin:
                        self._feed(ready)
                    elif key.fileobj == stop:
                        return False
                    else:
                        self._take(key.fileobj, ready)  # type: ignore[arg-type]
        return True

    def _feed(self, ready: selectors.BaseSelector) -> None:
        try:
            self.rest = self.rest[os.write(self.stdin.fileno(), self.rest[:_CHUNK]) :]
        except BrokenPipeError:
            self.rest = self.rest[:0]
        except BlockingIOError:
            return
        if not self.rest:
            ready.unregister(self.stdin)
            self.stdin.close()

    def _take(self, stream: IO[bytes], ready: selectors.BaseSelector) -> None:
        if chunk := os.read(stream.fileno(), _CHUNK):
            self.open[stream].add(chunk)
        else:
            ready.unregister(stream)
            del self.open[stream]


def _wait(child: subprocess.Popen[bytes], deadline: float) -> bool:
    try:
        child.wait(max(deadline - time.monotonic(), 0.0))
    except subprocess.TimeoutExpired:
        return False
    return True


def _limit_memory(pid: int, limit: int) -> None:
    # From outside, since code between fork and exec may deadlock in a process with threads. It may have ended already.
    with suppress(ProcessLookupError, PermissionError):
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
