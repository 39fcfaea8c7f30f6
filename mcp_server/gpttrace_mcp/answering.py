"""From what a tool returns or raises to what goes over the wire: one place that turns errors into replies, all small enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from mcp.types import CallToolResult, TextContent

from gpttrace.errors import (
    GpttraceError,
    NotPermitted,
    ProgramRejected,
    QuestionRefused,
    StoreError,
    Unavailable,
    UsageError,
)
from gpttrace_mcp.budget import dumped, fit
from gpttrace_mcp.safety import Limited
from gpttrace_mcp.shapes import ERRORS, CheckReply, Reply, RunReply, Status
from gpttrace_mcp.state import log
from gpttrace_mcp.tables import clean_lines, clean_text, for_tools
from gpttrace_mcp.words import text_of

P = ParamSpec("P")
R = TypeVar("R", bound=Reply)

_STATUS: tuple[tuple[type[GpttraceError], Status], ...] = (
    (Limited, "limited"),
    (UsageError, "invalid"),
    (ProgramRejected, "program_error"),
    (QuestionRefused, "refused"),
    (NotPermitted, "denied"),
    (Unavailable, "unavailable"),
    (StoreError, "tool_error"),
)
UNEXPECTED = "something went wrong inside GPTtrace; its log (standard error of the server) says what"


class Denied(Exception):
    """A reply that is not what was asked for, from deep inside a tool."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.summary)
        self.reply = reply


def answered(shape: type[R]) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[CallToolResult]]]:
    """Turn what a tool returns or raises into a result with structure and text, both within the budget."""

    def decorate(tool: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[CallToolResult]]:
        @wraps(tool)
        async def whole(*args: P.args, **kwargs: P.kwargs) -> CallToolResult:
            reply: Reply
            try:
                reply = await tool(*args, **kwargs)
            except Denied as denied:
                reply = denied.reply
            except GpttraceError as error:
                reply = failure(shape, error)
            except Exception:
                # The client learns nothing of our insides; the log has it all.
                log.exception("%s failed unexpectedly", tool.__name__)
                reply = shape(
                    status="failed", summary=UNEXPECTED, hint="try something simpler, and report the bug"
                )
            return as_result(reply)

        return whole

    return decorate


def failure(shape: type[R], error: GpttraceError) -> R:
    """Return the reply for an expected error."""
    status: Status = next((status for kind, status in _STATUS if isinstance(error, kind)), "tool_error")
    return shape(
        status=status,
        summary=clean_lines(error.message, 1_500),
        hint=clean_lines(for_tools(error.hint or ""), 800),
    )


def as_result(reply: Reply) -> CallToolResult:
    """Return a reply as the wire knows it."""
    reply = fit(reply, _rest(reply))
    return CallToolResult(
        content=[TextContent(type="text", text=text_of(reply))],
        structured_content=dumped(reply),
        is_error=reply.status in ERRORS and not _found_wrong(reply),
    )


def _found_wrong(reply: Reply) -> bool:
    """Tell whether a check was carried out: that a program is wrong is then its answer, not its failure."""
    return isinstance(reply, CheckReply) and bool(reply.steps)


def invalid(summary: str, hint: str, status: Status = "invalid") -> CallToolResult:
    """Return the result for arguments that no tool takes; it fits every tool's shape."""
    return as_result(Reply(status=status, summary=clean_text(summary, 1_500), hint=clean_text(hint, 500)))


def _rest(reply: Reply) -> Callable[[str, int, int], str] | None:
    if not isinstance(reply, RunReply):
        return lambda name, shown, total: "ask for less: a smaller limit, or a narrower question"
    name = reply.handle or reply.run_id

    def words(table: str, shown: int, total: int) -> str:
        part = next((each for each in reply.tables if each.name == table), None)
        if part is None:
            return f"the whole result is {reply.resource}"
        return f"read(run='{name}', table='{table}', offset={part.offset + shown}) gives the next"

    return words
