"""The one place that runs a short-lived program of others and waits for it.

An argument list, never a shell; own session; a time limit after which the whole group is killed; output as bytes.
Long-lived tracers are the supervisor's (`trace/`), which goes through here for nothing but its own start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a program left: `exit` is negative for a signal, None when our time limit ended it."""

    argv: tuple[str, ...]
    exit: int | None
    stdout: bytes
    stderr: bytes
    took: float


def run_tool(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float = 10.0,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
) -> ToolResult:
    """Run `argv` to its end or for `timeout` seconds; raises OSError when it cannot be started."""
    began = time.monotonic()
    with subprocess.Popen(
        list(argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=True,
    ) as child:
        try:
            out, err = child.communicate(stdin, timeout)
            code: int | None = child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, err = child.communicate()
            code = None
    return ToolResult(tuple(argv), code, out, err, time.monotonic() - began)
