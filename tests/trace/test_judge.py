"""Every ending has one status and one sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gpttrace.errors import GpttraceError, NotPermitted, ProgramRejected, Unavailable
from gpttrace.language.findings import Finding
from gpttrace.trace.ending import Ending, absorb
from gpttrace.trace.judge import Verdict, judge
from gpttrace.trace.limits import OLD_STRING_LIMIT, Limits, bpftrace_environment, default_buffer_pages
from gpttrace.trace.result import Result, Status

RAN = Ending(ready=True, rc=0)
NEVER = Ending(rc=1)
LIMITS = Limits(seconds=10)
WRONG = Finding(0, 1, "error", "bpftrace-error", "tracepoint not found", "look again", "bpftrace")
KEPT = "it did not end within its grace and was killed: its maps are lost, the rows read until then are kept"


@pytest.mark.parametrize(
    ("ending", "verdict"),
    [
        (RAN, ("ok", "the program ended by itself", True)),
        (replace(RAN, rc=3), ("ok", "the program ended by itself with exit status 3", True)),
        (replace(RAN, cause="time_limit"), ("time_limit", "the time limit of 10 s was reached", True)),
        (replace(RAN, cause="stop"), ("stopped", "it was stopped on request", True)),
        (replace(RAN, cause="row_limit"), ("row_limit", "the limit of 1,000,000 rows was reached", True)),
        (
            replace(RAN, cause="output_limit"),
            ("row_limit", "the limit of 1,073,741,824 bytes of output was reached", True),
        ),
        (
            replace(RAN, cause="memory_limit"),
            ("memory_limit", "bpftrace used more than 2048 MiB of memory", True),
        ),
        (
            replace(RAN, cause="command", command_status=2),
            ("ok", "the command ended with exit status 2", True),
        ),
        (
            replace(RAN, cause="command", command_status=-15),
            ("ok", "the command ended with signal SIGTERM", True),
        ),
        (
            replace(RAN, cause="signal SIGTERM"),
            ("stopped", "the supervisor was asked to end (signal SIGTERM)", True),
        ),
        (
            replace(RAN, rc=None, signal=9, cause="time_limit", forced=True),
            ("time_limit", f"the time limit of 10 s was reached; {KEPT}", False),
        ),
        (
            replace(NEVER, cause="stop", rc=None, signal=9, forced=True),
            ("stopped", "it was stopped on request, before its probes were attached", False),
        ),
        (
            replace(RAN, rc=None, signal=9),
            (
                "tool_error",
                "bpftrace was killed from outside (SIGKILL; perhaps the kernel ran out of memory); its maps are lost",
                False,
            ),
        ),
        (
            replace(RAN, rc=None, signal=8, cause="time_limit"),
            (
                "tool_error",
                "bpftrace crashed (SIGFPE) while it ran; the rows read until then are kept",
                False,
            ),
        ),
        (
            replace(NEVER, rc=None, signal=6, stderr="terminate called\n  what():  std::bad_alloc\n"),
            ("memory_limit", "bpftrace ran out of memory (SIGABRT)", False),
        ),
        (
            replace(NEVER, stderr="ERROR: bpftrace currently only supports running as the root user.\n"),
            (
                "denied",
                "the kernel did not let bpftrace trace: ERROR: bpftrace currently only supports running as the root user.",
                False,
            ),
        ),
        (
            replace(NEVER, rc=127, stderr="ERROR: cannot start /x: Exec format error\n"),
            (
                "unavailable",
                "bpftrace could not be started: ERROR: cannot start /x: Exec format error",
                False,
            ),
        ),
        (replace(NEVER, rc=0), ("tool_error", "bpftrace ended at once and attached nothing", False)),
    ],
    ids=str,
)
def test_an_ending_has_a_status_and_a_reason(ending: Ending, verdict: Verdict) -> None:
    assert judge(ending, LIMITS, []) == verdict


def test_bpftraces_own_words_are_the_reason_of_a_program_error() -> None:
    for ending in (NEVER, replace(NEVER, rc=255), replace(NEVER, rc=None, signal=6)):
        verdict = ("program_error", "bpftrace refused the program: tracepoint not found", False)
        assert judge(ending, LIMITS, [WRONG]) == verdict


def test_a_program_that_ran_without_any_probe_is_an_error_however_it_ended() -> None:
    for cause in (None, "time_limit", "nothing_attached"):
        assert judge(replace(RAN, cause=cause), LIMITS, [], nothing_attached=True)[0] == "program_error"


def test_a_supervisor_that_died_says_so_with_its_last_words() -> None:
    status, reason, complete = judge(Ending(ready=True, noise="Traceback\nMemoryError\n"), LIMITS, [])
    assert (status, complete) == ("tool_error", False)
    assert "(MemoryError)" in reason


def test_only_a_refusal_by_bpftrace_itself_is_tried_again() -> None:
    assert NEVER.refused
    assert replace(NEVER, rc=None, signal=6).refused
    for other in (RAN, Ending(), replace(NEVER, cause="stop"), replace(NEVER, rc=127)):
        assert not other.refused


def test_events_add_up_to_an_ending() -> None:
    ending = Ending()
    for event in (
        {"event": "started", "pid": 5, "supervisor": 4, "command": 0},
        {"event": "stderr", "text": "a"},
        {"event": "stderr", "text": "b"},
        {"event": "ready", "probes": 2, "took": 0.1},
        {"event": "something new"},
    ):
        ending = absorb(ending, event)
    assert ending == Ending(pid=5, stderr="ab", ready=True, probes=2)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("program_error", ProgramRejected),
        ("denied", NotPermitted),
        ("unavailable", Unavailable),
        ("tool_error", GpttraceError),
        ("stopped", None),
        ("ok", None),
    ],
)
def test_the_error_of_a_result_has_the_exit_code_of_its_status(
    status: Status, error: type[GpttraceError] | None
) -> None:
    result = Result(
        "id", status, "why", True, (), (), 0, (), (WRONG,), "", "", 0, datetime(2026, 1, 1, tzinfo=UTC), 0.0
    )
    found = result.error()
    assert type(found) is (error or type(None))
    if found is not None:
        assert (found.message, found.hint) == ("why", "look again")


def test_limits_reach_every_version_under_its_own_name() -> None:
    env = bpftrace_environment(
        Limits(map_keys=9, string_length=500, probes=7), {"PATH": "/bin", "SECRET": "x"}
    )
    assert env["BPFTRACE_MAP_KEYS_MAX"] == env["BPFTRACE_MAX_MAP_KEYS"] == "9"
    assert (env["BPFTRACE_STRLEN"], env["BPFTRACE_MAX_STRLEN"]) == (str(OLD_STRING_LIMIT), "500")
    assert env["BPFTRACE_MAX_PROBES"] == env["BPFTRACE_MAX_BPF_PROGS"] == "7"
    assert (env["PATH"], "SECRET" in env) == ("/bin", False)


@pytest.mark.parametrize(("cpus", "pages"), [(1, 4096), (4, 4096), (8, 2048), (128, 128), (1024, 64)])
def test_the_buffers_of_all_cpus_together_stay_within_their_budget(cpus: int, pages: int) -> None:
    assert default_buffer_pages(cpus) == pages
