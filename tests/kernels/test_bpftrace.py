"""The laboratory itself is right: bpftrace of each release, on its release's kernel, counts a known number of calls exactly."""

from __future__ import annotations

import re

import pytest
from tests.kernels.lab import Vm

# A prime number of reads of an odd size: nothing else in the machine makes it by chance.
READS, SIZE = 37, 7
READING = f"busybox dd if=/dev/zero of=/dev/null bs={SIZE} count={READS}"
COUNTED = {
    "kprobe": f"kprobe:vfs_read /pid == cpid && arg2 == {SIZE}/",
    "kretprobe": f"kretprobe:vfs_read /pid == cpid && retval == {SIZE}/",
    "fentry": f"fentry:vfs_read /pid == cpid && args->count == {SIZE}/",
    "fexit": f"fexit:vfs_read /pid == cpid && retval == {SIZE}/",
    "tracepoint": f"tracepoint:syscalls:sys_enter_read /pid == cpid && args->count == {SIZE}/",
}
VERSIONS = {"bookworm": ("6.1.", "v0.17."), "trixie": ("6.12.", "v0.23."), "sid": ("", "v0.27.")}


def bpftrace(vm: Vm, program: str, *options: str) -> str:
    """Run a program that must end well, written as 0.23 spells it, and return what it printed."""
    answer = vm.run("bpftrace", "-q", "-e", spelled(vm, program), *options)
    assert answer.exit == 0, answer
    return answer.stdout


def spelled(vm: Vm, program: str) -> str:
    """Return a program as the machine's bpftrace spells it: 0.17 has other words for fentry and fexit."""
    if vm.release != "bookworm":
        return program
    return program.replace("fentry:", "kfunc:").replace("fexit:", "kretfunc:")


def test_the_machine_is_the_release_it_says(vm: Vm) -> None:
    kernel, version = VERSIONS[vm.release]

    assert vm.run("uname", "-r").stdout.startswith(kernel)
    assert vm.run("bpftrace", "--version").stdout.startswith(f"bpftrace {version}")


@pytest.mark.parametrize("kind", COUNTED)
def test_a_kind_counts_every_call(vm: Vm, kind: str) -> None:
    said = bpftrace(vm, COUNTED[kind] + " { @calls = count(); }", "-c", READING)

    assert re.findall(r"@calls: (\d+)", said) == [str(READS)]


def test_a_wrong_size_counts_nothing(vm: Vm) -> None:
    program = f"kprobe:vfs_read /pid == cpid && arg2 == {SIZE + 2}/ {{ @calls = count(); }}"

    said = bpftrace(vm, program, "-c", READING)

    assert re.findall(r"@calls: (\d+)", said) in ([], ["0"])


def test_an_iterator_sees_every_task(vm: Vm) -> None:
    asleep = (
        "cp /bin/busybox /tmp/sleep; for i in 1 2 3 4 5; do /tmp/sleep 9 >/dev/null 2>&1 & done; sleep 0.3; "
    )
    program = 'iter:task { if (ctx->task->comm == "sleep") { printf("asleep %d\\n", ctx->task->pid); } }'

    answer = vm.run("sh", "-c", f"{asleep} bpftrace -q -e '{program}'")

    assert len(set(re.findall(r"asleep \d+", answer.stdout))) == 5, answer
