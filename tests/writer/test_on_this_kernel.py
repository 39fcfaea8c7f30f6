"""The catalogue against a real kernel, and the writer's programs run for real on workloads whose numbers are known."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.bundles import bundle
from tests.writer.conftest import programs_for

from gpttrace.host import Host
from gpttrace.host.bpftrace import Bpftrace
from gpttrace.testing import InstalledBpftrace, require
from gpttrace.trace.supervisor.child import attached_probes
from gpttrace.writer.offline import write_offline

pytestmark = pytest.mark.kernel

_ARGS = re.compile(r"args->(\w+)")
READY = 'BEGIN\n{\n\tprintf("ready\\n");\n}\n'


@pytest.mark.timeout(900)
def test_every_form_of_program_compiles(any_bpftrace: InstalledBpftrace, this_host: Host) -> None:
    inside = any_bpftrace.root == Path("/")  # another release's tree has libraries of its own
    programs = [
        text
        for _, text in programs_for(this_host, any_bpftrace.version)
        if inside or not _IN_LIBRARY.search(text)
    ]
    bundles = [programs[at : at + BUNDLE] for at in range(0, len(programs), BUNDLE)]
    folder = any_bpftrace.root / f"tmp/gpttrace-compile-{os.getpid()}"
    folder.mkdir()
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            said = list(
                pool.map(
                    lambda number: _refused(any_bpftrace, folder, number, bundles[number]),
                    range(len(bundles)),
                )
            )
    finally:
        shutil.rmtree(folder)
    assert len(programs) > 300
    assert [text for texts in said for text in texts] == []


_IN_LIBRARY = re.compile(r"^(?:uprobe|uretprobe|usdt):", re.MULTILINE)
BUNDLE = 30


def _refused(installed: InstalledBpftrace, folder: Path, number: int, programs: list[str]) -> list[str]:
    if not programs:
        return []
    path = folder / f"{number}-{len(programs)}-{abs(hash(programs[0]))}.bt"
    path.write_text(bundle(programs) if programs[1:] else programs[0])
    done = _bpftrace(installed, *installed.compile_only, f"/tmp/{folder.name}/{path.name}")
    if done.returncode == 0:
        return []
    if len(programs) == 1:
        return [f"{programs[0]}\n{done.stderr[-400:]}"]
    half = len(programs) // 2
    return [
        *_refused(installed, folder, number, programs[:half]),
        *_refused(installed, folder, number, programs[half:]),
    ]


def _bpftrace(installed: InstalledBpftrace, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([installed.path, *args], capture_output=True, text=True, timeout=60, check=False)


# ------------------------------------------------------------------------------------------------- runs

WORKLOAD = """
import os, sys, mmap, time
name = os.open("/proc/self/comm", os.O_WRONLY)
hostname = "/etc/hostname"
os.write(name, b"gptworkload")
{body}
os.write(name, b"done")
"""


def run_workload(body: str) -> None:
    """Run statements in a process that is called `gptworkload` only while they run."""
    subprocess.run([sys.executable, "-c", WORKLOAD.format(body=body)], check=True, timeout=60)


@contextmanager
def traced(installed: InstalledBpftrace, text: str) -> Iterator[list[str]]:
    """Run a program while the block runs; the list holds its output afterwards."""
    path = installed.root / f"tmp/gpttrace-run-{os.getpid()}.bt"
    path.write_text(text + "\n" + READY)
    output: list[str] = []
    # -B none: without it bpftrace 0.17 keeps `ready` in its buffer when it writes to a pipe.
    with subprocess.Popen(
        [installed.path, "-B", "none", f"/tmp/{path.name}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            for line in process.stdout:
                output.append(line)
                if line == "ready\n":
                    break
            assert output[-1:] == ["ready\n"], (output, process.stderr.read())
            output.clear()
            _until_attached(process.pid)
            yield output
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            output += process.stdout.readlines()
            process.wait(timeout=60)
            path.unlink()


def _until_attached(pid: int) -> None:
    """Wait until a tracer attaches no more: its BEGIN runs before its other probes are there.

    On a busy machine one probe may take some tenths of a second: no new one for half a second is the end.
    """
    seen, same = -1, 0
    while same < 5:
        held = attached_probes(pid)
        same = same + 1 if held and held == seen else 0
        seen = held
        time.sleep(0.1)


def program_for(question: str) -> str:
    draft = write_offline(question, Host.local())
    assert draft.program is not None, draft.refused
    return draft.program


def test_each_opened_file_is_one_row_and_failures_are_none(any_bpftrace: InstalledBpftrace) -> None:
    with traced(any_bpftrace, program_for("files opened by process gptworkload")) as output:
        run_workload(
            "for _ in range(23): os.close(os.open(hostname, os.O_RDONLY))\n"
            "for _ in range(5):\n    try: os.open('/nowhere', os.O_RDONLY)\n    except OSError: pass"
        )
    rows = [line.split(maxsplit=2)[1:] for line in output if " gptworkload " in line]
    assert rows == [["gptworkload", "/etc/hostname\n"]] * 23


def test_failed_opens_carry_the_error(any_bpftrace: InstalledBpftrace) -> None:
    with traced(any_bpftrace, program_for("failed opens by process gptworkload")) as output:
        run_workload(
            "for _ in range(7):\n    try: os.open('/nowhere', os.O_RDONLY)\n    except OSError: pass\n"
            "os.close(os.open(hostname, os.O_RDONLY))"
        )
    rows = [line.split()[1:] for line in output if " gptworkload " in line]
    assert rows == [["gptworkload", "/nowhere", "-2"]] * 7


def test_bytes_read_are_summed_exactly(any_bpftrace: InstalledBpftrace) -> None:
    with traced(any_bpftrace, program_for("bytes read by process")) as output:
        run_workload(
            "zero = os.open('/dev/zero', os.O_RDONLY)\nfor _ in range(17): os.read(zero, 1009)\n"
            "os.read(os.open('/dev/null', 0), 10)"
        )
    assert "@bytes[gptworkload]: 17153\n" in output


def test_read_sizes_fall_into_their_buckets(any_bpftrace: InstalledBpftrace) -> None:
    with traced(
        any_bpftrace, program_for("read size distribution by process gptworkload, by process")
    ) as output:
        run_workload(
            "zero = os.open('/dev/zero', os.O_RDONLY)\nfor _ in range(13): os.read(zero, 600)\nos.read(zero, 5000)"
        )
    buckets = [line.split("|")[0].split() for line in output if line.startswith("[")]
    assert ["[512,", "1K)", "13"] in buckets
    assert ["[4K,", "8K)", "1"] in buckets


def test_one_system_call_is_counted_exactly(any_bpftrace: InstalledBpftrace) -> None:
    with traced(any_bpftrace, program_for("getppid syscalls by process")) as output:
        run_workload("for _ in range(31): os.getppid()")
    assert "@calls[gptworkload]: 31\n" in output


def test_all_system_calls_are_counted(any_bpftrace: InstalledBpftrace) -> None:
    with traced(any_bpftrace, program_for("syscall count by program")) as output:
        run_workload("for _ in range(1009): os.getppid()")
    counts = [int(line.split(": ")[1]) for line in output if line.startswith("@calls[gptworkload]")]
    assert len(counts) == 1
    assert 1009 <= counts[0] < 1019


def test_page_faults_are_counted(any_bpftrace: InstalledBpftrace) -> None:
    with traced(any_bpftrace, program_for("page faults by process")) as output:
        run_workload(
            "area = mmap.mmap(-1, 997 * 4096)\nif hasattr(area, 'madvise'): area.madvise(mmap.MADV_NOHUGEPAGE)\n"
            "for page in range(997): area[page * 4096] = 1"
        )
    counts = [int(line.split(": ")[1]) for line in output if line.startswith("@faults[gptworkload]")]
    assert len(counts) == 1
    assert 997 <= counts[0] < 1100


def test_slow_sleeps_carry_their_time(any_bpftrace: InstalledBpftrace) -> None:
    with traced(any_bpftrace, program_for("sleeps longer than 20 ms of process gptworkload")) as output:
        run_workload("time.sleep(0.001)\ntime.sleep(0.05)")
    times = [int(line.split()[2]) for line in output if " gptworkload " in line]
    assert len(times) == 1
    assert times[0] >= 50_000_000


def test_run_queue_waits_are_seen(any_bpftrace: InstalledBpftrace) -> None:
    with traced(any_bpftrace, program_for("run queue latency by process")) as output:
        run_workload("for _ in range(50): time.sleep(0.001)")
    assert any(line.startswith("@latency[gptworkload]") for line in output)


def test_calls_of_a_function_of_a_program_are_counted(any_bpftrace: InstalledBpftrace) -> None:
    question = "count calls of function initialize_shell_variables in /bin/bash by process"
    with traced(any_bpftrace, program_for(question)) as output:
        for _ in range(3):
            subprocess.run(["chroot", any_bpftrace.root, "/bin/bash", "-c", ":"], check=True, timeout=10)
    assert "@calls[bash]: 3\n" in output


def test_started_programs_are_named(any_bpftrace: InstalledBpftrace) -> None:
    with traced(any_bpftrace, program_for("new processes")) as output:
        subprocess.run(["/bin/true"], check=True, timeout=10)
    assert any(line.split()[1:] == ["true", "/bin/true"] for line in output)


def test_started_programs_carry_their_arguments(any_bpftrace: InstalledBpftrace) -> None:
    host = replace(Host.local(), tool=Bpftrace(any_bpftrace.path, any_bpftrace.version))
    program = write_offline("new processes with their arguments", host).program
    assert program is not None
    with traced(any_bpftrace, program) as output:
        subprocess.run(["/bin/echo", "one", "two"], check=True, timeout=10, stdout=subprocess.DEVNULL)
    # bpftrace 0.17 has room for one of them.
    expected = (
        ["echo", "/bin/echo", "one"]
        if any_bpftrace.version < (0, 20)
        else ["echo", "/bin/echo", "one", "two"]
    )
    assert any(line.split()[1:] == expected for line in output)


def test_user_stacks_of_a_busy_process_are_sampled(any_bpftrace: InstalledBpftrace) -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with traced(any_bpftrace, program_for(f"user stacks at 99 Hz for PID {busy.pid}")) as output:
            run_workload("end = time.monotonic() + 0.5\nwhile time.monotonic() < end: pass")
    finally:
        busy.kill()
        busy.wait(timeout=10)
    assert any(line.startswith("@stacks[") for line in output)


def test_only_processes_of_the_cgroup_are_seen(any_bpftrace: InstalledBpftrace, this_host: Host) -> None:
    require(this_host.cgroup_root is not None, "cgroup version 2 is not mounted")
    assert this_host.cgroup_root is not None
    group = this_host.cgroup_root / f"gpttrace-test-{os.getpid()}"
    group.mkdir()
    try:
        with traced(any_bpftrace, program_for(f"files opened by processes of cgroup {group.name}")) as output:
            run_workload("os.close(os.open(hostname, os.O_RDONLY))")
            enter = f"open('{group}/cgroup.procs', 'w').write(str(os.getpid()))\n"
            run_workload(enter + "for _ in range(11): os.close(os.open(hostname, os.O_RDONLY))")
    finally:
        group.rmdir()
    assert sum("/etc/hostname" in line for line in output) == 11


def test_the_disk_requests_of_a_direct_read_have_their_size(
    any_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    with traced(any_bpftrace, program_for("trace disk reads by process")) as output:
        run_workload(
            f"path = '{tmp_path}/data'\nopen(path, 'wb').write(bytes(1 << 20))\nfd = os.open(path, os.O_RDONLY)\nos.fsync(fd)\n"
            "direct = os.open(path, os.O_RDONLY | os.O_DIRECT)\narea = mmap.mmap(-1, 65536)\nos.readv(direct, [area])"
        )
    sizes = [int(line.split()[2]) for line in output if " gptworkload " in line]
    require(sizes, "the temporary folder is not on a disk")
    assert sum(sizes) == 65536
