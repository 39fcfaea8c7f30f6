"""Numbers are exact: prime counts of known work, sums over intervals, losses, and no trace of the tracer."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace.limits import Limits
from gpttrace.trace.result import Result
from gpttrace.trace.run import trace

pytestmark = pytest.mark.kernel
Traced = Callable[..., Result]
MINE = "/uid == 54321/ "
READ = f"tracepoint:syscalls:sys_enter_read {MINE}"
CALL = f"tracepoint:syscalls:sys_enter_getpgid {MINE}"


def rows(result: Result, name: str) -> list[tuple[Any, ...]]:
    return list(result.table(name).rows())


def test_opens_reads_and_page_faults_are_counted_to_the_last_one(traced: Traced) -> None:
    address = 0x5A5A_0000_0000
    sizes = [7 * n + 1 for n in range(47)]
    result = traced(
        f"tracepoint:syscalls:sys_enter_openat {MINE} {{ @opens = count(); }}"
        f"{READ} {{ @reads = count(); @bytes = sum(args->count); @sizes[args->count] = count(); }}"
        f"software:page-faults:1 {MINE} {{ @any = count(); }}"
        f"tracepoint:exceptions:page_fault_user "
        f"/uid == 54321 && args->address >= {address} && args->address < {address + 101 * 4096}/ {{ @faults = count(); }}",
        ("opens", b"/x", 23),
        ("reads", sizes),
        ("faults", address, 101),
    )
    assert rows(result, "@opens") == [(23,)]
    assert rows(result, "@reads") == [(47,)]
    assert rows(result, "@bytes") == [(sum(sizes),)]
    assert set(rows(result, "@sizes")) == {(size, 1) for size in sizes}
    assert rows(result, "@faults") == [(101,)]
    assert rows(result, "@any")[0][0] >= 101


def test_intervals_add_up_to_the_whole_though_two_processors_count_while_maps_are_cleared(
    traced: Traced,
) -> None:
    times = 60_013
    result = traced(
        CALL
        + "{ @n[cpu] = count(); @all = count(); @h[comm] = hist(cpu); @s[cpu] = sum(2); @a[comm] = stats(3); }"
        "interval:ms:5 { print(@n); clear(@n); print(@all); print(@h); clear(@all); clear(@h); "
        "print(@s); clear(@s); clear(@a); }",
        ("calls", [0, 1], times),
    )
    for name, factor in (("@n", 1), ("@s", 2)):
        per_cpu = Counter[int]()
        for _, cpu, count in rows(result, name):
            per_cpu[cpu] += count
        assert per_cpu == {0: factor * times, 1: factor * times}
    assert sum(row[-1] for row in rows(result, "@all")) == 2 * times
    assert sum(row[-1] for row in rows(result, "@h")) == 2 * times
    series = result.table("@n")
    assert (series.kind, series.names, series.columns[0].role) == ("series", ("time", "cpu", "count"), "time")
    moments = series.column("time")
    assert len(set(moments)) > 1
    assert moments == sorted(moments)
    assert abs(moments[-1] - datetime.now(UTC)) < timedelta(minutes=1)


def test_snapshots_without_a_clear_grow_to_the_whole(traced: Traced) -> None:
    program = CALL + "{ @n = count(); @k[comm] = count(); } interval:ms:5 { print(@n); print(@k, 1); }"
    result = traced(program, ("name", b"grows, it"), ("calls", [0], 30_011))
    for name in ("@n", "@k"):
        counts = result.table(name).column("count")
        assert counts == sorted(counts)
        assert counts[-1] == 30_011


def test_top_and_divisor_of_print_are_applied_to_exact_values(traced: Traced) -> None:
    program = READ + "{ @m[args->count] = sum(args->count); } END { print(@m, 2, 10); clear(@m); }"
    result = traced(program, ("reads", [100, 200, 300, 300]))
    assert result.table("@m").kind == "map"
    assert rows(result, "@m") == [(300, 60), (200, 20)]


def test_maps_that_the_program_clears_at_its_end_stay_cleared(traced: Traced) -> None:
    result = traced(
        READ + "{ @start[tid] = nsecs; @n = count(); } END { clear(@start); }", ("reads", [1, 2, 3])
    )
    assert rows(result, "@n") == [(3,)]
    assert "@start" not in [table.name for table in result.tables]


def test_a_pointer_may_be_a_predicate(traced: Traced) -> None:
    result = traced(
        f"tracepoint:syscalls:sys_enter_openat {MINE} {{ @name[tid] = args->filename; }}"
        "tracepoint:syscalls:sys_exit_openat /@name[tid]/ { @done = count(); delete(@name[tid]); }",
        ("opens", b"/x", 13),
    )
    assert rows(result, "@done") == [(13,)]


def test_every_event_that_does_not_arrive_is_counted(traced: Traced) -> None:
    times = 40_009
    program = CALL + '{ printf("%d %d %s\\n", cpu, nsecs, comm); @n[comm] = count(); }'
    result = traced(program, ("calls", [0, 1], times), ("pause", 1), buffer_pages=1)
    arrived = len(result.table("printf:1"))
    assert arrived + result.lost == 2 * times
    assert rows(result, "@n")[0][-1] == 2 * times


def test_a_trace_of_all_system_calls_shows_neither_bpftrace_nor_its_supervisor_nor_us(
    any_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    async def main() -> tuple[Result, set[int]]:
        program = "tracepoint:raw_syscalls:sys_enter { @[pid, comm] = count(); } interval:ms:700 { exit(); }"
        with anyio.fail_after(60):
            async with trace(program, bpftrace=any_bpftrace.path, settings=settings, keep=False) as run:
                assert await run.ready()
                pids = {run.ending.pid or 0, run.supervisor_pid or 0, os.getpid()}
                return await run.result(), pids

    result, pids = anyio.run(main)
    seen = set(result.table("@").column("pid"))
    assert 0 not in pids
    assert not seen & pids
    assert seen or len(result.table("@")) == 0


def test_a_program_that_asks_for_bpftrace_gets_it(
    any_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    async def main() -> Result:
        program = (
            'tracepoint:syscalls:sys_enter_write /comm == "bpftrace"/ { @n = count(); } '
            'interval:ms:50 { printf("x\\n"); } interval:ms:700 { exit(); }'
        )
        with anyio.fail_after(60):
            async with trace(
                program, bpftrace=any_bpftrace.path, limits=Limits(), settings=settings, keep=False
            ) as run:
                return await run.result()

    assert rows(anyio.run(main), "@n")[0][0] > 0
