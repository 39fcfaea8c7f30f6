"""trace(): run a program within limits; Run: the running trace.

Leaving the `async with` for any reason (the end, an error, a cancel) stops the trace gracefully and waits for its maps:
inside a shield, with every wait bounded by the supervisor's own deadlines. What was read is never lost: `result()`
works after a cancel too, and the run store has it.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from gpttrace.check.policy import Policy, load_policy
from gpttrace.errors import StoreError, Unavailable
from gpttrace.host.bpftrace import locate_bpftrace
from gpttrace.settings import Settings
from gpttrace.trace.attached import nothing_attached, users_probes
from gpttrace.trace.dialect import Dialect, dialect_of
from gpttrace.trace.ending import Ending, absorb
from gpttrace.trace.instrument import prepare
from gpttrace.trace.items import Item, Snapshot
from gpttrace.trace.job import Job, new_nonce, new_run_id
from gpttrace.trace.launch import Link, Order, find_command, launch, require_right
from gpttrace.trace.limits import Limits
from gpttrace.trace.permission import permit
from gpttrace.trace.plan import Plan
from gpttrace.trace.quota import Quota
from gpttrace.trace.result import Result
from gpttrace.trace.spool import Spool
from gpttrace.trace.store import Store
from gpttrace.trace.table import Table

if TYPE_CHECKING:
    from gpttrace.trace.decode import Decoder

Phase = Literal["starting", "tracing", "detaching", "ended"]

EXACT = 2  # the highest level of instrumentation; each lower one is tried when bpftrace refuses the copy
PENDING = 256  # batches kept for a slow reader; the oldest are dropped, the result keeps their rows
SNAPSHOT_PATIENCE = 2.0
SNAPSHOT_QUIET = 0.2  # maps of one snapshot come together; this much silence ends it
KILL_PATIENCE = 5.0
SUPERVISOR_PATIENCE = 90.0  # besides the four graces: a minute of it is for maps that take long to print
ORPHAN_PATIENCE = 30.0  # for a bpftrace whose supervisor was killed: it got SIGINT and detaches

AnyRun = TypeVar("AnyRun", bound="Run")

# The runs that a blocking caller's thread has started: its ^C stops them (`gpttrace.sync`).
started_runs: ContextVar[list[Run] | None] = ContextVar("started_runs", default=None)


@dataclass(frozen=True, slots=True)
class Progress:
    """What happens to the trace itself; `text` is one line for people."""

    phase: Phase
    text: str


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """What the user's command wrote, to either of its outputs."""

    text: str


News = Item | Progress | CommandOutput
Batch = tuple[News, ...]


