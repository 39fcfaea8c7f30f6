"""Turn what a trace left (its decoded output and its ending) into a Result, for a live run and for a recovered one."""

from __future__ import annotations

from collections.abc import Iterator

from gpttrace.trace.attached import nothing_attached, users_probes
from gpttrace.trace.decode import Decoder
from gpttrace.trace.ending import Ending
from gpttrace.trace.job import Job
from gpttrace.trace.judge import judge
from gpttrace.trace.messages import read_stderr
from gpttrace.trace.plan import Plan
from gpttrace.trace.quota import Quota
from gpttrace.trace.result import Result

LESS_EXACT = (
    "bpftrace refused the instrumented copy of this program, so the program ran as it is: "
    "tables are read from its plain output and may be less exact"
)


def conclude(
    job: Job, plan: Plan, decoder: Decoder, ending: Ending, *, quota: Quota, fell_back: bool = False
) -> Result:
    """Return the result of a run whose decoder was closed; nothing that was decoded and counted is left out."""
    findings, warnings = read_stderr(ending.stderr, plan)
    status, reason, complete = judge(
        ending, job.limits, findings, nothing_attached=nothing_attached(plan, ending)
    )
    notes = [*warnings, *plan.notes, *decoder.warnings, *_notes(ending, quota, fell_back=fell_back)]
    return Result(
        run_id=job.run_id,
        status=status,
        reason=reason,
        complete=complete,
        tables=quota.cut(decoder.tables()) if ending.ready else (),
        output=decoder.output,
        lost=decoder.lost,
        warnings=tuple(notes),
        findings=(*findings, *decoder.problems),
        program=job.program,
        ran=plan.text,
        probes=users_probes(plan, ending),
        began=job.began,
        took=ending.took,
        bpftrace=job.bpftrace,
        question=job.question,
        spec=job.spec,
        command_status=ending.command_status,
    )


def _notes(ending: Ending, quota: Quota, *, fell_back: bool) -> Iterator[str]:
    if fell_back and ending.ready:
        yield LESS_EXACT
    if quota.beyond:
        yield f"{quota.beyond:,} rows that arrived after the limit was reached were left out"
    if ending.spool_error:
        yield f"the safety copy of this trace could not be written ({ending.spool_error}); no data of this result is missing"
    if ending.dropped:
        yield f"{ending.dropped:,} bytes of output were dropped because the reader was too slow"
