"""One run of a document's text, from the wish to its end: checked, approved, traced, told of.

A run is never cancelled, only stopped: its task ends when the trace has ended and its result is kept. News of its end are sent
whatever happened to it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Literal

from gpttrace.errors import GpttraceError, NotPermitted, ProgramRejected, Unavailable
from gpttrace_lsp.running.approval import approved
from gpttrace_lsp.running.news import News

if TYPE_CHECKING:
    from gpttrace.check.policy import Policy
    from gpttrace.trace import Result, Run, Table
    from gpttrace.trace.live import Live
    from gpttrace_lsp.document import Document
    from gpttrace_lsp.server import Server

log = logging.getLogger("gpttrace_lsp")
State = Literal["starting", "running", "ending", "ended", "failed"]
_STATES: dict[str, State] = {
    "starting": "starting",
    "tracing": "running",
    "detaching": "ending",
    "ended": "ending",
}


class Tracing:
    """One run. `program` is the text as it was when it was asked for; `refuse` says why it is not even tried."""

    def __init__(self, server: Server, document: Document, name: str, seconds: float) -> None:
        self.server = server
        self.document = document
        self.id = name
        self.uri = document.uri
        self.program = document.lines.text
        self.version = document.version
        self.seconds = seconds
        self.refuse: str | None = None
        self.run: Run | None = None
        self.run_id: str | None = None
        self.result: Result | None = None
        self.trouble: GpttraceError | None = None
        self.note = ""  # what is said of a run that came to nothing, and should not have
        self.live: Live | None = None
        self.reading = asyncio.Lock()  # rows are taken in by the loop, and read by a thread
        self.traced_at: float | None = None
        self.stopping = asyncio.Event()
        self.ended = asyncio.Event()
        self.news = News(self)

    # ------------------------------------------------------------------------------ what is known of it

    @property
    def running(self) -> bool:
        """Tell whether it has not ended yet."""
        return not self.ended.is_set()

    @property
    def state(self) -> State:
        """The state as clients are told it."""
        if self.ended.is_set():
            return "failed" if self.problem is not None else "ended"
        if self.run is None:
            return "ending" if self.stopping.is_set() else "starting"
        return _STATES[self.run.phase]

    @property
    def problem(self) -> GpttraceError | None:
        """Why there is nothing to show, when that is so."""
        if self.trouble is not None or self.result is None:
            return self.trouble
        return self.result.error()

    @property
    def message(self) -> str:
        """How it ended, in a sentence; "" while it runs."""
        if (problem := self.problem) is not None:
            return problem.message
        return self.result.reason if self.result is not None else self.note

    @property
    def seconds_left(self) -> float | None:
        """Seconds until it ends by itself, None before its probes are attached and after its end."""
        if self.run is None or self.run.phase != "tracing" or not self.running:
            return None
        if self.traced_at is None:
            self.traced_at = time.monotonic()
        return max(round(self.seconds - (time.monotonic() - self.traced_at), 1), 0.0)

    @property
    def rows(self) -> int:
        """How many rows all tables have so far: printed ones, and those of maps as they were last seen."""
        if self.live is not None:
            return sum(self.live.counts.values())
        return self.result.rows if self.result is not None else 0

    async def table(self, name: str) -> Table | None:
        """Return all rows so far of one table of a run that goes on."""
        if self.live is None:
            return None
        async with self.reading:
            if name in self.live.maps:
                return self.live.maps[name]
            count = self.live.counts.get(name, 0)
            return await asyncio.to_thread(self.live.events, name, 0, count)

    def forget(self) -> None:
        """Drop the tables from memory; the run store has them."""
        self.result = self.live = None

    # --------------------------------------------------------------------------------------- its life

    async def stop(self) -> None:
        """Ask it to stop, at whatever point it is, and return at once."""
        self.stopping.set()
        if self.run is not None:
            await self.run.stop()

    async def whole(self, former: Tracing | None) -> None:
        """Run it to its end, after a former run of the same document has ended."""
        telling = asyncio.ensure_future(self.news.keep_telling())
        try:
            if former is not None:
                await former.stop()
                await former.ended.wait()
            await self._checked_and_traced()
        except GpttraceError as error:
            self.trouble = error
        except Exception as error:  # nobody waits for it: told where runs are told of
            log.exception("a run ended unexpectedly")
            self.trouble = GpttraceError(f"the run ended unexpectedly ({type(error).__name__})")
        finally:
            self.ended.set()
            telling.cancel()
            (said,) = await asyncio.gather(telling, return_exceptions=True)
            if isinstance(said, Exception):
                log.error("a run could not be told of while it ran", exc_info=said)
        try:
            await self.news.last()
        except Exception:
            log.exception("the end of a run could not be told")

    async def _checked_and_traced(self) -> None:
        if self.refuse is not None:
            raise NotPermitted(self.refuse)
        if not self.server.may_run:
            raise NotPermitted(
                "this server was started without the right to run programs", hint="start it on stdio for that"
            )
        host = self.server.hosting.host
        if host is None:
            raise Unavailable("nothing is known of this machine, so nothing runs")
        if host.saved:
            hint = "empty the setting gpttrace.hostFile to run on this machine"
            raise Unavailable(
                f"scripts are checked for the host file {host.name}, and nothing runs there", hint=hint
            )
        from gpttrace.check.policy import load_policy

        # What the diagnostics were told to allow is not allowed to run: the machine's own policy says that.
        policy = load_policy(self.server.hosting.settings)
        agreed = await self._agreed(policy)
        if self.stopping.is_set():
            self.note = "it was stopped before it began"
        elif agreed is None:
            self.note = "nobody has approved it; nothing was run"
        else:
            await self._trace(policy, agreed)

    async def _agreed(self, policy: Policy) -> bool | None:
        """Return whether reading people's data was approved, None where that was needed and refused."""
        from gpttrace.check.whole import check_static

        report = await asyncio.to_thread(check_static, self.program, self.server.hosting.host, policy)
        errors = [each for each in report.findings if each.severity == "error"]
        if errors:
            line, _ = report.program.source.line_column(errors[0].start)
            more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
            kind = NotPermitted if report.denied else ProgramRejected
            raise kind(f"line {line}: {errors[0].message}{more}; nothing was run", hint=errors[0].hint)
        if report.policy.allowed != "ask":
            return False
        return await approved(self.server, self.document, report.policy.reads, self.stopping) or None

    async def _trace(self, policy: Policy, agreed: bool) -> None:
        from gpttrace.session import Answer, explained
        from gpttrace.trace import Limits, trace
        from gpttrace.trace.live import Live

        settings, host = self.server.hosting.settings, self.server.hosting.host
        self.live = Live()
        async with trace(
            self.program,
            limits=Limits(seconds=self.seconds),
            bpftrace=host.bpftrace if host is not None else None,
            settings=settings,
            policy=policy,
            approved=agreed,
            folder=str(self.document.folder) if self.document.folder else None,
        ) as run:
            self.run, self.run_id = run, run.run_id
            if self.stopping.is_set():
                await run.stop()
            async for batch in run:
                async with self.reading:
                    self.live.take(batch)
        result = await run.result()
        answer = Answer(None, self.program, None, result=result)
        try:
            result = (await asyncio.to_thread(explained, answer, settings)).result or result
        except Exception:  # words are lost then, never what was traced
            log.exception("run %s could not be explained", result.run_id)
        self.result, self.live = result, None
        await self._place_findings(result)

    async def _place_findings(self, result: Result) -> None:
        # What bpftrace said while it ran stands where what it says when it compiles stands, until that is said anew.
        server, document = self.server, self.document
        if not result.findings or server.documents.get(self.uri) is not document:
            return
        before = document.slow.get("compile")
        same = before is not None and before.version == document.version == self.version
        kept = before.findings if before is not None and same else ()
        document.keep("compile", self.version, [*kept, *result.findings])
        server.diagnosing.publish(document, await server.look_of(document))
