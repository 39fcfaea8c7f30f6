"""What another program left -> a Result, for a live run and for one whose parent was killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gpttrace.trace.ending import Ending
from gpttrace.trace.job import Job
from gpttrace.trace.limits import Limits
from gpttrace.trace.other.judge import judge_other
from gpttrace.trace.other.lines import Lines
from gpttrace.trace.other.tables import read_tables
from gpttrace.trace.result import Result

CHUNK = 1 << 20
MOST_SAID = 20  # lines of its standard error that become warnings
RECOVERED = "the program that started this run was killed; recovered from disk"


def conclude_other(job: Job, argv: Sequence[str], lines: Lines, ending: Ending) -> Result:
    """Return the result of a run that has ended."""
    name = argv[0].rsplit("/", 1)[-1]
    verdict = judge_other(ending, job.limits, name, lines.kept)
    return Result(
        run_id=job.run_id,
        status=verdict.status,
        reason=verdict.reason,
        complete=verdict.complete,
        tables=read_tables(lines.kept, name),
        output=tuple(lines.kept),
        lost=0,
        warnings=tuple(_warnings(ending, lines)),
        findings=(),
        program=job.program,
        ran=job.program,
        probes=ending.probes,
        began=job.began,
        took=ending.took,
        bpftrace=job.bpftrace,
        question=job.question,
        spec=job.spec,
        command_status=ending.command_status,
    )


def _warnings(ending: Ending, lines: Lines) -> Iterator[str]:
    if lines.beyond:
        yield f"{lines.beyond:,} lines that arrived after the limit was reached were left out"
    if ending.dropped:
        yield f"{ending.dropped:,} bytes of output were dropped because the reader was too slow"
    # A ^C makes many of these programs end with a traceback: no news to anybody.
    said = [line for line in ending.stderr.splitlines() if line.strip()]
    if ending.cause is None or "KeyboardInterrupt" not in ending.stderr:
        yield from said[:MOST_SAID]


def read_left(written: dict[str, Any], folder: Path, ending: Ending) -> Result:
    """Return the result of a run whose parent was killed, from its spool folder."""
    values = dict(written)
    argv = values.pop("argv")
    values |= {
        "limits": Limits(**values["limits"]),
        "began": datetime.fromisoformat(values["began"]),
        "command": tuple(values["command"]),
    }
    job = Job(**values)
    lines = Lines(job.limits.rows)
    with suppress(FileNotFoundError), (folder / "output").open("rb") as output:
        while chunk := output.read(CHUNK):
            lines.feed(chunk)
    lines.close()
    result = conclude_other(job, argv, lines, ending)
    return replace(result, warnings=(*result.warnings, RECOVERED))
