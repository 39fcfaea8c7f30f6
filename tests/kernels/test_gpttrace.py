"""GPTtrace itself on other kernels: what it runs through kprobes, fentry and iterators gives exact tables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.kernels.lab import Vm
from tests.kernels.test_bpftrace import COUNTED, READING, READS, spelled


def gpttrace(vm: Vm, *arguments: str, stdin: str = "", exits: int = 0) -> dict[str, Any]:
    """Run a command of GPTtrace in a machine and return what it prints as JSON."""
    # The first run in a machine finds out how its bpftrace writes, which takes 20 s in there.
    answer = vm.run("gpttrace", *arguments, "--json", stdin=stdin, timeout=90)
    assert answer.exit == exits, answer
    said: dict[str, Any] = json.loads(answer.stdout)
    return said


def tables(said: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """Return the rows of each table of a run that lost nothing."""
    assert (said["result"]["status"], said["result"]["lost"]) == ("ok", 0), said
    return {each["name"]: each["rows"] for each in said["result"]["tables"]}


@pytest.mark.parametrize("kind", ["kprobe", "fexit"])
def test_a_run_counts_every_call(vm: Vm, kind: str) -> None:
    program = spelled(vm, COUNTED[kind] + " { @calls = count(); }")

    said = gpttrace(vm, "run", "-e", program, "--cmd", READING)

    assert tables(said) == {"@calls": [[READS]]}


def test_events_of_a_kprobe_are_rows(vm: Vm) -> None:
    program = (
        COUNTED["kprobe"]
        + ' { printf("%s %d\\n", str(((struct file *)arg0)->f_path.dentry->d_name.name), arg2); }'
    )

    said = gpttrace(vm, "run", "-e", program, "--cmd", READING)

    assert list(tables(said).values()) == [[["zero", 7]] * READS]


def test_an_iterator_gives_one_row_for_each_task(vm: Vm) -> None:
    said = gpttrace(vm, "run", "-e", 'iter:task { printf("%d %s\\n", ctx->task->pid, ctx->task->comm); }')

    rows = next(iter(tables(said).values()))
    assert [1, "boot"] in rows
    assert [2, "kthreadd"] in rows
    assert said["result"]["output"][:2] == ["1 boot", "2 kthreadd"]


def test_the_doctor_finds_what_an_emulated_machine_lacks(vm: Vm) -> None:
    said = vm.run("gpttrace", "host", "doctor")

    assert (said.exit, "hardware" in said.stdout) == (0, True), said


def test_a_probe_is_found_and_described(vm: Vm) -> None:
    assert "kprobe:vfs_read" in vm.run("gpttrace", "probes", "vfs_read").stdout.split()
    described = vm.run("gpttrace", "probes", "--describe", "kprobe:vfs_read").stdout
    assert "vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)" in described


def test_an_iterator_that_prints_only_numbers_loses_nothing(vm: Vm) -> None:
    said = gpttrace(vm, "run", "-e", 'iter:task { printf("%d %d\\n", ctx->task->pid, ctx->task->tgid); }')

    assert [1, 1] in next(iter(tables(said).values()))
