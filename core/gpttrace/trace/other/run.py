"""trace_other(): run another program than bpftrace within limits; OtherRun: it, while it runs.

The same promises as `trace()`: whatever ends it, nothing of it is left, and its lines are in the result and in the run store.
"""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import anyio
import anyio.to_thread

from gpttrace.settings import Settings
from gpttrace.trace.ending import absorb
from gpttrace.trace.job import Job, new_run_id
from gpttrace.trace.launch import Link, Order, find_command, launch, require_right
from gpttrace.trace.limits import Limits
from gpttrace.trace.other.judge import judge_other
from gpttrace.trace.other.left import conclude_other
from gpttrace.trace.other.lines import Lines
from gpttrace.trace.result import Result
from gpttrace.trace.run import KILL_PATIENCE, CommandOutput, Run, living
from gpttrace.trace.store import Store


class OtherRun(Run):
    """A running program: an async iterator of batches of its lines; `hint` says afterwards what mends a failure."""

    def __init__(
        self, job: Job, argv: Sequence[str], env: Mapping[str, str], store: Store | None, settle: float = 0.0
    ) -> None:
        super().__init__(job, None, store)
        self.settle = settle
        self.argv, self.env = tuple(argv), dict(env)
        self.hint: str | None = None
        self._lines = Lines(job.limits.rows)

    @property
    def name(self) -> str:
        """What the program is called."""
        return self.argv[0].rsplit("/", 1)[-1]

    @property
    def rows(self) -> int:
        """The number of lines read so far."""
        return len(self._lines.kept)

    async def _through_levels(self) -> Result:
        self._open_spool()
        if self._spool:
            self._spool.note(job_json(self.job, self.argv))
        await self._follow_to_end()
        self.hint = judge_other(self.ending, self.job.limits, self.name, self._lines.kept).hint
        return await self._keep(conclude_other(self.job, self.argv, self._lines, self.ending))

    async def _follow_to_end(self) -> None:
        order = Order(
            bpftrace=self.job.bpftrace,
            program="",
            limits=self.job.limits,
            ready_marker="",
            command=self.job.command,
            spool=self._spool.path if self._spool else None,
            argv=self.argv,
            env=self.env,
            settle=self.settle,
        )
        began = time.monotonic()
        self._link = link = await launch(order)
        self.supervisor_pid = link.process.pid
        async with link, anyio.create_task_group() as group:
            if self._asked:
                await link.send(self._asked)
            group.start_soon(self._hear, link)
            async for chunk in link.data():
                self._publish(self._lines.feed(chunk))
                if self._lines.reached:
                    await self._ask("stop row_limit")
        self._publish(self._lines.close())
        self.ending = replace(self.ending, noise=link.noise)
        if self.ending.died:
            self.ending = replace(self.ending, took=time.monotonic() - began)
            await self._see_off()

    async def _hear(self, link: Link) -> None:
        async for event in link.events():
            self.ending = absorb(self.ending, event)
            match event["event"]:
                case "started":
                    self._watch(event["pid"])
                case "ready":
                    self._enter("tracing", f"{self.name} runs")
                case "exit":
                    link.hurry()
                case "detaching":
                    link.hurry()
                    self._enter("detaching", f"{self.name} ends")
                case "command_output":
                    self._publish([CommandOutput(event["text"])])
        if self.ending.died and self.ending.pid:
            await self._end_group()

    async def _end_group(self) -> None:
        """End what a killed supervisor left: the kernel signalled only the program itself, its children hold our pipe.

        The number of a process group is not given away while it has members.
        """
        for number, patience in ((signal.SIGINT, self.job.limits.grace), (signal.SIGKILL, KILL_PATIENCE)):
            with suppress(ProcessLookupError), anyio.move_on_after(patience):
                os.killpg(self.ending.pid, number)
                while True:
                    await anyio.sleep(0.05)
                    os.killpg(self.ending.pid, 0)


def job_json(job: Job, argv: Sequence[str]) -> dict[str, Any]:
    """Return the job as plain JSON values; `argv` tells it from a job of bpftrace."""
    return {**asdict(job), "began": job.began.isoformat(), "argv": list(argv)}


@asynccontextmanager
async def trace_other(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    limits: Limits | None = None,
    command: Sequence[str] = (),
    question: str | None = None,
    spec: dict[str, Any] | None = None,
    keep: bool = True,
    settings: Settings | None = None,
    settle: float = 0.0,
) -> AsyncIterator[OtherRun]:
    """Run `argv` (a full path and arguments, never a shell) with `env` and nothing else of ours; yield it while it runs.

    The caller has asked the policy. The time limit counts from its probes, or `settle` seconds after its first output when it
    holds none by then. Raises NotPermitted, Unavailable or UsageError when nothing could be started.
    """
    settings = settings or Settings.load()
    require_right()
    job = Job(
        run_id=new_run_id(),
        program=shlex.join(argv),
        bpftrace=argv[0],
        limits=limits or Limits(),
        began=datetime.now().astimezone(),
        question=question,
        spec=spec,
        command=find_command(command),
    )
    store = Store(settings.state_dir) if keep else None
    async with living(OtherRun(job, argv, env, store, settle)) as run:
        yield run
