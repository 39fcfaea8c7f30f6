"""What stands between a model and a root tracer: limits per run, per minute and together, and a person's approval.

The policy itself is the core's, on the parse tree; here it is decided who may say yes to what it asks about: a person, through
the client, never the model.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from mcp.server.elicitation import (
    AcceptedElicitation,
    CancelledElicitation,
    DeclinedElicitation,
    ElicitationResult,
)
from mcp.server.mcpserver import Context, Elicit
from pydantic import BaseModel, Field

from gpttrace.errors import GpttraceError
from gpttrace_mcp.state import App
from gpttrace_mcp.tables import clean_lines

MINUTE, HOUR = 60.0, 3600.0
_MOST_SHOWN = 4_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """What clients may use: of one run, of one minute, at one time, and together in an hour. Seconds are seconds of tracing."""

    run_seconds: float = 30.0
    start_seconds: float = 3600.0
    rows: int = 200_000
    runs_a_minute: int = 20
    at_once: int = 4
    seconds_an_hour: float = 7200.0

    def sentences(self) -> list[str]:
        """Return the limits in words."""
        return [
            f"run: at most {self.run_seconds:g} s; start: at most {self.start_seconds:g} s",
            f"at most {self.rows:,} rows of each trace are kept",
            f"at most {self.runs_a_minute} traces a minute, {self.at_once} at once, {self.seconds_an_hour:g} s an hour",
        ]


class Limited(GpttraceError):
    """A limit of this server was reached; the hint says when to try again."""


@dataclass(slots=True)
class Allowance:
    """Counts what all clients use together."""

    bounds: Bounds
    clock: Callable[[], float] = time.monotonic
    running: int = 0
    _begun: deque[float] = field(default_factory=deque)
    _used: deque[tuple[float, float]] = field(default_factory=deque)
    _promised: float = 0.0

    @contextmanager
    def taken(self, seconds: float) -> Iterator[None]:
        """Take one run of so many seconds while the block lasts; Limited when that is too much now."""
        began = self._admit(seconds)
        self.running += 1
        self._promised += seconds
        try:
            yield
        finally:
            self.running -= 1
            self._promised -= seconds
            now = self.clock()
            self._used.append((now, min(now - began, seconds)))

    def _admit(self, seconds: float) -> float:
        now = self.clock()
        _forget(self._begun, now - MINUTE)
        while self._used and self._used[0][0] <= now - HOUR:
            self._used.popleft()
        if self.running >= self.bounds.at_once:
            raise Limited(
                f"{self.running} traces are running, and no more may at once",
                hint="wait for one to end, or stop one: runs() lists them",
            )
        if len(self._begun) >= self.bounds.runs_a_minute:
            wait = max(self._begun[0] + MINUTE - now, 1)
            raise Limited(
                f"{len(self._begun)} traces were begun within a minute, and no more may be",
                hint=f"wait {wait:.0f} s; one longer trace tells more than many short ones",
            )
        used = sum(spent for _, spent in self._used) + self._promised
        if used + seconds > self.bounds.seconds_an_hour:
            left = max(self.bounds.seconds_an_hour - used, 0)
            raise Limited(
                f"only {left:.0f} s of tracing are left for this hour, and {seconds:g} s were asked for",
                hint="ask for fewer seconds, or read what was traced already: runs()",
            )
        self._begun.append(now)
        return now


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()


# --------------------------------------------------------------------------------------------- approval


class Approval(BaseModel):
    """A person's answer."""

    approve: bool = Field(description="Run this program as root and let it read that?")


def can_ask(ctx: Context[App]) -> bool:
    """Tell whether the client can put a question to a person."""
    known = ctx.client_capabilities
    asks = known.elicitation if known is not None else None
    return asks is not None and (asks.form is not None or asks.url is None)


async def ask_a_person(program: str, seconds: float, ctx: Context[App]) -> Approval | Elicit[Approval]:
    """Ask about a program that the policy wants approved; a client that cannot ask is an answer of no.

    Nothing that would not run anyway is asked about. May be called twice for one call, so it changes nothing.
    """
    app = ctx.request_context.lifespan_context
    report = app.report_of(program)
    if report.policy.allowed != "ask" or not report.ok or app.missing() or not can_ask(ctx):
        return Approval(approve=False)
    return Elicit(question_about(program, seconds, report.policy.reads), Approval)


def question_about(program: str, seconds: float, reads: tuple[str, ...]) -> str:
    """Return the question for a person; it holds the whole program, or its digest, so that an answer is for no other one."""
    shown = clean_lines(program, _MOST_SHOWN)
    whole = (
        ""
        if len(program) <= _MOST_SHOWN
        else f"\n(SHA-256 of the whole program: {sha256(program.encode()).hexdigest()})"
    )
    return (
        f"An AI assistant wants to run this bpftrace program as root for at most {seconds:g} s. "
        f"It reads {', '.join(reads)}.\n\n{shown}{whole}"
    )


Answered = ElicitationResult[Approval]


def approved(answer: AcceptedElicitation[Approval] | DeclinedElicitation | CancelledElicitation) -> bool:
    """Tell whether a person said yes."""
    return isinstance(answer, AcceptedElicitation) and bool(answer.data.approve)


def denial(reads: tuple[str, ...], ctx: Context[App], answer: object) -> tuple[str, str]:
    """Return why a program that needs approval is not run, and what a model can do about it."""
    what = ", ".join(reads)
    instead = "count or aggregate instead of reading it, or ask the user to run it: gpttrace run FILE --yes"
    if not can_ask(ctx):
        return f"this program reads {what}: a person must approve it, and this client cannot ask one", instead
    said = "declined" if isinstance(answer, DeclinedElicitation | AcceptedElicitation) else "did not answer"
    return f"this program reads {what}, and the user {said}", f"do not ask again without a reason; {instead}"
