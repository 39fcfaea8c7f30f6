"""Run a planned tool: held against the policy, supervised like a program of bpftrace, kept in the run store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from gpttrace.bcc.asking import tool_environment
from gpttrace.bcc.permission import judge_tool, require_permission
from gpttrace.bcc.plan import ToolPlan
from gpttrace.check.policy import load_policy
from gpttrace.errors import GpttraceError
from gpttrace.settings import Settings, environment
from gpttrace.trace.limits import Limits
from gpttrace.trace.other.run import OtherRun, trace_other
from gpttrace.trace.result import Result

DEFAULT_SECONDS = 10.0
GRACE = 8.0  # seconds to print a summary: some look up the names of many functions then
ATTACH_SECONDS = 30.0
SETTLE = 5.0  # seconds for which a tool that has printed something may still compile and attach
LATER = 15.0  # seconds that a tool which keeps the time itself has, before ours ends it

Follow = Callable[[OtherRun], Awaitable[None]]
Approve = Callable[[Sequence[str]], bool]


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool came to; `error` is what a front end raises when there is nothing to show."""

    plan: ToolPlan
    result: Result
    explanation: str
    error: GpttraceError | None = None


def tool_limits(plan: ToolPlan, seconds: float | None, rows: int, longest: float) -> Limits:
    """Return the limits of a run: what was asked for, or ten seconds; never more than the policy's `longest`."""
    asked = seconds or plan.seconds or DEFAULT_SECONDS
    limit = asked + LATER if plan.takes_duration else asked
    return Limits(
        seconds=min(limit, longest), rows=min(rows, Limits().rows), attach_seconds=ATTACH_SECONDS, grace=GRACE
    )


async def run_plan(
    plan: ToolPlan,
    *,
    follow: Follow,
    settings: Settings,
    seconds: float | None = None,
    approve: Approve | None = None,
) -> ToolAnswer:
    """Run a tool and return what it printed; NotPermitted when the policy says no, or `approve` does."""
    policy = load_policy(settings)
    known = plan.known if plan.in_our_data else None
    verdict = judge_tool(plan.tool.name, known, policy)
    approved = verdict.allowed == "ask" and approve is not None and approve(verdict.reads)
    require_permission(plan.tool.name, known, verdict, approved=approved)
    async with trace_other(
        plan.argv,
        env=tool_environment(environment()),
        limits=tool_limits(plan, seconds, policy.rows, policy.seconds),
        question=plan.question or None,
        spec={"tool": plan.tool.name, "arguments": list(plan.arguments)},
        settings=settings,
        settle=SETTLE,
    ) as run:
        await follow(run)
    result = await run.result()
    error = result.error()
    if error is not None:
        error.hint = run.hint or error.hint
    words = explained(plan, result)
    return ToolAnswer(plan, replace(result, explanation=words), words, error)


def explained(plan: ToolPlan, result: Result) -> str:
    """Say in words what was run and how much came of it."""
    rows = sum(len(table) for table in result.tables if table.kind == "events")
    many = f"{rows:,} rows" if rows else f"{len(result.output):,} lines"
    return f"{plan.known.what} {plan.tool.command} printed {many}; {result.reason}."
