"""Programs are run beside workloads of a known size, on this kernel: the verdict says with numbers what they counted."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gpttrace.prove import Seen
from gpttrace.testing import InstalledBpftrace

from .conftest import Proving

pytestmark = pytest.mark.kernel

OPENAT = "tracepoint:syscalls:sys_enter_openat"
LATENCY = (
    f"{OPENAT} {{ @s[tid] = nsecs; }}\n"
    "tracepoint:syscalls:sys_exit_openat /@s[tid]/ { @ns[comm] = hist(nsecs - @s[tid]); delete(@s[tid]); }"
)
MADE, CONTROL = 23, Seen("stat-file", 23, 0)


@dataclass(frozen=True)
class Case:
    """A program, the event that is asked for (None: read from its hooks), and what is to come out."""

    name: str
    program: str
    verdict: str
    counted: int | None
    says: str
    event: str | None = None
    codes: tuple[str, ...] = ()


CASES = [
    Case("counts", f"{OPENAT} {{ @[comm] = count(); }}", "proved", 23, "23 of 23 opens were counted, 0 of 23 stat calls"),
    Case("adds", f"{OPENAT} {{ @[comm, probe]++; }}", "proved", 23, "23 of 23 opens"),
    Case("latencies", LATENCY, "proved", 23, "23 of 23 opens"),
    Case("stats", f"{OPENAT} {{ @[comm] = stats(args->flags); }}", "proved", 23, "23 of 23 opens"),
    Case(
        "rows",
        f'{OPENAT} {{ printf("%d %s %s\\n", pid, comm, str(args->filename)); }}',
        "proved", 23, "23 of 23 opens",
    ),
    Case(
        "cleared each time",
        f"{OPENAT} {{ @[comm] = count(); }} interval:ms:100 {{ print(@); clear(@); }}",
        "proved", 23, "23 of 23 opens",
    ),
    Case(
        "growing each time",
        f"{OPENAT} {{ @[comm] = count(); }} interval:ms:100 {{ print(@); }}",
        "proved", 23, "23 of 23 opens",
    ),
    Case(
        "two events in maps of their own",
        f"{OPENAT} {{ @o[comm] = count(); }} tracepoint:syscalls:sys_enter_close {{ @c[comm] = count(); }}",
        "proved", 23, "23 of 23 opens",
    ),
    Case(
        "begin and end",
        f"{OPENAT}, tracepoint:syscalls:sys_exit_openat {{ @[comm] = count(); }}",
        "failed", 46, "23 opens were made, the program counted 46", codes=("canary-overcounted",),
    ),
    Case(
        "a hook that is never reached",
        "tracepoint:syscalls:sys_enter_open { @[comm] = count(); }",
        "failed", 0, "23 opens were made, the program counted none: nothing was seen", "file-open", ("canary-missed",),
    ),
    Case(
        "the same, when nobody said what is meant",
        "tracepoint:syscalls:sys_enter_open { @[comm] = count(); }",
        "not proved", 0, "looks only at `tracepoint:syscalls:sys_enter_open`",
    ),
    Case(
        "every call",
        "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }",
        "failed", None, "stat calls and no opens were made", "file-open", ("control-counted",),
    ),
    Case(
        "what goes along with the event",
        "tracepoint:syscalls:sys_enter_close { @[comm] = count(); }",
        "not proved", 23, "its hooks show closes", "file-open",
    ),
    Case(
        "only another process",
        f'{OPENAT} /comm == "nginx"/ {{ @[comm] = count(); }}',
        "not proved", 0, 'looks only at opens where comm == "nginx"',
    ),
    Case(
        "only another process, though all were asked for",
        f'{OPENAT} /comm == "nginx"/ {{ @[comm] = count(); }}',
        "failed", 0, "nothing was seen", "file-open", ("canary-missed",),
    ),
    Case(
        "sums",
        "tracepoint:syscalls:sys_exit_read /args->ret > 0/ { @[comm] = sum(args->ret); }",
        "not proved", None, "something was seen, but its tables tell no number",
    ),
    Case(
        "ends itself",
        f"BEGIN {{ @begun = 1; }} {OPENAT} {{ @[comm] = count(); exit(); }}",
        "not proved", 0, "the program ends itself",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict_says_what_was_counted(
    case: Case, proving: Proving, host_bpftrace: InstalledBpftrace
) -> None:
    proof = proving(case.program, host_bpftrace, case.event)
    assert proof.verdict == case.verdict, proof
    assert case.says in proof.why
    assert tuple(each.code for each in proof.findings) == case.codes
    assert proof.seen is not None
    if case.counted is not None:
        assert (proof.seen.made, proof.seen.counted) == (MADE, case.counted)
    if case.verdict == "proved":
        assert proof.control == CONTROL
    last = proof.steps[-1]
    assert (last.level, last.done) == ("canary", case.verdict != "not proved")


@pytest.mark.parametrize(
    "program",
    [f"{OPENAT} {{ @[pid] = count(); }}", f"{OPENAT} {{ @ = count(); }}"],
    ids=["by process id", "the whole machine"],
)
def test_what_does_not_tell_whose_events_it_counts_is_proved_as_at_least(
    program: str, proving: Proving, host_bpftrace: InstalledBpftrace
) -> None:
    proof = proving(program, host_bpftrace)
    assert proof.seen is not None
    assert proof.seen.counted is not None
    assert proof.control is not None
    assert proof.control.counted is not None
    assert proof.seen.counted >= proof.seen.made
    assert "the program does not tell whose they are" in proof.why
    # Others may open more files than the workload does, even in its second, larger round.
    quiet = proof.control.counted < proof.seen.made
    few = proof.seen.counted - proof.control.counted < 2 * proof.seen.made
    assert proof.verdict == ("proved" if quiet and few else "not proved")


def test_events_of_another_process_than_the_workloads_are_counted_over_the_machine(
    proving: Proving, host_bpftrace: InstalledBpftrace
) -> None:
    proof = proving("tracepoint:tcp:tcp_send_reset { @[comm] = count(); }", host_bpftrace)
    assert (proof.event, proof.verdict) == ("tcp-reset-sent", "proved")
    assert proof.why.startswith("at least these: ")


def test_an_event_without_a_workload_is_run_and_not_proved(
    proving: Proving, host_bpftrace: InstalledBpftrace
) -> None:
    proof = proving("tracepoint:sched:sched_switch { @[comm] = count(); }", host_bpftrace)
    assert (proof.verdict, proof.attached, proof.canary) == ("not proved", "1 of 1 probe", None)
    assert proof.why.startswith("the catalogue knows no workload for context switches; it showed ")


def test_when_nothing_is_seen_that_is_said(proving: Proving, host_bpftrace: InstalledBpftrace) -> None:
    proof = proving("tracepoint:syscalls:sys_enter_acct { @[comm] = count(); }", host_bpftrace)
    assert proof.verdict == "not proved"
    assert "nothing was seen" in proof.why


@pytest.mark.versions
def test_a_text_that_one_bpftrace_reads_as_empty_fails_there_and_only_there(
    proving: Proving, any_bpftrace: InstalledBpftrace
) -> None:
    program = 'tracepoint:sched:sched_process_exec { printf("%s %s\\n", comm, str(args->filename)); }'
    proof = proving(program, any_bpftrace)
    assert proof.seen is not None
    assert proof.seen.counted == MADE
    reads_nothing = any_bpftrace.version[:2] == (0, 23)
    assert proof.verdict == ("failed" if reads_nothing else "proved")
    assert [each.code for each in proof.findings] == (["silently-empty"] if reads_nothing else [])
