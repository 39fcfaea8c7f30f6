"""Decide from the facts of an ending what a run's status is, and say why in one sentence."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from gpttrace.language.findings import Finding
from gpttrace.trace.ending import NOT_STARTED, Ending
from gpttrace.trace.limits import Limits
from gpttrace.trace.result import Status

Verdict = tuple[Status, str, bool]  # status, reason, complete

LOST_MAPS = (
    "it did not end within its grace and was killed: its maps are lost, the rows read until then are kept"
)
# bpftrace has no code for these; each was seen with 0.17.0, 0.23.2 or 0.27.1.
OUT_OF_MEMORY = ("bad_alloc", "out of memory", "Cannot allocate memory", "failed to map segment")
DENIED = ("only supports running as the root user", "Operation not permitted", "Permission denied")


def judge(
    ending: Ending, limits: Limits, findings: Sequence[Finding], *, nothing_attached: bool = False
) -> Verdict:
    """Return status, reason and whether all maps were printed; `nothing_attached`: it ran, but saw no event."""
    if nothing_attached and not ending.died:
        return "program_error", "none of the program's probes could be attached on this kernel", False
    if ending.died:
        return _supervisor_died(ending)
    if ending.forced:
        return _forced(ending, limits)
    if ending.signal is not None:
        return _crashed(ending, findings)
    if ending.cause is not None and ending.ready:
        status, reason = _stopped(ending, limits)
        return status, reason, True
    if not ending.ready:
        return _never_ready(ending, findings)
    return _by_itself(ending, findings)


def _supervisor_died(ending: Ending) -> Verdict:
    words = f" ({ending.noise.strip().splitlines()[-1]})" if ending.noise.strip() else ""
    return (
        "tool_error",
        f"the supervisor of bpftrace was ended from outside{words}; "
        "bpftrace was stopped, the rows read until then are kept, its maps are lost",
        False,
    )


def _forced(ending: Ending, limits: Limits) -> Verdict:
    if ending.cause == "attach_limit":
        return (
            "tool_error",
            f"bpftrace did not attach its probes within {limits.attach_seconds:g} s and was killed",
            False,
        )
    status, reason = _stopped(ending, limits)
    if not ending.ready:
        return status, f"{reason}, before its probes were attached", False
    if ending.cause == "kill":
        return status, f"{reason}: its maps are lost, the rows read until then are kept", False
    return status, f"{reason}; {LOST_MAPS}", False


def _stopped(ending: Ending, limits: Limits) -> tuple[Status, str]:
    match ending.cause:
        case "time_limit":
            return "time_limit", f"the time limit of {limits.seconds:g} s was reached"
        case "row_limit":
            return "row_limit", f"the limit of {limits.rows:,} rows was reached"
        case "output_limit":
            return "row_limit", f"the limit of {limits.output_bytes:,} bytes of output was reached"
        case "memory_limit":
            return "memory_limit", f"bpftrace used more than {limits.memory >> 20} MiB of memory"
        case "command":
            return "ok", f"the command ended with {_status_words(ending.command_status)}"
        case "parent_gone":
            return "stopped", "the program that started this trace went away"
        case "kill":
            return "stopped", "it was killed on request"
        case "stop":
            return "stopped", "it was stopped on request"
        case other:
            return "stopped", f"the supervisor was asked to end ({other})"


def _crashed(ending: Ending, findings: Sequence[Finding]) -> Verdict:
    assert ending.signal is not None
    name = _signal_name(ending.signal)
    if any(words in ending.stderr for words in OUT_OF_MEMORY):
        return "memory_limit", f"bpftrace ran out of memory ({name})", False
    if errors := _errors(findings):
        return "program_error", f"bpftrace refused the program: {errors[0].message}", False
    if ending.signal == signal.SIGKILL:
        return (
            "tool_error",
            "bpftrace was killed from outside (SIGKILL; perhaps the kernel ran out of memory); its maps are lost",
            False,
        )
    when = (
        "while it ran; the rows read until then are kept"
        if ending.ready
        else "before its probes were attached"
    )
    words = _last_words(ending.stderr)
    return "tool_error", f"bpftrace crashed ({name}) {when}{words}", False


def _never_ready(ending: Ending, findings: Sequence[Finding]) -> Verdict:
    if ending.cause is not None:
        status, reason = _stopped(ending, Limits())
        return status, f"{reason}, before its probes were attached", False
    if ending.rc == NOT_STARTED:
        return "unavailable", f"bpftrace could not be started{_last_words(ending.stderr)}", False
    if any(words in ending.stderr for words in OUT_OF_MEMORY):
        return "memory_limit", "bpftrace ran out of memory before its probes were attached", False
    if errors := _errors(findings):
        return "program_error", f"bpftrace refused the program: {errors[0].message}", False
    if any(words in ending.stderr for words in DENIED):
        return "denied", f"the kernel did not let bpftrace trace{_last_words(ending.stderr)}", False
    if ending.rc == 0:
        return "tool_error", f"bpftrace ended at once and attached nothing{_last_words(ending.stderr)}", False
    return (
        "program_error",
        f"bpftrace ended with exit status {ending.rc} before its probes were attached{_last_words(ending.stderr)}",
        False,
    )


def _by_itself(ending: Ending, findings: Sequence[Finding]) -> Verdict:
    errors = _errors(findings)
    if ending.rc == 0 or not errors:
        words = "" if ending.rc == 0 else f" with exit status {ending.rc}"
        return "ok", f"the program ended by itself{words}", True
    return "program_error", f"bpftrace ended with an error: {errors[0].message}", True


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f": {lines[-1]}" if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _status_words(status: int | None) -> str:
    if status is None:
        return "an unknown exit status"
    if status < 0:
        return f"signal {_signal_name(-status)}"
    return f"exit status {status}"
