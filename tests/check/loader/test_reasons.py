"""The verifier's last words become a reason that can be read; what may run is guarded, and places come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.check.loader.harmless import NEVER, harmless_copy
from gpttrace.check.loader.load import without
from gpttrace.check.loader.reasons import reason_of
from gpttrace.language import nodes as n
from gpttrace.language import parse, walk

END = "\nprocessed 9 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0\n"
# Ends of logs, recorded on kernel 6.18 with bpftrace 0.17, 0.23 and 0.27.
RECORDED = [
    ("0: (05) goto pc-1\ninfinite loop detected at insn 0\ncur state: R1=ctx() R10=fp0", "verifier-loop"),
    ("29: (65) if r1 s> 0xffffffff goto pc-18\nThe sequence of 8193 jumps is too complex.", "verifier-too-large"),
    ("19: (55) if r1 != 0x0 goto pc-9 BPF program is too large. Processed 1000001 insn", "verifier-too-large"),
    ("55: (b7) r3 = 1   ; R3=1\nBPF program is too large. Processed 1000001 insn", "verifier-too-large"),
    ("7: (79) r1 = *(u64 *)(r1 +0)\nR1 invalid mem access 'scalar'", "verifier-access"),
    ("12: (79) r1 = *(u64 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'", "verifier-null"),
    ("R1 min value is outside of the allowed memory range", "verifier-bounds"),
    ("invalid access to map value, value_size=2 off=0 size=14\nR1 min value is outside of it", "verifier-bounds"),
    ("invalid read from stack R2 off -72+0 size 8", "verifier-stack"),
    ("combined stack size of 2 calls is 544. Too large", "stack-limit"),
    ("program of this type cannot use helper bpf_d_path#147", "helper-unavailable"),
    ("ldimm64 failed to find the address for kernel symbol 'runqueues'.", "unknown-symbol"),
    ("something that nobody has seen yet", "load-failed"),
]  # fmt: skip


@pytest.mark.parametrize(("log", "code"), RECORDED)
def test_a_log_has_a_reason_with_what_to_do(log: str, code: str) -> None:
    reason = reason_of(log + END)

    assert reason.code == code
    assert reason.words
    assert reason.hint
    assert reason.kernel
    assert reason.kernel in log


def test_without_a_log_there_is_still_something_to_do() -> None:
    reason = reason_of("", "Error loading BPF program for begin_1. Error code: -13 (Permission denied).")

    assert (reason.code, bool(reason.hint)) == ("verifier-access", True)
    assert reason_of("").code == "load-failed"


PROGRAM = """\
tracepoint:syscalls:sys_enter_open* // why
/pid == 1 || comm == "x"/ { @a = count(); }
BEGIN { printf("ü"); system("true"); } END { @b = 1; }
"""


def test_every_body_stands_behind_what_is_never_true() -> None:
    program = parse(PROGRAM)
    copy = harmless_copy(program, lambda point: "tracepoint:syscalls:sys_enter_open", ends_itself=False)

    assert copy.tree.ok
    assert [probe.points[0].text for probe in copy.tree.probes] == [
        "tracepoint:syscalls:sys_enter_open", "BEGIN", "END",
    ]  # fmt: skip
    guards = [
        PROGRAM and copy.text[each.predicate.start : each.predicate.end]
        for each in copy.tree.probes
        if each.predicate
    ]
    assert guards == [f'{NEVER} && (pid == 1 || comm == "x")', NEVER, NEVER]
    assert [probe.body for probe in copy.tree.probes] == [probe.body for probe in program.probes]


def test_a_release_without_a_dry_run_gets_a_timer_that_ends_it() -> None:
    copy = harmless_copy(parse(PROGRAM), lambda point: None, ends_itself=True)

    assert copy.tree.ok
    assert len(copy.tree.probes) == 4
    assert copy.probe_of(copy.tree.probes[3]) is None
    assert [copy.probe_of(each) for each in copy.tree.probes[:3]] == parse(PROGRAM).probes


def test_a_silent_probe_is_one_that_the_compiler_drops() -> None:
    program = parse(PROGRAM)
    copy = harmless_copy(program, lambda point: None, ends_itself=False, silent=[program.probes[1].start])

    assert "BEGIN /0/" in copy.text


@given(st.integers(0, len(PROGRAM) - 1))
def test_places_come_back_from_the_copy(offset: int) -> None:
    copy = harmless_copy(
        parse(PROGRAM), lambda point: "tracepoint:syscalls:sys_enter_openat2", ends_itself=True
    )
    inside = [node for node in walk(copy.tree) if isinstance(node, n.Stmt)]
    for node in inside[:-1]:  # the last is our own exit()
        assert PROGRAM[copy.origin(node.start) :].startswith(copy.text[node.start : node.end])
    assert 0 <= copy.origin(offset) <= len(PROGRAM)


def test_what_is_left_out_goes_with_its_semicolon_and_moves_nothing() -> None:
    program = parse("BEGIN { $é = 1 ; print(1);\n if (1) { @a = 1; } }".replace("é", "e"))
    first = program.probes[0].body.body[0]
    left = without(program, [first])

    assert left.ok
    assert len(left.source.text) == len(program.source.text)
    assert "$e" not in left.source.text
    assert left.source.text.index("print") == program.source.text.index("print")
