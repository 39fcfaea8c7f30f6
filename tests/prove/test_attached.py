"""How much of a program is attached is counted, whatever bpftrace says: a hook that is not there is never counted as attached."""

from __future__ import annotations

import pytest

from gpttrace.testing import InstalledBpftrace

from .conftest import Proving

pytestmark = pytest.mark.kernel

OPENAT = "tracepoint:syscalls:sys_enter_openat"


@pytest.mark.parametrize(
    ("points", "attached", "names"),
    [
        (f"{OPENAT}, kprobe:gpttrace_is_not_there", "1 of 2 probes", "gpttrace_is_not_there"),
        (f"{OPENAT}, tracepoint:syscalls:sys_enter_nosuch", "1 of 2 probes", "sys_enter_nosuch"),
        (f"{OPENAT}, uprobe:/bin/sh:gpttrace_is_not_there, tracepoint:syscalls:sys_enter_openat2", "2 of 3 probes", ""),
    ],
    ids=["function", "tracepoint", "symbol"],
)  # fmt: skip
def test_a_hook_that_is_not_there_is_not_counted(
    points: str, attached: str, names: str, proving: Proving, host_bpftrace: InstalledBpftrace
) -> None:
    if host_bpftrace.version >= (0, 24):
        pytest.skip("this bpftrace refuses such a program as a whole")
    proof = proving(f"{points} {{ @[comm] = count(); }}", host_bpftrace)
    assert proof.attached == attached
    (finding,) = proof.findings
    assert (finding.code, finding.severity) == ("attached-some", "warning")
    assert names in finding.message
    assert proof.verdict == "proved"  # what is attached counts right


@pytest.mark.parametrize(
    ("program", "attached"),
    [
        (f"{OPENAT} {{ @[comm] = count(); }}", "1 of 1 probe"),
        (f"BEGIN {{ @b = 1; }} END {{ @e = 1; }} interval:s:9 {{ }} {OPENAT} {{ @[comm] = count(); }}", "4 of 4 probes"),
        ("tracepoint:syscalls:sys_enter_opena* { @[comm] = count(); }", "2 of 2 probes"),
    ],
    ids=["one", "timers", "wildcard"],
)  # fmt: skip
def test_all_that_is_attached_is_counted(
    program: str, attached: str, proving: Proving, any_bpftrace: InstalledBpftrace
) -> None:
    proof = proving(program, any_bpftrace)
    assert (proof.attached, proof.verdict) == (attached, "proved"), proof.why
