"""Whatever ends a trace, nothing stays attached, and what the kernel did not take away is there."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import anyio
import pytest

from gpttrace import sync
from gpttrace.check.policy import Policy
from gpttrace.errors import GpttraceError, NotPermitted, ProgramRejected, StoreError
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace.instrument import prepare
from gpttrace.trace.launch import Order, launch, supervisor_argv
from gpttrace.trace.limits import Limits
from gpttrace.trace.plan import Plan
from gpttrace.trace.recovery import recover
from gpttrace.trace.result import Result
from gpttrace.trace.run import Run, trace
from gpttrace.trace.store import Store

pytestmark = pytest.mark.kernel
Watcher = Callable[[int], None]

WAITING = "BEGIN { @begun = 7; print((1, 2)); } interval:s:1000 { exit(); }"
# Twenty tracepoints take about 1.6 s to detach: room for a second ^C.
MANY = "BEGIN { @begun = 7; } " + " ".join(
    f"tracepoint:syscalls:sys_enter_{name} {{ @c = count(); }}"
    for name in [
        "acct",
        "adjtimex",
        "alarm",
        "bind",
        "capget",
        "capset",
        "chmod",
        "chown",
        "chroot",
        "creat",
        "dup",
        "dup3",
        "fallocate",
        "fchmod",
        "fchown",
        "fdatasync",
        "flock",
        "fsetxattr",
        "getcpu",
        "getitimer",
    ]
)


def flood(pid: int) -> str:
    """A program that prints a row for each getppid(2) of a busy process."""
    return (
        "BEGIN { @begun = 7; } tracepoint:syscalls:sys_enter_getppid "
        f"/pid == {pid}/ {{ print((nsecs, pid, comm)); @calls = count(); }}"
    )


def begun(result: Result) -> object:
    """The value of the map that each program here sets first."""
    return next(iter(result.table("@begun").rows()))[-1]


@contextmanager
def end_of(pid: int) -> Iterator[None]:
    """Leave the block only when that process, which runs now, has ended."""
    fd = os.pidfd_open(pid)
    try:
        yield
        assert select.select([fd], [], [], 30)[0], f"process {pid} still runs"
    finally:
        os.close(fd)


def traced(
    program: str,
    bpftrace: InstalledBpftrace | str,
    settings: Settings,
    watch: Watcher | None = None,
    limits: Limits | None = None,
) -> Result:
    """Run a program to its end and note its bpftrace while it is attached."""
    path = bpftrace if isinstance(bpftrace, str) else bpftrace.path

    async def main() -> Result:
        async with trace(program, limits=limits, bpftrace=path, settings=settings) as run:
            if await run.ready() and watch:
                watch(run.ending.pid)
            return await run.result()

    return anyio.run(main)


# --- the parent


def test_control_c_in_the_foreground_ends_the_trace_and_its_result_is_returned(
    any_bpftrace: InstalledBpftrace, start_parent: Callable[..., Any], watch: Watcher
) -> None:
    parent = start_parent(WAITING, any_bpftrace.path)
    parent.wait_for("tracing")
    watch(*parent.tracers())
    parent.send(signal.SIGINT)
    result = parent.result()
    assert (result["status"], result["complete"]) == ("stopped", True)
    assert [table["rows"] for table in result["tables"] if table["name"] == "@begun"] == [[[7]]]


def test_a_second_control_c_kills_the_trace_and_returns_what_was_read(
    host_bpftrace: InstalledBpftrace, start_parent: Callable[..., Any], watch: Watcher
) -> None:
    parent = start_parent(MANY, host_bpftrace.path)
    parent.wait_for("tracing")
    watch(*parent.tracers())
    parent.send(signal.SIGINT)
    parent.wait_for("detaching")
    parent.send(signal.SIGINT)
    result = parent.result()
    assert (result["status"], result["complete"]) == ("stopped", False)


def test_control_c_without_a_running_trace_cancels_the_call() -> None:
    async def wait() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await anyio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        sync.call(wait)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_trace_whose_parent_is_ended_is_recovered_with_its_maps(
    any_bpftrace: InstalledBpftrace,
    start_parent: Callable[..., Any],
    settings: Settings,
    watch: Watcher,
    number: signal.Signals,
) -> None:
    parent = start_parent(WAITING, any_bpftrace.path)
    parent.wait_for("tracing")
    assert recover(settings) == []  # it runs: not ours to take
    (supervisor,), (tracer,) = parent.supervisors(), parent.tracers()
    watch(tracer)
    with end_of(supervisor):
        parent.send(number)
    (run_id,) = recover(settings)
    result = Store(settings.state_dir).load(run_id)
    assert (result.status, result.complete, begun(result)) == ("stopped", True, 7)
    assert result.program == WAITING
    assert recover(settings) == []


def test_a_flood_whose_parent_is_killed_is_recovered_with_its_rows_and_maps(
    any_bpftrace: InstalledBpftrace,
    start_parent: Callable[..., Any],
    settings: Settings,
    busy: int,
    watch: Watcher,
) -> None:
    parent = start_parent(flood(busy), any_bpftrace.path)
    parent.wait_for("tracing")
    (supervisor,) = parent.supervisors()
    watch(*parent.tracers())
    with end_of(supervisor):
        parent.send(signal.SIGKILL)
    (run_id,) = recover(settings)
    result = Store(settings.state_dir).load(run_id)
    assert (result.status, result.complete, begun(result)) == ("stopped", True, 7)
    assert len(result.table("print:1")) > 0


def test_a_trace_whose_supervisor_is_killed_keeps_its_rows(
    any_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    async def main() -> Result:
        async with trace(WAITING, bpftrace=any_bpftrace.path, settings=settings) as run:
            assert await run.ready()
            watch(run.ending.pid)
            async for _ in run:
                if run.rows:
                    break
            os.kill(run.supervisor_pid, signal.SIGKILL)
            return await run.result()

    result = anyio.run(main)
    assert (result.status, result.complete) == ("tool_error", False)
    assert result.rows == 1


def test_a_supervisor_that_is_asked_to_end_ends_its_trace_gracefully(
    host_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    async def main() -> Result:
        async with trace(WAITING, bpftrace=host_bpftrace.path, settings=settings) as run:
            assert await run.ready()
            watch(run.ending.pid)
            os.kill(run.supervisor_pid, signal.SIGTERM)
            return await run.result()

    result = anyio.run(main)
    assert (result.status, result.complete, begun(result)) == ("stopped", True, 7)


def test_cancelling_the_task_stops_the_trace_and_keeps_the_data(
    any_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    runs: list[Run] = []

    async def body(scope: anyio.CancelScope) -> None:
        with scope:
            async with trace(WAITING, bpftrace=any_bpftrace.path, settings=settings) as run:
                runs.append(run)
                assert await run.ready()
                watch(run.ending.pid)
                scope.cancel()
                await anyio.sleep_forever()

    async def main() -> Result:
        await body(anyio.CancelScope())
        return await runs[0].result()

    result = anyio.run(main)
    assert (result.status, result.complete, begun(result)) == ("stopped", True, 7)
    assert begun(Store(settings.state_dir).load(result.run_id)) == 7


def test_a_parent_that_does_not_read_delays_no_stop_and_loses_no_map(
    any_bpftrace: InstalledBpftrace, busy: int, watch: Watcher
) -> None:
    order = Order(any_bpftrace.path, flood(busy), Limits(seconds=1))

    async def main() -> bytes:
        link = await launch(order)
        async with link:
            events = link.events()
            pid = 0
            async for event in events:
                pid = event.get("pid", pid)
                if event["event"] == "ready":
                    watch(pid)
                if event["event"] == "exit":
                    break
            # The supervisor has ended bpftrace although not one byte of its output was read.
            assert (event["cause"], event["forced"], event["rc"]) == ("time_limit", False, 0)
            return b"".join([chunk async for chunk in link.data()])

    lines = anyio.run(main).splitlines()
    maps = [json.loads(line)["data"] for line in lines if line.startswith(b'{"type": "map"')]
    assert {"@begun": 7} in maps


def test_a_reader_that_closes_its_end_stops_the_trace(
    host_bpftrace: InstalledBpftrace, busy: int, watch: Watcher
) -> None:
    order = Order(host_bpftrace.path, flood(busy), Limits())
    with subprocess.Popen(supervisor_argv(), stdin=PIPE, stdout=PIPE, stderr=PIPE) as supervisor:
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        assert supervisor.stderr is not None
        supervisor.stdin.write(order.header())
        supervisor.stdin.flush()
        events = map(json.loads, supervisor.stderr)
        pid = next(event["pid"] for event in events if event["event"] == "started")
        next(event for event in events if event["event"] == "ready")
        watch(pid)
        supervisor.stdout.close()
        assert next(event["cause"] for event in events if event["event"] == "exit") == "parent_gone"


def test_a_stop_while_probes_are_being_attached_leaves_nothing(
    any_bpftrace: InstalledBpftrace, settings: Settings, watch: Watcher
) -> None:
    async def main() -> Result:
        async with trace(MANY, bpftrace=any_bpftrace.path, settings=settings) as run:
            await run.stop()
            if await run.ready():
                watch(run.ending.pid)
            return await run.result()

    result = anyio.run(main)
    assert (result.status, result.complete, begun(result)) == ("stopped", True, 7)


# --- too much


def test_a_flood_ends_in_time_with_its_maps(
    any_bpftrace: InstalledBpftrace, settings: Settings, busy: int, watch: Watcher
) -> None:
    result = traced(flood(busy), any_bpftrace, settings, watch, Limits(seconds=1, rows=10_000_000))
    assert (result.status, result.complete, begun(result)) == ("time_limit", True, 7)
    assert result.rows > 1000


def test_the_row_limit_ends_a_trace_with_its_maps_and_no_more_rows(
    any_bpftrace: InstalledBpftrace, settings: Settings, busy: int, watch: Watcher
) -> None:
    result = traced(flood(busy), any_bpftrace, settings, watch, Limits(rows=500))
    assert (result.status, result.complete, begun(result)) == ("row_limit", True, 7)
    assert result.reason == "the limit of 500 rows was reached"
    assert sum(len(table) for table in result.tables if table.kind == "events") == 500


def test_the_limit_of_output_ends_a_trace_with_its_maps(
    host_bpftrace: InstalledBpftrace, settings: Settings, busy: int, watch: Watcher
) -> None:
    result = traced(flood(busy), host_bpftrace, settings, watch, Limits(output_bytes=100_000))
    assert (result.status, result.complete, begun(result)) == ("row_limit", True, 7)


def test_the_memory_limit_ends_a_trace_with_its_maps(
    any_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    result = traced(WAITING, any_bpftrace, settings, limits=Limits(memory=16 << 20))
    assert (result.status, result.complete, begun(result)) == ("memory_limit", True, 7)


# --- wrong programs


@pytest.mark.parametrize(
    "program",
    [
        "BEGIN { @x = nosuchbuiltin; }",
        "tracepoint:syscalls:sys_enter_nosuch { @x = count(); }",
        "BEGIN { $i = 0; while ($i >= 0) { $i++; @x = $i; } }",
    ],
    ids=["name", "probe", "verifier"],
)
def test_a_wrong_program_is_an_error_with_bpftraces_words(
    any_bpftrace: InstalledBpftrace, settings: Settings, program: str
) -> None:
    result = traced(program, any_bpftrace, settings)
    assert (result.status, result.complete, result.tables) == ("program_error", False, ())
    assert result.reason.startswith("bpftrace ")


@pytest.mark.parametrize(
    ("program", "error", "says"),
    [
        ("BEGIN { @x = ; }", ProgramRejected, "line 1: expected an expression"),
        ("BEGIN { }\nnosuchtype:x:y { @x = count(); }", ProgramRejected, "line 2: unknown probe type"),
        ('BEGIN { system("id"); }', NotPermitted, "line 1: system() changes the machine"),
        ("uretprobe:/bin/bash:readline { print(str(retval)); }", NotPermitted, "nobody has approved"),
    ],
)
def test_what_may_not_run_starts_nothing(
    settings: Settings, program: str, error: type[GpttraceError], says: str
) -> None:
    nowhere = replace(settings, bpftrace="/nonexistent/bpftrace")
    with pytest.raises(error) as caught:
        sync.run(program, settings=nowhere)
    assert says in caught.value.message
    assert caught.value.hint
    assert not settings.state_dir.exists()


def test_what_roots_policy_allows_runs(any_bpftrace: InstalledBpftrace, settings: Settings) -> None:
    program = 'BEGIN { system("echo said"); exit(); }'
    result = sync.run(program, bpftrace=any_bpftrace.path, settings=settings, policy=Policy(unsafe=True))
    assert result.status == "ok", result
    assert "said" in "".join(map(str, result.output))


@pytest.mark.skipif(Path("/sys/kernel/tracing/kprobe_events").exists(), reason="this kernel attaches kprobes")
def test_a_program_of_which_nothing_attaches_is_no_success(
    any_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    program = "kprobe:vfs_read,kprobe:vfs_write { @x = count(); }"
    result = traced(program, any_bpftrace, settings, limits=Limits(seconds=1000))
    assert (result.status, result.complete) == ("program_error", False)


def test_a_copy_that_bpftrace_refuses_is_replaced_by_a_plainer_one(
    any_bpftrace: InstalledBpftrace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare_badly(program: str, *, level: int, **options: Any) -> Plan:
        plan = prepare(program, level=level, **options)
        return replace(plan, text=plan.text + " nonsense") if level else plan

    monkeypatch.setattr("gpttrace.trace.run.prepare", prepare_badly)
    result = traced("BEGIN { @begun = 7; exit(); }", any_bpftrace, settings)
    assert (result.status, begun(result), result.ran) == ("ok", 7, result.program)
    assert any("less exact" in warning for warning in result.warnings)


# --- a full disk, and a store that cannot be written


def test_a_full_disk_stops_no_trace_and_is_told(
    host_bpftrace: InstalledBpftrace, settings: Settings, busy: int, watch: Watcher, tiny_disk: Path
) -> None:
    full = Settings(settings.bpftrace, tiny_disk, settings.cache_dir)
    result = traced(flood(busy), host_bpftrace, full, watch, Limits(seconds=0.5, rows=10_000_000))
    assert (result.status, result.complete, begun(result)) == ("time_limit", True, 7)
    assert any("safety copy" in warning for warning in result.warnings)
    assert any("was not saved" in warning for warning in result.warnings)


def test_a_store_that_cannot_be_written_stops_no_trace_and_is_told(
    host_bpftrace: InstalledBpftrace, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    result = traced(
        "BEGIN { @begun = 7; exit(); }",
        host_bpftrace,
        Settings(settings.bpftrace, tmp_path / "file", settings.cache_dir),
    )
    assert begun(result) == 7
    assert any("was not saved" in warning for warning in result.warnings)
    with pytest.raises(StoreError):
        Store(tmp_path / "file").save(result)


# --- a bpftrace that misbehaves (no real one can be made to)


def test_a_bpftrace_that_never_attaches_is_killed(
    misbehaving: Callable[[str], str], settings: Settings
) -> None:
    result = traced(
        "/* misbehave */ BEGIN { }",
        misbehaving("exec sleep 1000"),
        settings,
        limits=Limits(attach_seconds=0.3),
    )
    assert (result.status, result.complete) == ("tool_error", False)
    assert result.reason == "bpftrace did not attach its probes within 0.3 s and was killed"


def test_a_bpftrace_that_ignores_the_interrupt_is_killed_after_its_grace(
    misbehaving: Callable[[str], str], settings: Settings
) -> None:
    script = "trap '' INT; printf '__BPFTRACE_NOTIFY_PROBES_ATTACHED\\n%s\\n' \"$program\"; while :; do sleep 1000; done"
    result = traced(
        "/* misbehave */ BEGIN { }", misbehaving(script), settings, limits=Limits(seconds=0.1, grace=0.2)
    )
    assert (result.status, result.complete) == ("time_limit", False)
    assert "was killed: its maps are lost" in result.reason


LATE = """
import signal, sys, time
noticed = []
signal.signal(signal.SIGINT, lambda *_: noticed.append(1))
print("__BPFTRACE_NOTIFY_PROBES_ATTACHED", sys.argv[1], sep="\\n", flush=True)
while not noticed:
    time.sleep(0.01)
