"""What differs between kernels and between versions of bpftrace, asked of them: the checker and the writer stand on these facts.

Each row is a trap that was met or read of; the machines say on which of them it is one.
"""

from __future__ import annotations

import re

import pytest
from tests.kernels.lab import Answer, Vm

EVERYWHERE = {"bookworm", "trixie", "sid"}
TRACEABLE = {
    "vfs_read": EVERYWHERE,
    "__kmalloc": {"bookworm"},
    "__kmalloc_noprof": {"trixie", "sid"},
    "swap_readpage": {"bookworm"},
    "swap_read_folio": {"trixie", "sid"},
    "kfree_skb_reason": {"bookworm"},
    "sk_skb_reason_drop": {"trixie", "sid"},
    "do_unlinkat": {"bookworm", "trixie"},
    "filename_unlinkat": {"sid"},
    "blk_account_io_start": set(),
}
MEMBERS_OF_CFS_RQ = {
    "nr_running": {"bookworm", "trixie"},
    "nr_queued": {"sid"},
    "h_nr_running": {"bookworm"},
    "h_nr_queued": {"trixie", "sid"},
}
END = " interval:ms:200 { exit(); }"
# Seven reads past the page cache: as many requests and at least as many interrupts of the disk.
READING = "/usr/bin/dd if=/dev/vda of=/dev/null bs=4096 count=7 iflag=direct"
# What bpftrace returns: (0.17, 0.23, 0.27). What one attach point alone returns is asked in test_programs.py.
EXITS = {
    "kprobe:nope, kprobe:nope2 { @ = count(); }": (0, 0, 1),
    "kprobe:nope, kprobe:vfs_read { @ = count(); }": (0, 0, 1),
    "fentry:vfs_read { @ = args->count; }": (-6, 0, 0),
    "rawtracepoint:sched_switch { @ = count(); }": (-6, 0, 0),
    'tracepoint:irq:softirq_entry { printf("%s", args->vec == 1 ? "longer" : "short"); }': (0, 255, 0),
}


def bpftrace(vm: Vm, *argv: str) -> Answer:
    """Run bpftrace in a machine."""
    return vm.run("bpftrace", *argv)


def test_which_functions_can_be_traced(vm: Vm) -> None:
    listed = set(
        vm.run("cut", "-d", " ", "-f1", "/sys/kernel/tracing/available_filter_functions").stdout.split()
    )

    assert {name for name in TRACEABLE if name in listed} == {
        name for name, where in TRACEABLE.items() if vm.release in where
    }


def test_which_members_a_struct_has(vm: Vm) -> None:
    members = set(re.findall(r"(\w+);", bpftrace(vm, "-lv", "struct cfs_rq").stdout))

    assert {name for name in MEMBERS_OF_CFS_RQ if name in members} == {
        name for name, where in MEMBERS_OF_CFS_RQ.items() if vm.release in where
    }


@pytest.mark.parametrize("program", EXITS)
def test_what_bpftrace_returns(vm: Vm, program: str) -> None:
    exits = dict(zip(("bookworm", "trixie", "sid"), EXITS[program], strict=True))

    answer = bpftrace(vm, "-e", program + END)

    assert answer.exit == exits[vm.release], answer


def test_what_attaches_to_nothing_is_only_said_in_passing(vm: Vm) -> None:
    said = bpftrace(vm, "-e", "kprobe:nope, kprobe:nope2 { @ = count(); }" + END).stderr

    if vm.release == "sid":
        assert "ERROR: No matches for kprobe nope" in said
    else:
        assert said.count("WARNING: could not attach probe kprobe:nope") == 2


def test_strings_of_variable_length_are_empty_in_023(vm: Vm) -> None:
    program = "tracepoint:irq:irq_handler_entry { @[str(args->name)] = count(); }"

    said = bpftrace(vm, "-q", "-e", program, "-c", READING).stdout

    # The disk of a machine is its second virtio device.
    assert bool(re.search(r"@\[virtio\d-req\.\d\]: \d+", said)) == (vm.release != "trixie"), said
    assert ("@[]: " in said) == (vm.release == "trixie"), said


def test_rwbs_is_a_string_up_to_023_and_an_array_later(vm: Vm) -> None:
    plain, wrapped = (
        bpftrace(vm, "-q", "-e", f"tracepoint:block:block_rq_issue {{ @[{key}] = count(); }}", "-c", READING)
        for key in ("args->rwbs", "str(args->rwbs)")
    )

    assert re.findall(r"@\[RS\]: (\d+)", plain.stdout) == ["7"]
    assert wrapped.exit == (0 if vm.release == "sid" else 1)
