"""Question → first row beside `bpftrace -e` alone, in turns in the same run; and what our own processes cost beside it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, median, seconds
from gpttrace.host import Host
from gpttrace.session import generate

TIMES = 5
QUESTION = "files opened by process"
OPENER = "while :; do cat /etc/hostname >/dev/null; done"
BUSY = "import os\nwhile True: os.getppid()"
EVENTS = 'tracepoint:syscalls:sys_enter_getppid { printf("%d %d %s %d\\n", pid, tid, comm, nsecs); }'


def figures() -> Iterator[Figure]:
    """Yield the two start times with their difference, and our CPU as a part of bpftrace's."""
    program = generate(QUESTION, host=Host.local()).program
    assert program is not None
    with workload("sh", "-c", OPENER):
        ours, theirs = [], []
        for _ in range(TIMES):
            theirs.append(_until_first_line("bpftrace", "-e", program))
            ours.append(_until_first_line(_gpttrace(), "--for", "30s", QUESTION))
    yield Figure("bpftrace -e, same program, first row", median(theirs), "s")
    yield Figure("gpttrace QUESTION, to its first row", median(ours), "s")
    yield Figure("ours above bpftrace's own", median(ours) - median(theirs), "s", 0.25)
    tracer, own = _cpu_beside_bpftrace()
    yield Figure("CPU of bpftrace while tracing", tracer, "s")
    yield Figure("CPU of supervisor and reader", own, "s")
    yield Figure("our CPU / bpftrace's", own / tracer, "", 0.1)


def _gpttrace() -> str:
    return str(Path(sys.executable).with_name("gpttrace"))


class workload:  # noqa: N801 - reads as a statement
    """A process of our own that keeps the traced events coming for the length of a `with`."""

    def __init__(self, *argv: str) -> None:
        self._process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self) -> int:
        return self._process.pid

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _until_first_line(*argv: str) -> float:
    # bpftrace alone says "Attaching …" first; a row is the first line that names a file.
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines = process.stdout
        taken = seconds(lambda: next(line for line in lines if "/" in line))
        process.send_signal(signal.SIGINT)
        lines.read()
    return taken


def _cpu_beside_bpftrace() -> tuple[float, float]:
    from gpttrace import sync
    from gpttrace.trace import Batch, Limits, Progress

    assert shutil.which("bpftrace")
    begun = _own_cpu()
    spent: dict[int, float] = {}

    def watch(batch: Batch) -> None:
        if any(isinstance(item, Progress) and item.phase == "detaching" for item in batch):
            spent.update({0: _own_cpu(), **_descendants_cpu(os.getpid())})

    with workload(sys.executable, "-c", BUSY) as busy:
        sync.run(EVENTS, limits=Limits(seconds=4, rows=10_000_000), on_batch=watch)
    tracer = sum(cpu for pid, cpu in spent.items() if _NAMES.get(pid) == "bpftrace")
    supervisor = sum(
        cpu for pid, cpu in spent.items() if _NAMES.get(pid) != "bpftrace" and pid not in (busy, 0)
    )
    return tracer, spent[0] - begun + supervisor


def _own_cpu() -> float:
    times = os.times()
    return times.user + times.system


def _descendants_cpu(root: int) -> dict[int, float]:
    found: dict[int, float] = {}
    ticks = os.sysconf("SC_CLK_TCK")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parent = int(fields[1])
        if parent == root or parent in found:
            found[int(entry.name)] = (int(fields[11]) + int(fields[12])) / ticks
            _NAMES[int(entry.name)] = _comm_now(entry)
    return found


_NAMES: dict[int, str] = {}


def _comm_now(entry: Path) -> str:
    try:
        return (entry / "comm").read_text().strip()
    except OSError:
        return ""
