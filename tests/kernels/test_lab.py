"""A machine is the process's that started it: it ends with it, and nothing that was done in it stays."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

from tests.kernels.lab import Vm

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


def test_a_machine_ends_with_the_process_that_started_it(vm: Vm) -> None:
    argv = [sys.executable, "-c", OWNER, vm.release]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        leash = int(owner.stdout.readline())
        emulator = int(Path(f"/proc/{leash}/task/{leash}/children").read_text().split()[0])
        assert "qemu" in Path(f"/proc/{emulator}/cmdline").read_text()
        owner.kill()
    end = time.monotonic() + 10
    while alive(leash) or alive(emulator):
        assert time.monotonic() < end, "the machine has outlived its owner"
        select.select([], [], [], 0.05)


def test_what_is_written_in_a_machine_is_gone_with_it(vm: Vm) -> None:
    assert vm.run("sh", "-c", "echo here >/usr/written; cat /usr/written").stdout == "here\n"

    other = Vm(vm.release)
    try:
        assert other.run("cat", "/usr/written").exit == 1
    finally:
        other.close()
    assert not alive(other.pid)
    assert os.path.exists(f"/proc/{vm.pid}")


def test_bytes_travel_as_they_are(vm: Vm) -> None:
    every = bytes(range(256)) * 999

    assert vm.run("cat", stdin=every).raw == every


def test_a_command_that_does_not_end_is_ended(vm: Vm) -> None:
    answer = vm.run("sh", "-c", "echo begun; sleep 60", timeout=1)

    assert (answer.exit, answer.stdout) == (None, "begun\n")


def test_a_command_that_does_not_exist_is_an_answer_too(vm: Vm) -> None:
    answer = vm.run("no-such-command")

    assert (answer.exit, "no-such-command" in answer.stderr) == (127, True)
