"""A machine is the process's that started it: it ends with it, and nothing that was done in it stays."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.kernels.conftest import Laboratory
from tests.kernels.lab import Vm, missing

from gpttrace.testing import require

# What QEMU and we do is the same for every kernel.
ANY_MACHINE = pytest.mark.parametrize("release", [pytest.param("bookworm", marks=pytest.mark.vm)])
OWNER = """
import sys, time
from tests.kernels.lab import Vm
machine = Vm(sys.argv[1])
print(machine.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Tell whether a process has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@ANY_MACHINE
def test_a_machine_ends_with_the_process_that_started_it(release: str, tmp_path: Path) -> None:
    require(missing(release) is None, str(missing(release)))
    argv = [sys.executable, "-c", OWNER, release]
    # Who is killed cannot clear up, so its folder is ours.
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env) as owner:
        assert owner.stdout is not None
        leash = int(owner.stdout.readline())
        emulator = int(Path(f"/proc/{leash}/task/{leash}/children").read_text().split()[0])
        assert "qemu" in Path(f"/proc/{emulator}/cmdline").read_text()
        owner.kill()
    end = time.monotonic() + 10
    while alive(leash) or alive(emulator):
        assert time.monotonic() < end, "the machine has outlived its owner"
        select.select([], [], [], 0.05)


@ANY_MACHINE
def test_what_is_written_in_a_machine_is_gone_with_it(release: str, laboratory: Laboratory) -> None:
    first = laboratory.machine(release)
    assert first.run("sh", "-c", "echo here >/usr/written; cat /usr/written").stdout == "here\n"

    second = Vm(release)
    try:
        assert second.run("cat", "/usr/written").exit == 1
    finally:
        second.close()
    assert (alive(first.pid), alive(second.pid)) == (True, False)


def test_bytes_travel_as_they_are(vm: Vm) -> None:
    every = bytes(range(256)) * 999

    assert vm.run("cat", stdin=every).raw == every


def test_a_command_that_does_not_end_is_ended(vm: Vm) -> None:
    answer = vm.run("sh", "-c", "echo begun; sleep 60", timeout=1)

    assert (answer.exit, answer.stdout) == (None, "begun\n")


def test_a_command_that_does_not_exist_is_an_answer_too(vm: Vm) -> None:
    answer = vm.run("no-such-command")

    assert (answer.exit, "no-such-command" in answer.stderr) == (127, True)
