"""What the tests of proofs need: one call that proves a program, and holds that nothing of it is left attached."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from tests.trace.conftest import Watch, bpf_programs_of, children

from gpttrace.check.policy import load_policy
from gpttrace.host import Host
from gpttrace.prove import Proof, prove
from gpttrace.prove.running import Under
from gpttrace.settings import Settings
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.model import TraceSpec
from gpttrace.testing import InstalledBpftrace

Proving = Callable[..., Proof]


@pytest.fixture
def proving(settings: Settings) -> Iterator[Proving]:
    """Prove a program with one bpftrace: `proving(program, bpftrace, event=…)`; at the end nothing may be attached."""
    watch = Watch()

    def whole(program: str, bpftrace: InstalledBpftrace, event: str | None = None) -> Proof:
        mine = Settings(bpftrace.path, settings.state_dir, settings.cache_dir)
        under = Under(Host.local(mine), mine, load_policy(mine))
        spec = TraceSpec(event, "count", conditions=load_catalogue()[event].assume) if event else None
        return anyio.run(_watched, program, under, spec, watch)

    yield whole
    assert watch.programs, "no tracer was met while it was attached: this test would prove nothing"
    watch.prove()


async def _watched(program: str, under: Under, spec: TraceSpec | None, watch: Watch) -> Proof:
    async with anyio.create_task_group() as group:
        group.start_soon(_look, watch)
        proof = await prove(program, under=under, spec=spec)
        group.cancel_scope.cancel()
    return proof


async def _look(watch: Watch) -> None:
    """Note every tracer of ours that holds programs, for as long as the proof takes."""
    while True:
        for pid in [pid for supervisor in children(os.getpid()) for pid in children(supervisor)]:
            with suppress(OSError):  # ended while we look
                if Path(f"/proc/{pid}/comm").read_text().startswith("bpftrace"):
                    if found := bpf_programs_of(pid):
                        watch.pids.add(pid)
                    watch.programs |= found
        await anyio.sleep(0.02)
