"""The copy that runs: what is added to it, what is left alone, and the way back to the user's own text."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gpttrace.language import parse
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.instrument import prepare
from gpttrace.trace.messages import problem_of, read_stderr
from gpttrace.trace.plan import MARKERS, Plan
from gpttrace.trace.wire import Pairs

OLD = Dialect()
NEW = Dialect(loops=True, wide_tuples=True, buf_is_array=True, signal_probes=True, config=True)
NONCE = "abcdefgh12345678"
PROGRAM = """#!/usr/bin/env bpftrace
// count opens
BEGIN { printf("go\\n"); }
tracepoint:syscalls:sys_enter_openat /comm != "x"/ {
  @h[comm, str(args->filename)] = hist(nsecs - @s[tid]);
  printf("%d %s\\n", pid, str(args->filename));
}
interval:s:1 { print(@h); clear(@h); if (1) { time() } }
END { clear(@s) }
"""


def plan_of(program: str, dialect: Dialect = NEW, level: int = 2) -> Plan:
    return prepare(program, dialect=dialect, nonce=NONCE, level=level)


@pytest.mark.parametrize("dialect", [OLD, NEW])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_plan_survives_json_and_its_text_parses(dialect: Dialect, level: int) -> None:
    plan = plan_of(PROGRAM, dialect, level)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert parse(plan.text).ok, parse(plan.text).findings
    assert plan.program == PROGRAM
    assert (plan.text == PROGRAM) == (level == 0)


def test_lines_stay_lines_and_every_place_leads_home() -> None:
    plan = plan_of(PROGRAM)
    assert plan.text.split("\n")[: PROGRAM.count("\n")][1] == "// count opens"
    for word in ("sys_enter_openat", "str(args->filename)", "interval:s:1", "time()"):
        offset, mine = plan.origin(plan.text.index(word))
        assert mine
        assert PROGRAM.startswith(word, offset)


def test_a_program_that_does_not_parse_runs_as_it_is() -> None:
    plan = plan_of("BEGIN { printf( }")
    assert (plan.text, plan.level, plan.ready_marker) == ("BEGIN { printf( }", 0, None)


@pytest.mark.parametrize(
    ("probe", "narrowed"),
    [
        ("tracepoint:syscalls:sys_enter_read", True),
        ('tracepoint:raw_syscalls:sys_enter /comm == "x"/', True),
        ("tracepoint:syscalls:sys_enter_read /pid == 7/", False),
        ('tracepoint:syscalls:sys_enter_read /comm == "bpftrace"/', False),
        ("tracepoint:sched:sched_switch", False),
        ("tracepoint:block:block_rq_issue", False),
        ("kprobe:vfs_read", True),
        ("kprobe:tcp_sendmsg", False),
        ("profile:hz:99", True),
        ("interval:s:1", False),
        ("uprobe:/bin/bash:readline", True),
        ("tracepoint:syscalls:sys_enter_read, tracepoint:sched:sched_switch", False),
    ],
)
def test_only_probes_about_the_running_process_are_kept_from_seeing_the_tracer(
    probe: str, narrowed: bool
) -> None:
    plan = plan_of(probe + " { @ = count(); }")
    assert (plan.markers == MARKERS) == narrowed
    assert all((marker in plan.text) == narrowed for marker in MARKERS)


def test_a_pointer_as_predicate_is_kept_apart_from_our_condition() -> None:
    plan = plan_of("tracepoint:syscalls:sys_exit_openat /@name[tid]/ { @ = count(); }")
    assert "/@name[tid]/ { if (pid != " in plan.text
    assert "{ @ = count(); } }" in plan.text
    assert parse(plan.text).ok


def test_where_process_numbers_differ_the_name_excludes_bpftrace() -> None:
    plan = plan_of("tracepoint:syscalls:sys_enter_read { @ = count(); }", replace(NEW, same_pids=False))
    assert plan.markers == ()
    assert 'comm != "bpftrace"' in plan.text


def test_begin_and_end_with_predicates_still_mark_readiness_and_the_end() -> None:
    plan = plan_of("BEGIN /1 == 2/ { @a = 1 } END /@a == 3/ { @b = 2 }")
    tree = parse(plan.text)
    assert tree.ok
    kinds = [probe.points[0].kind for probe in tree.probes]
    assert (kinds.count("begin"), kinds.count("end")) == (1, 1)
    assert all(probe.predicate is None for probe in tree.probes if probe.points[0].kind in ("begin", "end"))


def test_exit_maps_that_the_user_turned_off_stay_off() -> None:
    plan = plan_of("config = { print_maps_on_exit = 0 } BEGIN { @a = 1; exit(); }")
    assert not plan.exit_maps
    assert "print_maps_on_exit = 1" in plan.text


def test_units_reach_maps_keys_and_printed_columns() -> None:
    plan = prepare(
        'BEGIN { @b[pid] = sum(1); printf("%d %d", nsecs, pid); }',
        dialect=NEW,
        nonce=NONCE,
        units={"@b": "bytes", "printf:1.pid": "processes"},
    )
    assert plan.maps[0].unit == "bytes"
    assert [field.unit for field in plan.sites[0].fields] == ["ns", "processes"]


def test_units_that_the_program_tells_itself_need_not_be_given() -> None:
    text = (
        "tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; } tracepoint:syscalls:sys_exit_read /@start[tid]/ "
        "{ @took = hist((nsecs - @start[tid]) / 1000); @n = count(); @pages = sum(1); }"
    )
    plan = prepare(text, dialect=NEW, nonce=NONCE, units={"@pages": "pages"})
    assert {each.name: each.unit for each in plan.maps} == {
        "@start": "ns",
        "@took": "us",
        "@n": None,
        "@pages": "pages",
    }


# --------------------------------------------------------------------------------------------- messages

NOISE = """WARNING: Could not read functions from /sys/kernel/debug/tracing/available_filter_functions. If this is expected
ERROR: Unknown error -1: couldn't set RLIMIT_MEMLOCK for bpftrace. If your program is not loading, you can try "ulimit -l 8192"
WARNING: Addrspace is not set
WARNING: BPFTRACE_STRLEN is deprecated. Use BPFTRACE_MAX_STRLEN instead.
Attaching 3 probes...
WARNING: Total lost event count: 2128
Lost 89 events
"""
RECORDED = [
    ("ERROR: Error attaching probe: 'kprobe:vfs_read'", "attach-failed", "kprobe:vfs_read"),
    (
        "ERROR: Unable to attach probe: kprobe:vfs_read. "
        "If this is expected, set the 'missing_probes' config variable to 'warn'.",
        "attach-failed",
        "kprobe:vfs_read",
    ),
    (
        "ERROR: Error loading BPF program for kprobe_vfs_read_2. Error code: -22 (Invalid argument). "
        "Use -v for full kernel error log.",
        "load-failed",
        "kprobe:vfs_read",
    ),
    (
        "error: <unknown>:0:0: in function kprobe:vfs_read i64 (i8*): Looks like the BPF stack limit of 512 bytes is "
        "exceeded. Please move large on stack variables into BPF per-cpu array map.",
        "stack-limit",
        "kprobe:vfs_read",
    ),
    (
        "ERROR: Can't attach to 2000 probes because it exceeds the current limit of 512 probes.",
        "limit-exceeded",
        "kprobe:vfs_read { @[comm] = count(); }",
    ),
    ("ERROR: Failed to open perf buffer", "bpftrace-error", "kprobe:vfs_read { @[comm] = count(); }"),
]


def test_what_every_run_says_is_no_finding() -> None:
    assert read_stderr(NOISE, plan_of(PROGRAM)) == ([], [])


@pytest.mark.parametrize(("line", "code", "place"), RECORDED)
def test_recorded_messages_become_findings_at_their_probe(line: str, code: str, place: str) -> None:
    program = "kprobe:vfs_read { @[comm] = count(); }"
    findings, warnings = read_stderr(NOISE + line + "\n", plan_of(program))
    assert [(found.code, program[found.start : found.end]) for found in findings] == [(code, place)]
    assert (findings[0].severity, findings[0].source, warnings) == ("error", "bpftrace", [])


def test_a_probe_that_was_skipped_is_a_warning() -> None:
    said = "WARNING: could not attach probe kprobe:nosuchfn_q, skipping."
    findings, warnings = read_stderr(said, plan_of("kprobe:nosuchfn_q { @ = count(); }"))
    assert (findings, len(warnings)) == ([], 1)


def test_an_error_in_the_copy_is_shown_at_its_place_in_the_program() -> None:
    program = 'BEGIN { @x = 1; printf("%d é\\n", $nope); }'
    plan = plan_of(program)
    column = len(plan.text[: plan.text.index("$nope")].encode()) + 1
    echo = "\n".join(("the source line", "~~~~"))
    findings, _ = read_stderr(
        f"stdin:1:{column}-{column + 5}: ERROR: Undefined variable: $nope\n{echo}\n", plan
    )
    assert program[findings[0].start : findings[0].end] == "$nope"


def test_an_error_in_what_we_added_is_shown_at_the_statement_that_it_was_made_from() -> None:
    program = "BEGIN { @x = 1; @h[pid] = hist(nsecs); }"
    plan = plan_of(program)
    at = plan.text.index("$__t") + 1
    findings, _ = read_stderr(f"stdin:1:{at}-{at + 3}: ERROR: something about it\n", plan)
    assert program[findings[0].start : findings[0].end].startswith("@h[pid] = hist(nsecs)")
    assert read_stderr(f"stdin:1:{at}-{at + 3}: WARNING: something about it\n", plan) == ([], [])


def test_a_hint_belongs_to_the_message_before_it() -> None:
    said = "stdin:1:1-5: ERROR: bad\nBEGIN\n~~~~\nHINT: do this\n"
    findings, _ = read_stderr(said, plan_of("BEGIN { exit(); }", level=0))
    assert findings[0].hint == "do this"


def test_missing_keys_are_no_problems_and_bad_addresses_are() -> None:
    plan = plan_of("BEGIN { @x = 1; }", level=0)
    at = [("line", 1), ("col", 9)]
    assert (
        problem_of("helper_error", Pairs([("helper", "map_lookup_elem"), ("retcode", -2), *at]), plan) is None
    )
    bad = problem_of("helper_error", Pairs([("helper", "probe_read_user"), ("retcode", -14), *at]), plan)
    assert bad is not None
    assert (bad.code, plan.program[bad.start : bad.end]) == ("helper-error", "@x = 1")
