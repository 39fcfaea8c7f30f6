"""However a trace at the command line ends, its result is printed, the exit code is right and nothing stays attached."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpttrace.testing import InstalledBpftrace, require

pytestmark = pytest.mark.kernel

GPTTRACE = str(Path(sys.executable).with_name("gpttrace"))
COUNTING = "interval:ms:10 { @beats = count(); }"
PRINTING = 'interval:ms:10 { printf("beat %d\\n", cpu); }'


@pytest.fixture
def own_session(host_bpftrace: InstalledBpftrace) -> Iterator[list[subprocess.Popen[str]]]:
    """Collect processes that a test starts; each is gone when the test is over."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _start(started: list[subprocess.Popen[str]], program: str, *args: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [GPTTRACE, "run", "-e", program, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started.append(process)
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if "tracing" in line:
            return process
    pytest.fail(f"the trace never began: {seen}")


def _tracers_below(pid: int) -> list[int]:
    """Return the processes below `pid`, by /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _none_left(pids: list[int]) -> None:
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        import select

        poll = select.poll()
        poll.register(fd, select.POLLIN)
        assert poll.poll(5000), f"process {pid} is still there"
        os.close(fd)


def test_ctrl_c_ends_the_run_and_prints_its_result(own_session: list[subprocess.Popen[str]]) -> None:
    process = _start(own_session, COUNTING)
    below = _tracers_below(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    assert "@beats" in out
    assert below
    _none_left(below)


def test_sigterm_ends_the_run_and_prints_its_result(own_session: list[subprocess.Popen[str]]) -> None:
    process = _start(own_session, COUNTING)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)

    assert "@beats" in out


def test_a_second_ctrl_c_ends_at_once_and_keeps_what_was_read(
    own_session: list[subprocess.Popen[str]],
) -> None:
    process = _start(own_session, PRINTING)
    below = _tracers_below(process.pid)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert "beat" in first or "cpu" in first
    assert "Traceback" not in err
    _none_left(below)


def test_the_time_limit_ends_the_run(own_session: list[subprocess.Popen[str]]) -> None:
    process = _start(own_session, COUNTING, "--for", "1s")
    out, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    assert "@beats" in out


def test_a_reader_that_leaves_ends_a_printing_trace_without_a_word(
    own_session: list[subprocess.Popen[str]],
) -> None:
    process = _start(own_session, PRINTING)
    below = _tracers_below(process.pid)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    _, err = process.communicate(timeout=30)

    assert process.returncode == 141
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    _none_left(below)


def test_a_reader_that_leaves_ends_a_counting_trace_too(own_session: list[subprocess.Popen[str]]) -> None:
    process = _start(own_session, COUNTING)
    assert process.stdout is not None
    process.stdout.close()
    process.communicate(timeout=30)

    assert process.returncode == 141


def test_a_full_disk_says_where_the_result_is_kept(host_bpftrace: InstalledBpftrace, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(full)], check=False)
    require(mounted.returncode == 0, "a small file system cannot be mounted")
    try:
        (full / "filler").write_bytes(b"x" * 61440)
        program = 'interval:ms:1 { @[nsecs, "a text that takes room in a small file system"] = 1; }'
        done = subprocess.run(
            [GPTTRACE, "run", "-e", program, "--for", "1s", "-o", str(full / "result.csv")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        kept = subprocess.run(
            [GPTTRACE, "runs", "show", "last", "--json"], capture_output=True, text=True, check=True
        )
    finally:
        subprocess.run(["umount", str(full)], check=True)

    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "gpttrace runs show" in done.stderr
    assert "a text that takes room" in done.stdout
    assert kept.stdout.count("a text that takes room") > 100


def test_a_standard_output_that_is_full_is_said_and_the_result_is_kept(
    host_bpftrace: InstalledBpftrace,
) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [GPTTRACE, "run", "-e", COUNTING, "--for", "1s"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    kept = subprocess.run(
        [GPTTRACE, "runs", "show", "last", "--json"], capture_output=True, text=True, check=True
    )

    assert done.returncode == 1
    assert "standard output could not be written: No space left on device" in done.stderr
    assert "unexpected" not in done.stderr
    assert "@beats" in kept.stdout


def test_without_a_place_for_the_run_store_the_result_is_still_printed(
    host_bpftrace: InstalledBpftrace,
) -> None:
    done = subprocess.run(
        [GPTTRACE, "run", "-e", COUNTING, "--for", "1s"],
        env={**os.environ, "GPTTRACE_STATE": "/proc/nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0
    assert "@beats" in done.stdout
    assert "was not saved" in done.stderr