signal.signal(signal.SIGINT, signal.SIG_DFL)
end = time.process_time() + 1.5
while time.process_time() < end:
    pass
print("{\\"type\\": \\"printf\\", \\"data\\": \\"the maps\\"}")
"""


def test_a_bpftrace_that_has_detached_may_work_on_its_maps_for_longer_than_its_grace(
    misbehaving: Callable[[str], str], settings: Settings
) -> None:
    # As with thousands of user stacks: the interrupt is noticed and no longer caught, then symbols are looked for, silently.
    result = traced(
        "/* misbehave */ BEGIN { }",
        misbehaving(f"exec {sys.executable} -c '{LATE}' \"$program\""),
        settings,
        limits=Limits(seconds=0.1, grace=0.4),
    )
    assert (result.status, result.complete) == ("time_limit", True), result.reason
    assert "the maps" in "".join(result.output)


def test_a_bpftrace_that_crashes_keeps_what_it_printed(
    misbehaving: Callable[[str], str], settings: Settings
) -> None:
    script = (
        "printf '__BPFTRACE_NOTIFY_PROBES_ATTACHED\\n%s\\n' \"$program\"; "
        'printf \'{"type": "printf", "data": "kept"}\\ngarbage \\377 {"type": \'; kill -SEGV $$'
    )
    result = traced("/* misbehave */ BEGIN { }", misbehaving(script), settings)
    assert (result.status, result.complete) == ("tool_error", False)
    assert "SIGSEGV" in result.reason
    assert "kept" in "".join(result.output)
