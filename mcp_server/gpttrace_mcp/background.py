"""`start`, `read`, `stop`, `runs`: traces that outlive a call, and all that was ever traced here."""

from __future__ import annotations

import re
from typing import Annotated

import anyio
from mcp.server.mcpserver import Context, Resolve
from pydantic import Field

from gpttrace.cli.text import plural
from gpttrace.errors import UsageError
from gpttrace_mcp.answering import answered
from gpttrace_mcp.handles import Tracing
from gpttrace_mcp.reading import Window, read_kept, read_running
from gpttrace_mcp.running import Pid, Program, Rows, tell
from gpttrace_mcp.safety import Answered, ask_a_person
from gpttrace_mcp.shapes import RunLine, RunReply, RunsReply
from gpttrace_mcp.state import App, app_of
from gpttrace_mcp.tables import clean_text
from gpttrace_mcp.tracing import finished, vetted, wish_of

ATTACH_PATIENCE = 20.0
HTTP_LEASE = 600.0
MOST_RUNS = 1_000
_NAME = re.compile(r"[0-9a-z-]{1,36}|last")

Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="a handle from start, or a run id from runs ('last' is the newest)",
    ),
]


@answered(RunReply)
async def start(
    program: Program,
    ctx: Context[App],
    approval: Annotated[Answered, Resolve(ask_a_person)],
    seconds: Annotated[
        float, Field(ge=1, le=86_400, allow_inf_nan=False, description="the trace ends by itself then")
    ] = 60.0,
    rows: Rows = 100_000,
    pid: Pid = 0,
) -> RunReply:
    """Start a trace that goes on in the background and return its handle once its probes are attached.

    `read` shows what it has so far without stopping it, `stop` ends it and returns the result. It also ends after `seconds`, and
    with this server; over HTTP also when nobody reads it for ten minutes. Its result stays in the run store under `run_id`.
    """
    app = app_of(ctx)
    lease = HTTP_LEASE if ctx.request_context.request is not None else None
    wish = await vetted(
        ctx, wish_of(ctx, "start", program, seconds=seconds, rows=rows, pid=pid, lease=lease), approval
    )
    tracing = Tracing(app, wish)
    app.tracings.start(tracing)
    try:
        with anyio.move_on_after(ATTACH_PATIENCE):
            await tracing.attached()
    except anyio.get_cancelled_exc_class():
        # Nobody has learned the handle: the trace would run for nobody.
        with anyio.CancelScope(shield=True):
            await tracing.stop()
        raise
    if not tracing.running:
        return finished(tracing)
    run = tracing.run
    attached = run is not None and run.phase == "tracing"
    probes = run.probes if run is not None else 0
    return RunReply(
        status="running",
        summary=f"tracing, {plural(probes, 'probe')} attached"
        if attached
        else "probes are still being attached",
        warnings=[tracing.warning] if tracing.warning else [],
        run_id=tracing.run_id,
        handle=tracing.handle,
        probes=probes,
        seconds_left=wish.seconds,
        next=[
            f"read(run='{tracing.handle}') shows what it has so far",
            f"stop(run='{tracing.handle}') ends it and returns the result",
        ],
    )


@answered(RunReply)
async def read(
    run: Name,
    ctx: Context[App],
    table: Annotated[
        str, Field(max_length=200, description="only this table (@, @bytes, printf:1 …); all when empty")
    ] = "",
    offset: Annotated[
        int, Field(ge=-10_000_000, le=10_000_000, description="first row; -50 is the last 50")
    ] = 0,
    limit: Annotated[int, Field(ge=1, le=500, description="most rows of each table")] = 50,
    top: Annotated[
        int, Field(ge=0, le=500, description="only the rows with the largest values; 0 for all")
    ] = 0,
    by: Annotated[
        str, Field(max_length=100, description="the column that top goes by; the first value when empty")
    ] = "",
    where: Annotated[
        str,
        Field(
            max_length=300,
            description="only rows that fit: COLUMN OP VALUE with == != < <= > >= startswith contains, as in `comm == bash`",
        ),
    ] = "",
) -> RunReply:
    """Read the tables of a run: of one that is still tracing (maps as they are now, without stopping it) or of any kept one.

    Filters first, then `top`, then the page from `offset`. A running trace's printed rows keep their numbers while it goes on.
    """
    app = app_of(ctx)
    window = Window(table=table, offset=offset, limit=limit, top=top, by=by, where=where)
    tracing = app.tracings.find(run)
    if tracing is not None and tracing.running:
        return await read_running(app, tracing, window)
    if tracing is not None and (tracing.trouble is not None or tracing.result is not None):
        reply = finished(tracing)
        return (
            reply if tracing.result is None else await read_kept(app, tracing.result, window, tracing.handle)
        )
    name = tracing.run_id if tracing is not None else run
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{clean_text(run, 40)!r} is no handle and no run id", hint="runs() lists the runs that there are"
        )
    await _recover(app)
    try:
        result = await app.in_thread(app.store.load, name)
    except UsageError as error:
        raise UsageError(error.message, hint="runs() lists the runs that there are") from None
    return await read_kept(app, result, window, tracing.handle if tracing is not None else "")


