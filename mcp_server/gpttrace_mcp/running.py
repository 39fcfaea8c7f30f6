"""`run`: trace a program for up to half a minute and wait for its result, with news each second."""

from __future__ import annotations

from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import Context, Resolve
from pydantic import Field

from gpttrace.errors import GpttraceError, Unavailable
from gpttrace.trace import Table
from gpttrace_mcp.answering import answered
from gpttrace_mcp.handles import Tracing
from gpttrace_mcp.safety import Answered, ask_a_person
from gpttrace_mcp.shapes import RunReply
from gpttrace_mcp.state import App, app_of
from gpttrace_mcp.tracing import finished, vetted, wish_of

LONGEST_PROGRAM = 65_536
NEWS_EVERY = 1.0
_LARGE = 2_000  # keys: printing a larger map each second would disturb what is measured

Program = Annotated[
    str, Field(min_length=1, max_length=LONGEST_PROGRAM, description="bpftrace source, the whole program")
]
Rows = Annotated[int, Field(ge=1, le=1_000_000, description="end the trace after so many printed rows")]
Pid = Annotated[
    int, Field(ge=0, le=4_194_304, description="attach uprobes and USDT to this process only; 0 for none")
]


@answered(RunReply)
async def run(
    program: Program,
    ctx: Context[App],
    approval: Annotated[Answered, Resolve(ask_a_person)],
    seconds: Annotated[
        float, Field(ge=0.1, le=30, allow_inf_nan=False, description="how long to trace")
    ] = 10.0,
    rows: Rows = 100_000,
    pid: Pid = 0,
) -> RunReply:
    """Run a bpftrace program on this machine and return its tables: printed rows, maps, histograms.

    It is checked first (findings with line and column come back instead of a run), traced for `seconds`, then detached; maps are
    always kept. Waits until the end, so use `start` for more than 30 s. If the call is cancelled, the run is stopped and kept:
    `runs` lists it, `read` shows it.
    """
    app = app_of(ctx)
    wish = await vetted(ctx, wish_of(ctx, "run", program, seconds=seconds, rows=rows, pid=pid), approval)
    tracing = app.tracings.add(Tracing(app, wish))
    async with anyio.create_task_group() as group:
        group.start_soon(tell, ctx, tracing)
        group.start_soon(stop_when_gone, ctx, tracing)
        await tracing()
        group.cancel_scope.cancel()
    return finished(tracing)


async def tell(ctx: Context[App], tracing: Tracing) -> None:
    """Send news of a trace each second: how far it is, and its totals so far."""
    number = 0.0
    snapshots = True
    while tracing.running:
        await anyio.sleep(NEWS_EVERY)
        maps: list[Table] = []
        run = tracing.run
        if run is not None and run.phase == "tracing" and snapshots:
            try:
                maps = await run.snapshot()
            except GpttraceError:
                snapshots = False
            snapshots = snapshots and all(len(each) < _LARGE for each in maps)
        number = max(number + 0.001, min(tracing.elapsed, tracing.wish.seconds + 60))
        await report(ctx, number, tracing.wish.seconds, news_of(tracing, maps))


def news_of(tracing: Tracing, maps: list[Table]) -> str:
    """Return one line about a trace: its run, phase and totals; no text of the traced world."""
    run = tracing.run
    if run is None:
        return "starting"
    said = [f"run {run.run_id}", run.phase, f"{run.probes} probes", f"{run.rows:,} rows"]
    said += [f"{each.name} {_total(each)}" for each in maps[:4]]
    return ", ".join(said)


def _total(table: Table) -> str:
    names = [
        column.name
        for column in table.columns
        if column.role == "value" and column.type in ("int64", "uint64")
    ]
    count = next(
        (name for name in names if name in ("count", "value")), names[0] if len(names) == 1 else None
    )
    if count is None:
        return f"{len(table)} keys"
    return f"{sum(value or 0 for value in table.column(count)):,} in {len(table)} keys"


async def report(ctx: Context[App], progress: float, total: float, message: str) -> None:
    """Send progress; a client that is gone needs none."""
    try:
        await ctx.report_progress(progress, max(total, progress), message)
    except (anyio.ClosedResourceError, anyio.BrokenResourceError, Unavailable):
        await anyio.lowlevel.checkpoint()


async def stop_when_gone(ctx: Context[App], tracing: Tracing) -> None:
    """Stop a trace whose HTTP client has hung up; the older protocol does not cancel its calls."""
    request: Any = ctx.request_context.request
    gone = getattr(request, "scope", {}).get("gpttrace.gone") if request is not None else None
    if isinstance(gone, anyio.Event):
        await gone.wait()
        await tracing.stop()
    else:
        await anyio.sleep_forever()