class Run:
    """A running trace: an async iterator of batches that ends when the trace has ended."""

    def __init__(self, job: Job, dialect: Dialect | None, store: Store | None) -> None:
        self.job = job
        self.phase: Phase = "starting"
        self.probes = 0
        self.supervisor_pid = 0
        self.ending = Ending()
        self._dialect = dialect
        self._store = store
        self._spool: Spool | None = None
        self._warnings: list[str] = []
        self._link: Link | None = None
        self._plan: Plan | None = None
        self._decoder: Decoder | None = None
        self._asked: str | None = None
        self._batches: deque[Batch] = deque(maxlen=PENDING)
        self._changed = anyio.Event()
        self._ended = anyio.Event()
        self._result: Result | None = None
        self._failure: Exception | None = None
        self._quota = Quota(job.limits.rows)
        self._pidfd = -1
        self._snapshots: list[Table] = []

    @property
    def run_id(self) -> str:
        """The id under which the run store keeps this run."""
        return self.job.run_id

    @property
    def rows(self) -> int:
        """The number of event rows read so far."""
        return self._quota.rows

    # --- for the caller

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[Batch]:
        while True:
            while self._batches:
                yield self._batches.popleft()
            if self._ended.is_set():
                return
            await self._changed.wait()

    def fresh_pieces(self, clean: Callable[[str], str] = str) -> Iterator[str | Table]:
        """Yield what was printed since the last call, in order: text as bpftrace lays it out, maps as tables.

        `clean` is applied to each traced text before it is laid out. Batches tell when there may be something new.
        """
        return iter(()) if self._decoder is None else self._decoder.fresh_pieces(clean)

    async def ready(self) -> bool:
        """Wait until all probes are attached; False when the trace ended before that."""
        while self.phase == "starting":
            await self._changed.wait()
        return self.ending.ready

    async def stop(self) -> None:
        """Ask for a graceful stop and return at once; the maps come with the rest of the batches."""
        await self._ask("stop")

    async def kill(self) -> None:
        """End the trace now: the kernel detaches it, its maps are lost, rows that were read are kept."""
        await self._ask("kill")
        with anyio.move_on_after(KILL_PATIENCE, shield=True):
            await self._ended.wait()
        if not self._ended.is_set() and self._link is not None:
            self._link.process.kill()

    async def snapshot(self) -> list[Table]:
        """Return the maps as they are now, while the trace goes on; Unavailable when this program cannot give them."""
        if self._plan is None or not await self.ready() or self._plan.snapshot_signal is None:
            raise Unavailable(
                "this trace cannot give its maps before its end", hint="stop it: that prints them"
            )
        self._snapshots = []
        assert self._link is not None
        await self._link.send("snapshot")
        with anyio.move_on_after(SNAPSHOT_PATIENCE):
            while not self._snapshots and not self._ended.is_set():
                await self._changed.wait()
            seen = -1
            while seen != len(self._snapshots):
                seen = len(self._snapshots)
                await anyio.sleep(SNAPSHOT_QUIET)
        return self._snapshots

    async def result(self) -> Result:
        """Wait for the end and return what the trace left."""
        await self._ended.wait()
        if self._failure is not None:
            raise self._failure
        assert self._result is not None
        return self._result

    # --- its life

    async def _end(self) -> None:
        """Stop and wait; a supervisor that does not keep its promise (somebody sent it SIGSTOP) is killed."""
        await self.stop()
        longest = SUPERVISOR_PATIENCE + 4 * (self.job.limits.grace + 0.15 * max(self.ending.probes, 1))
        with anyio.move_on_after(longest):
            await self._ended.wait()
        if not self._ended.is_set() and self._link is not None:
            self._link.process.kill()
            await self._ended.wait()

    async def _live(self) -> None:
        # Shielded: a cancelled caller stops the trace (see `trace`), it does not abandon it.
        with anyio.CancelScope(shield=True):
            try:
                self._result = await self._through_levels()
            except Exception as problem:
                self._failure = problem
            finally:
                self._close()
                self._enter("ended", "ended")
                self._ended.set()

    async def _through_levels(self) -> Result:
        self._open_spool()
        assert self._dialect is not None
        for level in range(EXACT, -1, -1):
            plan = prepare(
                self.job.program,
                dialect=self._dialect,
                nonce=new_nonce(),
                exclude_self=self.job.exclude_self,
                level=level,
                units=self.job.units,
            )
            decoder = await self._attempt(plan)
            if self._asked or not self.ending.refused or plan.level == 0:
                break
        from gpttrace.trace.conclude import conclude  # wanted only now

        result = conclude(self.job, plan, decoder, self.ending, quota=self._quota, fell_back=level < EXACT)
        return await self._keep(result)

    async def _attempt(self, plan: Plan) -> Decoder:
        """Run one copy of the program to its end."""
        self.ending, self._plan, self._quota = Ending(), plan, Quota(self.job.limits.rows)
        if self._spool:
            self._spool.describe(self.job, plan)
        order = Order(
            bpftrace=self.job.bpftrace,
            program=plan.text,
            limits=self.job.limits,
            ready_marker=plan.ready_marker,
            snapshot_signal=signal.SIGUSR1 if plan.snapshot_signal else None,
            command=self.job.command,
            pid=self.job.pid,
            spool=self._spool.path if self._spool else None,
            unsafe=self.job.unsafe,
            folder=self.job.folder,
        )
        began = time.monotonic()
        self._link = link = await launch(order)
        self.supervisor_pid = link.process.pid
        from gpttrace.trace.decode import (
            Decoder,  # imported while bpftrace starts: 20 ms sooner to the first row
        )

        self._decoder = decoder = Decoder(plan)
        async with link, anyio.create_task_group() as group:
            if self._asked:
                await link.send(self._asked)
            group.start_soon(self._read_events, link, plan, group)
            await self._read_data(link, decoder)
        self._publish(self._quota.count(decoder.close()))
        await anyio.to_thread.run_sync(decoder.settle)  # may take a second; a second ^C is heard meanwhile
        self.ending = replace(self.ending, noise=link.noise)
        if self.ending.died:
            self.ending = replace(self.ending, took=time.monotonic() - began)
            await self._see_off()
        return decoder

    async def _read_data(self, link: Link, decoder: Decoder) -> None:
        async for chunk in link.data():
            self._publish(self._quota.count(decoder.feed(chunk)))
            if self._quota.reached:
                await self._ask("stop row_limit")

    async def _read_events(self, link: Link, plan: Plan, group: TaskGroup) -> None:
        async for event in link.events():
            self.ending = absorb(self.ending, event)
            match event["event"]:
                case "started":
                    self._watch(event["pid"])
                case "ready":
                    self.probes = users_probes(plan, self.ending)
                    self._enter("tracing", f"tracing, {_probes(self.probes)} attached")
                    if nothing_attached(plan, self.ending):
                        await self._ask("stop nothing_attached")
                case "exit":
                    link.hurry()
                case "detaching":
                    link.hurry()
                    self._enter("detaching", f"detaching {_probes(self.probes)}")
                    if (
                        self._store
                    ):  # saving needs pyarrow: its import (0.2 s) happens while bpftrace detaches
                        group.start_soon(anyio.to_thread.run_sync, _warm)
                case "command_output":
                    self._publish([CommandOutput(event["text"])])

    def _open_spool(self) -> None:
        if self._store is not None:
            try:
                self._spool = Spool(self._store.path, self.run_id)
            except StoreError as problem:
                self._warnings.append(f"there is no safety copy of this trace: {problem.message}")

    async def _keep(self, result: Result) -> Result:
        """Save the result; when that fails it is still returned, and its spool stays for `recover()`."""
        if self._store is not None:
            try:
                await anyio.to_thread.run_sync(self._store.save, result)
                if self._spool:
                    self._spool.remove()
            except StoreError as problem:
                self._warnings.append(f"this run was not saved: {problem.message}")
        return replace(result, warnings=(*result.warnings, *self._warnings))

    async def _ask(self, command: str) -> None:
        if self._asked is None or command == "kill":
            self._asked = command
            if self._link is not None:
                # Shielded: what counts as asked must have been sent, also when whoever asked is cancelled meanwhile.
                with anyio.CancelScope(shield=True):
                    await self._link.send(command)

    def _publish(self, items: Sequence[News]) -> None:
        if not items:
            return
        self._snapshots += [
            item.table for item in items if isinstance(item, Snapshot) and item.why == "asked"
        ]
        self._batches.append(tuple(items))
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    def _enter(self, phase: Phase, text: str) -> None:
        self.phase = phase
        self._publish([Progress(phase, text)])

    # --- a bpftrace whose supervisor was killed

    def _watch(self, pid: int) -> None:
        self._unwatch()
        with suppress(OSError):
            self._pidfd = os.pidfd_open(pid)

    async def _see_off(self) -> None:
        """Wait for the end of a bpftrace that got its parent-death SIGINT; the number cannot be someone else's."""
        if self._pidfd < 0:
            return
        with anyio.move_on_after(ORPHAN_PATIENCE):
            await anyio.wait_readable(self._pidfd)
            return
        with suppress(OSError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _close(self) -> None:
        if self._spool:
            self._spool.release()
        self._unwatch()

    def _unwatch(self) -> None:
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


def _warm() -> None:
    with suppress(ImportError):  # told when the run is saved
        import_module("pyarrow.parquet")


def _probes(number: int) -> str:
    return "1 probe" if number == 1 else f"{number} probes"


@asynccontextmanager
async def trace(
    program: str,
    *,
    limits: Limits | None = None,
    bpftrace: str | None = None,
    pid: int | None = None,
    command: Sequence[str] = (),
    exclude_self: bool = True,
    units: dict[str, str] | None = None,
    question: str | None = None,
    spec: dict[str, Any] | None = None,
    keep: bool = True,
    settings: Settings | None = None,
    policy: Policy | None = None,
    approved: bool = False,
    folder: str | None = None,
) -> AsyncIterator[Run]:
    """Run `program` (bpftrace source) within `limits` and yield the running trace.

    `command` is a user's command (an argument list): it starts when the probes are attached, its end ends the trace, and its pid
    stands for `__GPTTRACE_CMD__` in the program. `keep` saves the run in the run store. Without `policy` that of machine and user
    holds; `approved` says that a person agreed to a program that reads people's data. In `folder` is looked for what the program
    includes or imports by a relative name. Raises ProgramRejected, NotPermitted,
    Unavailable or UsageError when nothing could be started; what bpftrace itself says is in the result.
    """
    settings = settings or Settings.load()
    granted = permit(program, limits or Limits(), policy or load_policy(settings), approved=approved)
    path = locate_bpftrace(bpftrace or settings.bpftrace)
    require_right()
    job = Job(
        run_id=new_run_id(),
        program=program,
        bpftrace=path,
        limits=granted.limits,
        began=datetime.now().astimezone(),
        question=question,
        spec=spec,
        command=find_command(command),
        pid=pid,
        exclude_self=exclude_self,
        units=units,
        unsafe=granted.unsafe,
        folder=folder,
    )
    dialect = await anyio.to_thread.run_sync(lambda: dialect_of(path, cache_dir=settings.cache_dir))
    async with living(Run(job, dialect, Store(settings.state_dir) if keep else None)) as run:
        yield run


@asynccontextmanager
async def living(run: AnyRun) -> AsyncIterator[AnyRun]:
    """Let a run live inside the block; leaving it ends the run and waits for all that it left."""
    if (runs := started_runs.get()) is not None:
        runs.append(run)
    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(run._live)
        try:
            yield run
        except Exception as problem:  # raised again below, outside the group that would wrap it
            failure = problem
        finally:
            with anyio.CancelScope(shield=True):
                await run._end()
    if (failure := failure or run._failure) is not None:
        raise failure
