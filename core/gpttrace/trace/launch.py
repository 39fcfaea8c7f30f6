"""Start the supervisor of one trace and talk to it: commands in, data and events out.

The only place that knows how the supervisor is started and with which rights. Nothing here waits for ever: the
supervisor keeps its own deadlines, and a supervisor that ends closes both streams.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process

from gpttrace.errors import NotPermitted, Unavailable, UsageError
from gpttrace.settings import environment
from gpttrace.trace.limits import Limits, bpftrace_environment

# The supervisor is a package that runs without ours: only its folder's parent is added, behind the standard library.
START = "import sys; sys.path.append(sys.argv[1]); from supervisor.owner import main; main()"
PROGRAM_LIMIT = 512 << 10  # bytes: must fit a pipe, so that nobody ever waits for bpftrace to read it
PIPE_SIZE = READ = 1 << 20
FEW = 4096  # bytes that cost too little to wait for more: the first events are shown at once
PACE = 0.05  # seconds between two reads; at full speed bpftrace prints about 1 MiB in that time


@dataclass(frozen=True, slots=True)
class Order:
    """All that the supervisor is told: `bpftrace` is its path, `program` the text that runs.

    `argv` and `env` are those of another program, which takes no text: its `ready_marker` is empty. One that holds no probes
    `settle` seconds after its first output is taken to need none.
    """

    bpftrace: str
    program: str
    limits: Limits
    ready_marker: str | None = None
    snapshot_signal: int | None = None
    command: tuple[str, ...] = ()
    pid: int | None = None
    spool: Path | None = None
    unsafe: bool = False
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] | None = None
    settle: float = 0.0
    folder: str | None = None  # where bpftrace and a command run; ours when None

    def header(self) -> bytes:
        """Return the line that the supervisor reads first."""
        env = dict(self.env) if self.env is not None else bpftrace_environment(self.limits, environment())
        if self.ready_marker is None:
            env["__BPFTRACE_NOTIFY_PROBES_ATTACHED"] = "1"
        more = ["-p", str(self.pid)] if self.pid is not None else []
        if self.unsafe:
            more.append("--unsafe")
        return (
            json.dumps(
                {
                    "argv": list(self.argv)
                    or [_from_anywhere(self.bpftrace), "-f", "json", "-k", *more, "-"],
                    "env": env,
                    "program": self.program,
                    "ready": self.ready_marker,
                    "settle": self.settle,
                    "snapshot_signal": self.snapshot_signal,
                    "command": list(self.command),
                    "command_env": environment() if self.command else {},
                    "spool": str(self.spool.absolute()) if self.spool else None,
                    "parent": os.getpid(),
                    "limits": self.limits.to_json(),
                }
            ).encode()
            + b"\n"
        )


class Link:
    """The running supervisor, seen from its parent."""

    def __init__(self, process: Process, output: int) -> None:
        self.process = process
        self.noise = ""  # what is not an event: a traceback, or words of sudo
        self._output = output
        self._hurried = anyio.Event()

    async def __aenter__(self) -> Link:
        return self

    async def __aexit__(self, *_: object) -> None:
        # Closing both ends makes a supervisor that still runs stop its trace at once; it waits for nobody.
        os.close(self._output)
        await self.process.aclose()

    async def send(self, command: str) -> None:
        """Give one command; a supervisor that has ended needs none."""
        assert self.process.stdin is not None
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            await self.process.stdin.send(command.encode() + b"\n")

    async def data(self) -> AsyncIterator[bytes]:
        """Iterate over what bpftrace prints, in blocks: large ones cost the decoder less than many small ones."""
        while True:
            await anyio.wait_readable(self._output)
            if not (chunk := os.read(self._output, READ)):
                return
            yield chunk
            if FEW < len(chunk) < READ // 2:
                with anyio.move_on_after(PACE):
                    await self._hurried.wait()

    def hurry(self) -> None:
        """Read without pauses from now on: the trace ends."""
        self._hurried.set()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Iterate over the supervisor's events."""
        assert self.process.stderr is not None
        rest = b""
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                *lines, rest = (rest + await self.process.stderr.receive()).split(b"\n")
                for line in lines:
                    if (event := self._event(line)) is not None:
                        yield event

    def _event(self, line: bytes) -> dict[str, Any] | None:
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict) and "event" in event:
            return event
        self.noise += line.decode("utf-8", "backslashreplace") + "\n"
        return None


def _from_anywhere(path: str) -> str:
    return os.path.abspath(path) if os.sep in path else path


def supervisor_argv() -> list[str]:
    """Return the command that starts a supervisor."""
    return [sys.executable, "-I", "-S", "-c", START, str(Path(__file__).parent)]


async def launch(order: Order) -> Link:
    """Start a supervisor with its order; raises NotPermitted, Unavailable or UsageError before anything runs."""
    require_right()
    header = order.header()
    if len(order.program.encode()) > PROGRAM_LIMIT:
        raise UsageError(f"the program is longer than {PROGRAM_LIMIT >> 10} KiB", hint="split it")
    reader, writer = os.pipe()
    try:
        process = await anyio.open_process(
            supervisor_argv(), stdout=writer, env={}, start_new_session=True, cwd=order.folder
        )
    except OSError as problem:
        os.close(reader)
        raise Unavailable(f"cannot start the supervisor: {problem.strerror}") from problem
    finally:
        os.close(writer)
    os.set_blocking(reader, False)
    with suppress(OSError):  # beyond the user's share of pipe memory the default works too
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    assert process.stdin is not None
    with suppress(anyio.BrokenResourceError, OSError):
        await process.stdin.send(header)
    return Link(process, reader)


def require_right() -> None:
    """Raise NotPermitted when this process has no way to trace."""
    if os.geteuid() != 0:
        raise NotPermitted(
            "tracing needs root, and this process is not root", hint="run it again with `sudo`"
        )


def find_command(command: Sequence[str]) -> tuple[str, ...]:
    """Return the user's command with its program found; UsageError when there is none."""
    if not command:
        return ()
    if (program := shutil.which(command[0])) is None:
        raise UsageError(f"there is no command {command[0]!r}", hint="give its full path")
    return (program, *command[1:])
