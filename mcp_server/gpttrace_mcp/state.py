"""App: what one server process knows while it lives: where things are, what it allows, and which traces it runs."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio
import anyio.to_thread

from gpttrace.check.policy import Policy, load_policy
from gpttrace.check.report import Report
from gpttrace.errors import StoreError
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace.trace.store import Store

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

    from gpttrace.writer import Draft
    from gpttrace_mcp.handles import Tracings
    from gpttrace_mcp.safety import Allowance

Mode = Literal["full", "no-run", "read-only"]
T = TypeVar("T")
log = logging.getLogger("gpttrace_mcp")

REMEMBERED = 64
HOST_AGE = 300.0  # seconds after which the machine is looked at anew: bpftrace may have been installed


@dataclass(slots=True)
class App:
    """The state of a server; everything that clients share."""

    settings: Settings
    mode: Mode
    allowance: Allowance
    tracings: Tracings
    _drafts: OrderedDict[str, tuple[str, Draft]] = field(default_factory=OrderedDict)
    _reports: OrderedDict[str, tuple[Policy, Host, Report]] = field(default_factory=OrderedDict)
    _host: Host | None = None
    _looked: float = 0.0
    _threads: anyio.CapacityLimiter | None = None

    @property
    def store(self) -> Store:
        """The runs that are kept."""
        return Store(self.settings.state_dir)

    @property
    def policy(self) -> Policy:
        """The policy as its files say now."""
        return load_policy(self.settings)

    def host(self, *, anew: bool = False) -> Host:
        """Return what this machine can trace."""
        now = time.monotonic()
        old = now - self._looked > HOST_AGE
        if self._host is None or anew or old:
            found = Host.local(self.settings)
            if (
                self._host is None or old or found != self._host
            ):  # one that has not changed knows its lists already
                self._host, self._looked = found, now
        return self._host

    def missing(self) -> list[tuple[str, str]]:
        """Return what keeps this server from tracing, each with what mends it."""
        return self.host().problems()

    def report_of(self, program: str) -> Report:
        """Return the static check of a program, which starts nothing."""
        from gpttrace.check.whole import check_static

        policy, host = self.policy, self.host()
        known = self._reports.get(program)
        if known is not None and known[0] == policy and known[1] is host:
            return known[2]
        report = check_static(program, host, policy)
        _remember(self._reports, program, (policy, host, report))
        return report

    def remember(self, question: str, draft: Draft) -> None:
        """Keep a draft, so that its program still has its question and units when it comes back to be run."""
        if draft.program is not None:
            _remember(self._drafts, draft.program.strip(), (question, draft))

    def draft_of(self, program: str) -> tuple[str, Draft] | None:
        """Return the question and draft that a program came from, when it was not changed since."""
        return self._drafts.get(program.strip())

    async def in_thread(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run a function of the core that blocks; few at a time, as they share what the host knows."""
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(2)
        return await anyio.to_thread.run_sync(partial(function, *args, **options), limiter=self._threads)

    async def note(
        self, who: str, tool: str, program: str, verdict: str, why: str = "", run_id: str | None = None
    ) -> str:
        """Write down who wanted to run what; return a warning when that was not possible."""
        from gpttrace.trace.audit import Asked, note

        line = Asked(who, tool, program, verdict, why, run_id)
        try:
            await anyio.to_thread.run_sync(note, self.store, line)
        except StoreError as error:
            log.warning("%s", error.message)
            return f"who asked for this was not written down: {error.message}"
        return ""


def _remember(kept: OrderedDict[str, T], key: str, value: T) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)


def app_of(ctx: Context[App]) -> App:
    """Return the state of the server that a request reached."""
    app: App = ctx.request_context.lifespan_context
    return app


def client_of(ctx: Context[App]) -> str:
    """Return who asks, as the run store keeps it: `mcp:` and the name that the client gives itself."""
    from gpttrace_mcp.tables import clean_text

    known = ctx.session.client_params
    name = clean_text(known.client_info.name, 60) if known is not None else ""
    return f"mcp:{name or 'unknown'}"
