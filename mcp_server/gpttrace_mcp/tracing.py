"""What `run` and `start` share: the checks that a program must pass before it is traced, and the reply that tells of a trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcp.server.mcpserver import Context

from gpttrace.cli.text import plural
from gpttrace.errors import UsageError
from gpttrace.trace import Result, Table
from gpttrace_mcp.answering import Denied, failure
from gpttrace_mcp.handles import Tracing, Wish
from gpttrace_mcp.safety import Answered, approved, denial
from gpttrace_mcp.shapes import RunReply, Status
from gpttrace_mcp.state import App, app_of, client_of
from gpttrace_mcp.tables import (
    DATA_NOTE,
    clean_lines,
    clean_text,
    fenced_output,
    finding_parts,
    for_tools,
    table_part,
)

ROWS_OF_A_TABLE = 50
MEND = "mend the program at these places (check tells more), or describe the goal to generate"


async def vetted(ctx: Context[App], wish: Wish, answer: Answered) -> Wish:
    """Return the wish, approved where that was needed; Denied when the program may not run. Nothing is started before this."""
    app = app_of(ctx)
    report = app.report_of(wish.program)
    reads = report.policy.reads
    reply: RunReply | None = None
    if not report.ok:
        status: Status = "denied" if report.denied else "program_error"
        errors = [each for each in report.findings if each.severity == "error"]
        said = f"{plural(len(errors), 'error')} in the program; nothing was run"
        if report.denied:
            said = f"the policy of this machine denies the program ({errors[0].message}); nothing was run"
        hint = for_tools(errors[0].hint or "") if report.denied else MEND
        reply = RunReply(status=status, summary=clean_text(said, 600), hint=clean_text(hint, 400))
        reply.findings = finding_parts(report.findings, wish.program)
    elif problems := app.missing():
        reply = RunReply(
            status="denied" if app.host().bpftrace else "unavailable",
            summary=f"nothing can be traced here: {'; '.join(what for what, _ in problems)}",
            hint=f"{for_tools('; '.join(mend for _, mend in problems))}. generate, check and explain work nevertheless",
        )
    elif report.policy.allowed == "ask" and not approved(answer):
        why, hint = denial(reads, ctx, answer)
        reply = RunReply(status="denied", summary=f"{why}; nothing was run", hint=hint)
        reply.findings = finding_parts(report.findings, wish.program)
    if reply is None:
        return replace(wish, approved=report.policy.allowed == "ask")
    if warning := await app.note(wish.who, wish.tool, wish.program, "denied", reply.summary):
        reply.warnings.append(warning)
    raise Denied(reply)


def wish_of(
    ctx: Context[App],
    tool: str,
    program: str,
    *,
    seconds: float,
    rows: int,
    pid: int,
    lease: float | None = None,
) -> Wish:
    """Return what a client asks to be traced; UsageError for a process that does not exist or for too much."""
    app = app_of(ctx)
    bounds = app.allowance.bounds
    most = bounds.run_seconds if tool == "run" else bounds.start_seconds
    if seconds > most:
        hint = (
            f"use seconds={most:g}"
            if tool == "start"
            else f"use seconds={most:g}, or start for longer traces"
        )
        raise UsageError(
            f"{tool} traces for at most {most:g} s here, and {seconds:g} were asked for", hint=hint
        )
    if pid and not app.host().pid_exists(pid):
        raise UsageError(f"there is no process {pid}", hint="give the pid of a running process, or 0 for all")
    return Wish(
        program=program,
        seconds=seconds,
        rows=min(rows, bounds.rows),
        tool=tool,
        who=client_of(ctx),
        pid=pid or None,
        lease=lease,
    )


# ------------------------------------------------------------------------------------------- the reply


def finished(tracing: Tracing) -> RunReply:
    """Return the reply for a trace that has ended in this server's life."""
    if tracing.trouble is not None:
        reply = failure(RunReply, tracing.trouble)
        reply.run_id = tracing.run_id
        return reply
    assert tracing.result is not None
    reply = reply_of(tracing.result)
    reply.handle = tracing.handle if tracing.wish.tool == "start" else ""
    if tracing.warning:
        reply.warnings.append(tracing.warning)
    return reply


def reply_of(
    result: Result, tables: Sequence[Table] | None = None, *, limit: int = ROWS_OF_A_TABLE
) -> RunReply:
    """Return the reply for a result: the first rows of each table, the largest values of maps."""
    error = result.error()
    rows = f", {plural(result.rows, 'row')}" if error is None else ""
    # bpftrace's own words are in the reason: they may quote names of the traced machine.
    summary = f"{clean_text(result.reason, 1_000)}{rows}" if result.reason else f"the trace ended{rows}"
    shown = [table_part(each.ranked(), limit=limit) for each in (result.tables if tables is None else tables)]
    reply = RunReply(
        status=result.status,
        summary=summary,
        warnings=[clean_text(each, 400) for each in result.warnings[:20]],
        run_id=result.run_id,
        question=clean_text(result.question or "", 500),
        reason=clean_text(result.reason, 1_000),
        took_s=round(result.took, 3),
        probes=result.probes,
        rows_total=result.rows,
        lost=result.lost,
        explanation=fenced_output(clean_lines(result.explanation or "", 3_000), "explanation"),
        tables=shown,
        findings=finding_parts(result.findings, result.program),
        data_note=DATA_NOTE if shown else "",
        resource=f"trace://runs/{result.run_id}",
    )
    if result.lost:
        reply.warnings.append(
            f"{result.lost:,} events were lost: narrow the program (a predicate, or a map instead of printf)"
        )
    if error is not None:
        reply.hint = clean_text(for_tools(error.hint or MEND), 500)
    else:
        reply.next = _next(reply)
        reply.output = output_of(result)
    return reply


def output_of(result: Result) -> str:
    """Return the printed text that no table holds, inside a fence; what tables hold is not said twice."""
    if any(table.kind == "events" for table in result.tables):
        return ""
    lines = [str(line) for line, _ in zip(result.output, range(200), strict=False)]
    return fenced_output("\n".join(line.rstrip("\n") for line in lines if line.strip()))


def _next(reply: RunReply) -> list[str]:
    name = reply.handle or reply.run_id
    said = [f"explain(run='{name}', question='…') answers questions from these tables"]
    said += [
        f"read(run='{name}', table='{each.name}', offset={each.offset + len(each.rows)}) gives the next rows"
        for each in reply.tables
        if each.total > len(each.rows)
    ]
    return said[:4]
