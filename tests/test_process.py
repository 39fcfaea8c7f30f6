"""Short-lived programs end within their limits, and nothing of them is left: after the time, a cancel, a flood, a bomb."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import anyio
import pytest

from gpttrace.process import run_tool, run_tool_async

PYTHON = sys.executable


def living(mark: str) -> list[str]:
    """Return the command lines of living processes that contain a mark."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line and str(os.getpid()) != place.parent.name:
            found.append(line)
    return found


def gone(mark: str) -> bool:
    """Wait a moment for processes that were killed to leave."""
    for _ in range(100):
        if not living(mark):
            return True
        time.sleep(0.02)
    return False


def test_a_long_text_goes_in_while_much_comes_out() -> None:
    said = run_tool(["cat"], stdin=b"x" * 3_000_000)

    assert (said.exit, len(said.stdout), said.stderr, said.cut) == (0, 3_000_000, b"", False)


def test_who_does_not_read_its_input_is_no_error() -> None:
    assert run_tool(["true"], stdin=b"x" * 3_000_000).exit == 0


def test_the_time_limit_ends_the_whole_group() -> None:
    mark = f"41.{os.getpid()}"
    said = run_tool(["sh", "-c", f"echo begun; sleep {mark} & sleep {mark}"], timeout=0.3)

    assert (said.exit, said.stdout) == (None, b"begun\n")
    assert gone(mark)


def test_a_flood_is_cut_and_read_to_its_end() -> None:
    said = run_tool(["sh", "-c", "yes | head -c 20000000; exit 3"], output=1000)

    assert (said.exit, len(said.stdout), said.cut) == (3, 1000, True)


def test_memory_is_limited() -> None:
    said = run_tool([PYTHON, "-c", "import time; time.sleep(0.2); bytearray(1 << 30)"], memory=600 << 20)

    assert said.exit == 1
    assert b"MemoryError" in said.stderr


def test_a_cancelled_call_leaves_no_process() -> None:
    mark = f"42.{os.getpid()}"

    async def cancelled() -> bool:
        with anyio.move_on_after(0.3) as scope:
            await run_tool_async(["sh", "-c", f"sleep {mark} & sleep {mark}"])
        return scope.cancelled_caught

    assert anyio.run(cancelled)
    assert gone(mark)


@pytest.mark.parametrize("times", [1, 3])
def test_a_task_of_asyncio_that_is_cancelled_leaves_no_process_either(times: int) -> None:
    mark = f"43.{os.getpid()}{times}"

    async def whole() -> None:
        task = asyncio.ensure_future(run_tool_async(["sleep", mark], timeout=60))
        while not living(mark):
            await asyncio.sleep(0.01)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not living(mark), "it is gone when the call returns, not some time later"

    asyncio.run(whole())


def test_what_cannot_be_started_is_said_as_by_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        run_tool(["/no/such/program"])
    with pytest.raises(FileNotFoundError):
        anyio.run(run_tool_async, ["/no/such/program"])
