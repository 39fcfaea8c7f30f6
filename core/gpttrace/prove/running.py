"""Running a program while a workload acts, as any other program is run: under the policy, the limits and the supervisor."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex

from gpttrace.check.policy import Policy
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace.trace import Limits, Result, trace
from gpttrace.trace.run import CommandOutput

SECONDS, ALONE = 20.0, 1.0
_READY = re.compile(r"^ready (\d+)$", re.MULTILINE)
CANNOT_ACT = 5  # the exit status of a workload that cannot act on a machine


@dataclass(frozen=True, slots=True)
class Ran:
    """A run beside a workload whose process was called `called` while it acted `times` times."""

    result: Result
    workload: str
    called: str
    times: int
    said: str

    @property
    def pid(self) -> int | None:
        """The process of the workload."""
        found = _READY.search(self.said)
        return int(found[1]) if found else None

    @property
    def trouble(self) -> str | None:
        """Why nothing can be concluded from this run; None when the workload acted to its end under the trace."""
        result = self.result
        if (error := result.error()) is not None:
            return error.message
        if result.command_status == CANNOT_ACT:
            words = self.said.strip().splitlines()[-1:]
            return f"the workload cannot act on this machine: {' '.join(words)}"
        if result.command_status is None:
            return f"the trace ended before `{self.workload}` had acted: {result.reason}"
        if result.command_status != 0 or not result.complete:
            return f"the run beside `{self.workload}` was not whole: {result.reason}"
        return None


@dataclass(frozen=True, slots=True)
class Under:
    """Where and under which rules a program runs; `approved` says that a person agreed to what it reads."""

    host: Host
    settings: Settings
    policy: Policy
    approved: bool = False


async def run_beside(program: str, workload: str, times: int, under: Under) -> Ran:
    """Run a program until a workload has acted; raises what `trace` raises when nothing could be started.

    The process gets a name that no other has, so that a second proof at the same time is not seen.
    """
    called = f"gptcanary-{token_hex(3)[:5]}"
    words = ["-m", "gpttrace_corpus.workloads", f"{workload}:{called}", str(times), "--now"]
    result, said = await _run(program, under, SECONDS, [sys.executable, *words])
    return Ran(result, workload, called, times, said)


async def run_alone(program: str, under: Under) -> Result:
    """Run a program for a second beside whatever happens on the machine; raises what `trace` raises."""
    result, _ = await _run(program, under, ALONE)
    return result


async def _run(program: str, under: Under, seconds: float, command: Sequence[str] = ()) -> tuple[Result, str]:
    said: list[str] = []
    async with trace(
        program,
        limits=Limits(seconds=seconds),
        bpftrace=under.host.bpftrace,
        command=command,
        settings=under.settings,
        policy=under.policy,
        approved=under.approved,
        keep=False,
    ) as running:
        async for batch in running:
            said += [item.text for item in batch if isinstance(item, CommandOutput)]
    return await running.result(), "".join(said)
