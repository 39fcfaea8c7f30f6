"""What the tests of the MCP server share: servers for a module, both eras, and proof that nothing stays attached."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from tests.mcp.serving import Wire, tracers
from tests.trace.conftest import Watch as TracerWatch
from tests.trace.conftest import bpf_programs_of

from gpttrace.testing import installed_bpftraces, require


@pytest.fixture(scope="session")
def kernel() -> None:
    """Skip where nothing can be traced."""
    require(any(each.release == "host" for each in installed_bpftraces()), "there is no bpftrace")
    require(os.geteuid() == 0, "tracing needs root")
    require(Path("/sys/kernel/tracing/available_events").exists(), "tracefs is not mounted")


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """An event loop in a thread, for the clients of a module."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a module's servers."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    """Each era of the protocol in turn: `auto` is the modern one."""
    return str(request.param)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start servers on a bare wire: `wire(era, *options)`; its runs are kept in this test's folder."""
    started: list[Wire] = []

    def start(era: str, *options: str, **given: Any) -> Wire:
        started.append(Wire(tmp_path / "state", era, *options, **given))
        return started[-1]

    yield start
    for each in started:
        each.close()


class Watch(TracerWatch):
    """Remembers a server's tracers while they are attached, to prove that they and their BPF programs are gone."""

    def of(self, server: int) -> list[int]:
        """Note the bpftraces that a server has attached now."""
        found = tracers(server)
        assert found, "no tracer is attached: this watch would prove nothing"
        for pid in found:
            self.pids.add(pid)
            self.programs |= bpf_programs_of(pid)
        assert self.programs, "no BPF program is loaded: this watch would prove nothing"
        return found


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Note a server's tracers with `watch.of(pid)`; at the end of the test all of them must be gone."""
    watch = Watch()
    yield watch
    watch.prove()
