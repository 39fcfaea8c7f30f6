"""Programs held against specs, and read back into specs: over every hook of an event that a program may use."""

from __future__ import annotations

import pytest
from tests.meaning.held import drafted

from gpttrace.language import parse
from gpttrace.meaning import compare_spec
from gpttrace.meaning.recognise import spec_of
from gpttrace.meaning.words import as_findings, sentences
from gpttrace.spec.model import Condition, TraceSpec

OPENS = TraceSpec("file-open", "count", keys=("comm",), conditions=(Condition("ret", ">=", 0),))
CALLS = "tracepoint:syscalls:sys_exit_openat, tracepoint:syscalls:sys_exit_openat2, tracepoint:syscalls:sys_exit_open"

QUESTIONS = (
    "reads slower than 10ms by process",
    "files opened by postgres that failed",
    "latency histogram of block io by device",
    "how many different files does each process open",
    "top 5 processes by bytes written every 2 seconds",
    "kernel stacks at 99 Hz for pid 1",
    "which programs are executed?",
    "tcp connections by destination port",
    "page faults by process for 10 seconds",
    "linear histogram of read sizes from 0 to 4096 in steps of 512",
    "calls of sigaltstack by process",
    "who calls kill with signal 9?",
    "runqueue latency histogram",
    "getdents64 latency by process",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_our_own_program_shows_what_its_spec_says(question: str) -> None:
    draft = drafted(question)
    assert draft.program is not None
    assert draft.spec is not None

    assert compare_spec(draft.spec, parse(draft.program)).answer == "same"


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_program_is_read_back_into_its_spec(question: str) -> None:
    draft = drafted(question)
    assert draft.program is not None
    assert draft.spec is not None
    found = spec_of(parse(draft.program))

    assert found.spec is not None, found.why
    assert found.whole, found.why
    assert (found.spec.event, found.spec.shape, found.spec.value) == (
        draft.spec.event,
        draft.spec.shape,
        draft.spec.value,
    )
    assert (found.spec.keys, found.spec.every, found.spec.top, found.spec.hz) == (
        draft.spec.keys, draft.spec.every, draft.spec.top, draft.spec.hz,
    )  # fmt: skip
    assert {each.field for each in found.spec.conditions} == {each.field for each in draft.spec.conditions}


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        (f"{CALLS} /args->ret >= 0/ {{ @[comm] = count(); }}", "same"),
        ("tracepoint:syscalls:sys_exit_openat /args->ret >= 0/ { @[comm] = count(); }", "narrower"),
        (f"{CALLS} {{ @[comm] = count(); }}", "wider"),
        ("tracepoint:syscalls:sys_exit_close /args->ret >= 0/ { @[comm] = count(); }", "different"),
        ("kprobe:a_function_that_nobody_knows { @[comm] = count(); }", "unknown"),
        ("BEGIN { printf(\"hello\\n\"); }", "different"),
        ("tracepoint:syscalls:sys_exit_openat { @[comm] = ", "unknown"),
    ],
)  # fmt: skip
def test_a_program_of_somebody_else_is_held_against_a_spec(program: str, answer: str) -> None:
    assert compare_spec(OPENS, parse(program)).answer == answer


def test_a_hook_of_the_event_that_lacks_a_field_is_not_said_to_be_unheard_of() -> None:
    spec = TraceSpec("bpf-call", "count", keys=("ret",))
    found = compare_spec(spec, parse("fentry:security_bpf { @ = count(); }"))

    assert found.answer == "unknown"
    assert found.differences[0].what.startswith("these hooks show the event (a process calls bpf(2))")


def test_every_hook_of_an_event_shows_the_event() -> None:
    from gpttrace.meaning.held import compare_programs
    from gpttrace.spec.catalogue import load_catalogue, seen_by
    from gpttrace.spec.compose import compose
    from gpttrace.spec.layout import fields_of, lay_out

    event = load_catalogue()["page-fault"]
    spec = TraceSpec("page-fault", "count", keys=("comm",))
    texts = [
        compose(lay_out(spec, seen_by(event, hook), hook))
        for hook in event.hooks
        if all(name in seen_by(event, hook).fields for name in fields_of(spec))
    ]

    assert len(texts) > 1
    assert [compare_spec(spec, parse(text)).answer for text in texts] == ["same"] * len(texts)
    assert compare_programs(parse(texts[0]), parse(texts[-1])).answer != "same"  # only the catalogue knows


def test_a_difference_is_told_with_a_case_in_the_words_of_the_event() -> None:
    spec = TraceSpec("read", "sum", "bytes", ("comm",), (Condition("bytes", ">", 0),))
    calls = ", ".join(
        f"tracepoint:syscalls:sys_exit_{call}" for call in ("read", "pread64", "readv", "preadv", "preadv2")
    )
    program = parse(f"{calls} /args->ret >= 0/ {{ @[comm] = sum(args->ret); }}")
    found = compare_spec(spec, program)

    assert sentences(found, spec) == ["reads with bytes 0 are counted, though they were not asked for"]
    (finding,) = as_findings(found, program, spec)
    assert (finding.code, finding.severity, finding.source) == ("other-condition", "warning", "meaning")
    assert program.source.text[finding.start : finding.end].startswith("@[comm] = sum")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("kprobe:nobody_knows { @ = count(); }", "the catalogue has no event for `kprobe:nobody_knows`"),
        ("interval:s:1 { print(1); }", "it shows nothing"),
        ("tracepoint:sched:sched_switch { @[args->next_comm, rand] = count(); }", "rand has no name"),
    ],
)
def test_what_has_no_spec_says_why(program: str, why: str) -> None:
    found = spec_of(parse(program))

    assert not found.whole
    assert why in found.why


def test_without_the_solver_what_is_written_alike_is_the_same_and_the_rest_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from gpttrace.meaning import solve

    monkeypatch.setattr(solve, "has_solver", lambda: False)
    alike = f"{CALLS} {{ if (args->ret >= 0) {{ @[comm] = count(); }} }}"
    other = f"{CALLS} /args->ret >= 0 && pid > 7/ {{ @[comm] = count(); }}"

    assert compare_spec(OPENS, parse(alike)).answer == "same"
    assert compare_spec(OPENS, parse(other)).answer == "unknown"