@answered(RunReply)
async def stop(
    run: Annotated[str, Field(min_length=1, max_length=64, description="the handle that start returned")],
    ctx: Context[App],
) -> RunReply:
    """Stop a trace that was started, wait until it is detached, and return its result. Stopping an ended one returns it again."""
    app = app_of(ctx)
    tracing = app.tracings.find(run)
    if tracing is None:
        raise UsageError(
            f"there is no trace {clean_text(run, 40)!r} here",
            hint="runs() lists those that run; read shows those that ended",
        )
    await tracing.stop()
    async with anyio.create_task_group() as group:
        group.start_soon(tell, ctx, tracing)
        await tracing.ended.wait()
        group.cancel_scope.cancel()
    if tracing.trouble is None and tracing.result is None:  # long ended: the run store has it
        return await read_kept(
            app, await app.in_thread(app.store.load, tracing.run_id), Window(), tracing.handle
        )
    return finished(tracing)


@answered(RunsReply)
async def runs(
    ctx: Context[App],
    limit: Annotated[int, Field(ge=1, le=100, description="how many")] = 20,
    offset: Annotated[int, Field(ge=0, le=MOST_RUNS, description="leave out the newest so many")] = 0,
    contains: Annotated[
        str, Field(max_length=200, description="only runs whose question or program holds this text")
    ] = "",
) -> RunsReply:
    """List the traces that are running and those that were kept, newest first, with who asked for them."""
    app = app_of(ctx)
    await _recover(app)
    kept = await app.in_thread(app.store.list, MOST_RUNS if contains else offset + limit + 1)
    fitting = [each for each in kept if contains.lower() in f"{each.question or ''} {each.program}".lower()]
    page = fitting[offset : offset + limit]
    from gpttrace.trace.audit import askers

    who = await app.in_thread(askers, app.store, [each.run_id for each in page])
    lines = running_lines(app) if not offset else []
    lines += [
        RunLine(
            run_id=each.run_id,
            status=each.status,
            began=each.began.isoformat(timespec="seconds"),
            took_s=round(each.took, 3),
            rows=each.rows,
            lost=each.lost,
            what=clean_text(each.question or " ".join(each.program.split()), 120),
            asked_by=who.get(each.run_id, "command line"),
        )
        for each in page
    ]
    live = sum(1 for each in lines if each.status == "running")
    more = len(fitting) > offset + limit
    reply = RunsReply(
        summary=f"{plural(len(lines) - live, 'kept run')}, {live} running",
        runs=lines,
        more=more,
    )
    if lines:
        reply.next = [
            "read(run=RUN_ID) shows a run again; explain(run=RUN_ID, question='…') answers a question about it"
        ]
    if more:
        reply.next.append(f"runs(offset={offset + limit}) lists older ones")
    return reply


def running_lines(app: App) -> list[RunLine]:
    """Return a line for each trace that runs here now."""
    return [
        RunLine(
            run_id=each.run_id or "starting",
            status="running",
            took_s=round(each.elapsed, 1),
            rows=each.run.rows if each.run is not None else 0,
            what=clean_text(" ".join(each.wish.program.split()), 120),
            asked_by=each.wish.who,
            handle=each.handle,
        )
        for each in app.tracings.running()
    ]


async def _recover(app: App) -> None:
    """Take in the runs of servers that were killed; costs one directory listing when there is none."""
    from gpttrace.trace.recovery import recover

    await app.in_thread(recover, app.settings)


__all__ = ["read", "runs", "start", "stop"]
