"""From asking to stop to nothing attached: ours beside bpftrace alone, for 20 tracepoints, in turns."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator

import anyio

from bench.figures import Figure, median
from gpttrace.host import Host
from gpttrace.trace import Limits, trace

TIMES = 3
CALLS = (
    *("accept4", "bind", "chdir", "chmod", "chown", "connect", "dup", "fchdir", "fchmod", "fsync"),
    *("getcwd", "link", "listen", "mkdir", "pipe2", "rename", "rmdir", "symlink", "sync", "umask"),
)
POINTS = ",\n".join(f"tracepoint:syscalls:sys_enter_{call}" for call in CALLS)
PROGRAM = f'BEGIN {{ printf("ready\\n"); }}\n{POINTS} {{ @[comm] = count(); }}'


def figures() -> Iterator[Figure]:
    """Yield the two stop times and what ours is above bpftrace's own."""
    path = Host.local().bpftrace
    assert path is not None
    alone, ours = [], []
    for _ in range(TIMES):
        alone.append(_alone(path))
        ours.append(anyio.run(_ours))
    yield Figure("bpftrace alone, stop of 20 tracepoints", median(alone), "s")
    yield Figure("ours, to the result", median(ours), "s")
    yield Figure("ours above bpftrace's own", median(ours) - median(alone), "s", 0.2)


def _alone(path: str) -> float:
    with subprocess.Popen(
        [path, "-e", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "ready" in line)
        began = time.perf_counter()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        process.wait()
        return time.perf_counter() - began


async def _ours() -> float:
    async with trace(PROGRAM, limits=Limits(), keep=False) as run:
        await run.ready()
        began = time.perf_counter()
        await run.stop()
        await run.result()
        return time.perf_counter() - began
