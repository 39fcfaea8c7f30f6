"""What the tests of running traces need: proof that nothing is left attached, busy processes, and parents to kill."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gpttrace.settings import Settings

BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
BPF_PROG_GET_FD_BY_ID = 13
PATIENCE = 30.0


def bpf_program_exists(number: int) -> bool:
    """Ask the kernel whether a BPF program of that id is loaded."""
    attributes = (ctypes.c_uint32 * 32)(number)
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(BPF_SYSCALL, BPF_PROG_GET_FD_BY_ID, ctypes.byref(attributes), ctypes.sizeof(attributes))
    if fd >= 0:
        os.close(fd)
        return True
    assert ctypes.get_errno() == errno.ENOENT, os.strerror(ctypes.get_errno())
    return False


def bpf_programs_of(pid: int) -> set[int]:
    """Return the ids of the BPF programs that a process holds."""
    found = set()
    for path in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(FileNotFoundError):  # closed while we look
            for line in path.read_text().splitlines():
                if line.startswith("prog_id:"):
                    found.add(int(line.split()[1]))
    return found


def until(condition: Callable[[], object], what: str) -> None:
    """Wait, bounded, for something that nothing announces."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"after {PATIENCE:g} s still not: {what}"
        select.select([], [], [], 0.01)


class Watch:
    """Remembers every bpftrace that a test met while it was attached, to prove that it and its probes are gone."""

    def __init__(self) -> None:
        self.pids: set[int] = set()
        self.programs: set[int] = set()

    def __call__(self, pid: int) -> None:
        """Note a bpftrace that is attached now."""
        programs = bpf_programs_of(pid)
        assert programs, f"process {pid} holds no BPF program: this watch would prove nothing"
        self.pids.add(pid)
        self.programs |= programs

    def gone(self, pid: int) -> bool:
        """Tell whether a process has ended."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    def prove(self) -> None:
        """Fail unless all is gone; freeing a program is the kernel's own, delayed work."""
        for pid in self.pids:
            until(lambda pid=pid: self.gone(pid), f"process {pid} is gone")  # type: ignore[misc] # bound now
        until(lambda: not any(map(bpf_program_exists, self.programs)), "no BPF program of ours is loaded")


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Note attached tracers with `watch(pid)`; at the end of the test all of them must be gone."""
    watch = Watch()
    yield watch
    watch.prove()


@pytest.fixture
def busy() -> Iterator[int]:
    """The pid of a process of our own that calls getppid(2) as fast as it can."""
    with subprocess.Popen([sys.executable, "-c", "import os\nwhile True: os.getppid()"]) as process:
        yield process.pid
        process.kill()


class Parent:
    """A Python process that runs a trace with the blocking API and tells what happens, one JSON line each."""

    SCRIPT = """
import json, sys
from pathlib import Path
from gpttrace import sync
from gpttrace.settings import Settings
from gpttrace.trace.limits import Limits
from gpttrace.trace.run import Progress
order = json.loads(sys.argv[1])
def tell(**what): print(json.dumps(what), flush=True)
def on_batch(batch):
    for item in batch:
        if isinstance(item, Progress):
            tell(phase=item.phase, text=item.text)
settings = Settings(order["bpftrace"], Path(order["state"]), Path(order["cache"]))
result = sync.run(order["program"], settings=settings, limits=Limits(**order["limits"]), on_batch=on_batch)
tell(result=result.to_json())
"""

    def __init__(self, program: str, bpftrace: str, settings: Settings, limits: dict[str, Any]) -> None:
        order = {
            "program": program,
            "bpftrace": bpftrace,
            "state": str(settings.state_dir),
            "cache": str(settings.cache_dir),
            "limits": limits,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.SCRIPT, json.dumps(order)], stdout=subprocess.PIPE, text=True
        )

    def wait_for(self, phase: str) -> None:
        """Read lines until the trace enters that phase."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if json.loads(line).get("phase") == phase:
                return
        pytest.fail(f"the parent ended before the phase {phase}")

    def result(self) -> dict[str, Any]:
        """Read the result that it prints."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if (result := json.loads(line).get("result")) is not None:
                assert isinstance(result, dict)
                return result
        pytest.fail("the parent ended without a result")

    def tracers(self) -> list[int]:
        """Return the pids of the bpftraces that run below it."""
        return [pid for supervisor in children(self.process.pid) for pid in children(supervisor)]

    def supervisors(self) -> list[int]:
        """Return the pids of its supervisors."""
        return children(self.process.pid)

    def send(self, number: signal.Signals) -> None:
        """Signal it."""
        self.process.send_signal(number)

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def children(pid: int) -> list[int]:
    """Return the pids of the processes that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


StartParent = Callable[..., Parent]


@pytest.fixture
def start_parent(settings: Settings) -> Iterator[StartParent]:
    """Start a Python process that traces: `start_parent(program, bpftrace, seconds=…)`."""
    parents: list[Parent] = []

    def start(program: str, bpftrace: str, **limits: Any) -> Parent:
        parents.append(Parent(program, bpftrace, settings, limits))
        return parents[-1]

    yield start
    for parent in parents:
        parent.close()


@pytest.fixture
def misbehaving(tmp_path: Path) -> Callable[[str], str]:
    """Make a bpftrace that is real until a program says `misbehave`; then it runs a shell script in its place.

    The script finds the program's text in `$program`; printing that says "ready", because the marker is in it.
    """

    def make(script: str) -> str:
        path = tmp_path / "bpftrace"
        path.write_text(
            "#!/bin/sh\nprogram=$(cat)\n"
            f'case "$program" in *misbehave*) {script} ;;\n'
            '*) printf %s "$program" | bpftrace "$@" ;; esac\n'
        )
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 64 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    _mount("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder))
    yield folder
    _mount("umount", str(folder))


def _mount(*argv: str) -> None:
    subprocess.run(argv, check=True, timeout=PATIENCE)
