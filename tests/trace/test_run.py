"""A trace runs, says what happens, and gives its result: the ordinary ways."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio
import pytest

from gpttrace import sync
from gpttrace.errors import NotPermitted, Unavailable, UsageError
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace.limits import Limits
from gpttrace.trace.result import Result
from gpttrace.trace.run import CommandOutput, Progress, Run, trace

pytestmark = pytest.mark.kernel
Watcher = Callable[[int], None]

TICKS = "BEGIN { @begun = 7; } interval:ms:20 { @ticks = count(); }"


def value(result: Result, name: str) -> Any:
    """The value of a scalar map."""
    return next(iter(result.table(name).rows()))[-1]


def test_a_program_that_exits_is_ok_and_has_its_maps(
    any_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    program = 'BEGIN { @x = 42; printf("%d bottles\\n", 99); exit(); }'
    result = sync.run(program, bpftrace=any_bpftrace.path, settings=settings)
    assert (result.status, result.complete, result.program) == ("ok", True, program)
    assert value(result, "@x") == 42
    assert list(result.output) == ["99 bottles"]


def test_the_time_limit_ends_a_trace_with_its_maps(
    any_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    async def main() -> Result:
        async with trace(
            TICKS, limits=Limits(seconds=0.5), bpftrace=any_bpftrace.path, settings=settings
        ) as run:
            assert await run.ready()
            watch(run.ending.pid)
            return await run.result()

    result = anyio.run(main)
    assert (result.status, result.complete) == ("time_limit", True)
    assert result.reason == "the time limit of 0.5 s was reached"
    assert value(result, "@begun") == 7
    assert value(result, "@ticks") > 0


def test_stop_ends_a_trace_with_its_maps(
    any_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    async def main() -> Result:
        async with trace(TICKS, bpftrace=any_bpftrace.path, settings=settings) as run:
            assert await run.ready()
            watch(run.ending.pid)
            await run.stop()
            return await run.result()

    result = anyio.run(main)
    assert (result.status, result.complete) == ("stopped", True)
    assert value(result, "@begun") == 7


def test_leaving_the_block_stops_the_trace_and_the_result_is_still_there(
    host_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    async def main() -> Run:
        async with trace(TICKS, bpftrace=host_bpftrace.path, settings=settings) as run:
            assert await run.ready()
            watch(run.ending.pid)
        return run

    async def whole() -> Result:
        return await (await main()).result()

    assert value(anyio.run(whole), "@begun") == 7


def test_an_error_in_the_block_is_raised_as_it_is(
    host_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    async def main() -> None:
        async with trace(TICKS, bpftrace=host_bpftrace.path, settings=settings) as run:
            assert await run.ready()
            watch(run.ending.pid)
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        anyio.run(main)


def test_batches_tell_what_happens_in_order(host_bpftrace: InstalledBpftrace, settings: Settings) -> None:
    async def main() -> list[str]:
        phases: list[str] = []
        async with trace(
            TICKS, limits=Limits(seconds=0.2), bpftrace=host_bpftrace.path, settings=settings
        ) as run:
            async for batch in run:
                phases += [item.phase for item in batch if isinstance(item, Progress)]
        return phases

    assert anyio.run(main) == ["tracing", "detaching", "ended"]


def test_a_killed_trace_keeps_its_rows_and_says_that_its_maps_are_lost(
    host_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    program = "BEGIN { print((1, 2)); @begun = 7; } interval:s:1000 { exit(); }"

    async def main() -> Result:
        async with trace(program, bpftrace=host_bpftrace.path, settings=settings) as run:
            assert await run.ready()
            watch(run.ending.pid)
            async for _ in run:
                if run.rows:
                    break
            await run.kill()
            return await run.result()

    result = anyio.run(main)
    assert (result.status, result.complete) == ("stopped", False)
    assert result.rows == 1
    assert "its maps are lost" in result.reason


def test_two_traces_run_at_once_and_do_not_mix(
    any_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    results: dict[int, Result] = {}
    ready = [anyio.Event, anyio.Event]

    async def one(number: int, mine: anyio.Event, other: anyio.Event) -> None:
        program = f"BEGIN {{ @me = {number}; }} interval:s:1000 {{ exit(); }}"
        async with trace(program, bpftrace=any_bpftrace.path, settings=settings) as run:
            assert await run.ready()
            watch(run.ending.pid)
            mine.set()
            await other.wait()
        results[number] = await run.result()

    async def main() -> None:
        first, second = (make() for make in ready)
        async with anyio.create_task_group() as group:
            group.start_soon(one, 1, first, second)
            group.start_soon(one, 2, second, first)

    anyio.run(main)
    assert {number: value(result, "@me") for number, result in results.items()} == {1: 1, 2: 2}


def test_a_snapshot_shows_the_maps_of_a_running_trace(
    any_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    program = "BEGIN { @begun = 7; } interval:s:1000 { exit(); }"

    async def main() -> tuple[list[str], Result]:
        async with trace(program, bpftrace=any_bpftrace.path, settings=settings) as run:
            assert await run.ready()
            watch(run.ending.pid)
            names = [table.name for table in await run.snapshot()]
            assert run.phase == "tracing"
        return names, await run.result()

    names, result = anyio.run(main)
    assert names == ["@begun"]
    assert value(result, "@begun") == 7


# --- the user's command


def test_a_trace_of_a_command_ends_with_it(any_bpftrace: InstalledBpftrace, settings: Settings) -> None:
    program = "tracepoint:syscalls:sys_enter_getppid /pid == __GPTTRACE_CMD__/ { @calls = count(); }"
    script = "import os, sys\nfor _ in range(23): os.getppid()\nsys.exit(5)"
    result = sync.run(
        program, command=[sys.executable, "-S", "-c", script], bpftrace=any_bpftrace.path, settings=settings
    )
    assert (result.status, result.command_status) == ("ok", 5)
    assert result.reason == "the command ended with exit status 5"
    assert value(result, "@calls") == 23


def test_what_a_command_prints_is_told_apart_from_the_trace(
    host_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    said: list[str] = []
    result = sync.run(
        "BEGIN { @x = 1; }",
        command=[
            "sh",
            "-c",
            'echo \'{"type": "map", "data": {"@x": 666}}\'; pwd; echo "$1"',
            "sh",
            "h\u00e9",
        ],
        bpftrace=host_bpftrace.path,
        settings=settings,
        on_batch=lambda batch: said.extend(item.text for item in batch if isinstance(item, CommandOutput)),
    )
    assert value(result, "@x") == 1
    assert "666" in "".join(said)
    assert f"{os.getcwd()}\nh\u00e9\n" in "".join(said)


def test_the_time_limit_ends_the_command_too(host_bpftrace: InstalledBpftrace, settings: Settings) -> None:
    result = sync.run(
        "BEGIN { @x = __GPTTRACE_CMD__; }",
        command=["sleep", "1000"],
        limits=Limits(seconds=0.2),
        bpftrace=host_bpftrace.path,
        settings=settings,
    )
    assert (result.status, result.command_status) == ("time_limit", -15)
    assert result.complete, result.reason
    assert not os.path.exists(f"/proc/{value(result, '@x')}")


def test_a_command_that_does_not_exist_is_refused_before_anything_runs(
    host_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    with pytest.raises(UsageError, match="no command 'no-such-command'"):
        sync.run("BEGIN { }", command=["no-such-command"], bpftrace=host_bpftrace.path, settings=settings)


def test_a_missing_bpftrace_is_told_before_anything_runs(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="no program at /no/bpftrace"):
        sync.run("BEGIN { }", settings=replace(settings, bpftrace="/no/bpftrace"))


def test_without_the_right_to_trace_nothing_runs_and_the_hint_says_what_to_do(
    host_bpftrace: InstalledBpftrace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(NotPermitted, match="tracing needs root") as caught:
        sync.run("BEGIN { }", bpftrace=host_bpftrace.path, settings=settings)
    assert caught.value.hint == "run it again with `sudo`"
    assert not settings.state_dir.exists()


def test_a_program_that_is_too_long_is_refused_before_it_runs(
    host_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    with pytest.raises(UsageError, match="longer than 512 KiB"):
        sync.run("/*" + " " * (513 << 10) + "*/ BEGIN { }", bpftrace=host_bpftrace.path, settings=settings)
