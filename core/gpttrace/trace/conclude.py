"""Turn what a trace left (its decoded output and its ending) into a Result, for a live run and for a recovered one."""

from __future__ import annotations

from gpttrace.trace.decode import Decoder
from gpttrace.trace.ending import Ending
from gpttrace.trace.job import Job
from gpttrace.trace.judge import judge
from gpttrace.trace.messages import read_stderr
from gpttrace.trace.plan import Plan
from gpttrace.trace.result import Result

LESS_EXACT = (
    "bpftrace refused the instrumented copy of this program, so the program ran as it is: "
    "tables are read from its plain output and may be less exact"
)


def conclude(job: Job, plan: Plan, decoder: Decoder, ending: Ending, *, fell_back: bool = False) -> Result:
    """Return the result of a run whose decoder was closed; nothing that was decoded is left out."""
    findings, warnings = read_stderr(ending.stderr, plan)
    findings = [*findings, *decoder.errors]
    status, reason, complete = judge(ending, job.limits, findings)
    notes = [*warnings, *plan.notes]
    if fell_back and ending.ready:
        notes.append(LESS_EXACT)
    if ending.spool_error:
        notes.append(
            f"the safety copy of this trace could not be written ({ending.spool_error}); nothing was lost"
        )
    if ending.dropped:
        notes.append(f"{ending.dropped:,} bytes of output were dropped because the reader was too slow")
    return Result(
        run_id=job.run_id,
        status=status,
        reason=reason,
        complete=complete,
        tables=tuple(decoder.tables()),
        output=tuple(decoder.output),
        lost=decoder.lost,
        warnings=tuple(notes),
        findings=tuple(findings),
        program=job.program,
        ran=plan.text,
        probes=ending.probes,
        began=job.began,
        took=ending.took,
        bpftrace=job.bpftrace,
        question=job.question,
        spec=job.spec,
        command_status=ending.command_status,
    )
