"""Whatever ends a server, a call or a client, nothing stays attached, and what was traced is kept and can be read afterwards.

Each row of the kill table and of the cancellation matrix in both eras of the protocol, on the real bpftrace.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.from_thread import BlockingPortal
from tests.mcp.conftest import Watch
from tests.mcp.serving import ended, environment, listening, reaching, send, stdio, talking, tracers
from tests.trace.conftest import until

from gpttrace.settings import Settings
from gpttrace.trace import Result, Store, recover
from gpttrace_mcp.handles import Tracing, Tracings, Wish
from gpttrace_mcp.safety import Allowance, Bounds
from gpttrace_mcp.state import App

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]
StartWire = Callable[..., Any]

WAITING = "BEGIN { @begun = 7; } interval:s:1000 { exit(); }"


def kept(folder: Path) -> Result:
    """Return the one run that a server's state folder has, as the next server would read it."""
    state = folder / "state"
    recover(Settings(None, state, folder))
    (only,) = Store(state).list()
    result = Store(state).load(only.run_id)
    assert list(result.table("@begun").rows()) == [(7,)]
    assert (result.status, result.complete) == ("stopped", True)
    return result


def running(server: Any, tool: str, watch: Watch) -> int:
    """Begin a trace and return the request's id once it is attached."""
    number: int = server.tool(tool, program=WAITING, seconds=30)
    if tool == "start":
        assert server.result(number)["structuredContent"]["status"] == "running"
    else:
        server.news("tracing")
    watch.of(server.process.pid)
    return number


@pytest.mark.parametrize("tool", ["run", "start"])
def test_the_end_of_input_ends_the_trace_and_the_server(
    wire: StartWire, era: str, tool: str, watch: Watch, tmp_path: Path
) -> None:
    server = wire(era)
    running(server, tool, watch)
    server.process.stdin.close()
    assert ended(server.process) == 0
    server.rest()
    kept(tmp_path)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129), (signal.SIGKILL, -9)],
)
def test_a_signal_ends_the_server_and_its_traces_are_kept(
    wire: StartWire, era: str, watch: Watch, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    server = wire(era)
    request = running(server, "run", watch)
    send(server.process, number)
    if number != signal.SIGKILL:
        # Input is still open and nobody has to close it; the waiting call gets what there is.
        assert server.result(request)["structuredContent"]["status"] == "stopped"
    assert ended(server.process) == code
    server.rest()
    if number == signal.SIGKILL:
        until(lambda: _recovered(tmp_path), "the run can be recovered")
    kept(tmp_path)


def _recovered(folder: Path) -> bool:
    recover(Settings(None, folder / "state", folder))
    return bool(Store(folder / "state").list())


def test_a_cancelled_call_ends_its_trace_and_its_run_can_be_read(
    wire: StartWire, era: str, watch: Watch
) -> None:
    server = wire(era)
    number = running(server, "run", watch)
    server.notify("notifications/cancelled", {"requestId": number, "reason": "enough"})

    def read() -> dict[str, Any]:
        return dict(server.result(server.tool("read", run="last"))["structuredContent"])

    until(lambda: read()["status"] == "stopped", "the run can be read")
    assert read()["tables"][0]["rows"] == [[7]]


def test_a_client_that_gives_up_waiting_ends_the_trace(
    portal: BlockingPortal, era: str, tmp_path: Path
) -> None:
    from mcp import MCPError

    with talking(portal, stdio(tmp_path / "state"), era) as talk:
        with pytest.raises(MCPError):
            talk.call("run", program=WAITING, seconds=30, timeout=3)
        until(
            lambda: talk.call("runs").data.get("runs", [{}])[0].get("status") == "stopped", "the run was kept"
        )
        assert talk.call("read", run="last").table("@begun")["rows"] == [[7]]


def test_an_http_client_that_hangs_up_ends_its_trace(
    portal: BlockingPortal, era: str, watch: Watch, tmp_path: Path
) -> None:
    with listening(tmp_path / "state") as server:
        with reaching(portal, server, era) as talk:
            future = portal.start_task_soon(talk.client.call_tool, "run", {"program": WAITING, "seconds": 30})
            until(lambda: tracers(server.process.pid), "the trace has begun")
            until(lambda: _attached(watch, server.process.pid), "it is attached")
            future.cancel()
        with reaching(portal, server, era) as talk:
            until(lambda: talk.call("read", run="last").data["status"] == "stopped", "the run can be read")
            assert talk.call("read", run="last").table("@begun")["rows"] == [[7]]


def _attached(watch: Watch, server: int) -> bool:
    try:
        return bool(watch.of(server))
    except AssertionError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_end_of_an_http_server_ends_its_traces(
    portal: BlockingPortal, watch: Watch, tmp_path: Path, number: signal.Signals
) -> None:
    with listening(tmp_path / "state") as server:
        with reaching(portal, server, "auto") as talk:
            assert talk.call("start", program=WAITING, seconds=60).data["status"] == "running"
            watch.of(server.process.pid)
        send(server.process, number)
        assert ended(server.process) in (128 + number, -number)
    until(lambda: _recovered(tmp_path), "the run is kept")
    kept(tmp_path)


def test_a_client_that_reads_nothing_cannot_keep_the_server_from_ending(
    wire: StartWire, watch: Watch, tmp_path: Path
) -> None:
    server = wire("legacy")
    running(server, "run", watch)
    for _ in range(200):  # far more than a pipe holds, and nobody reads it
        server.send("tools/list", {})
    send(server.process, signal.SIGTERM)
    assert ended(server.process) == 143
    kept(tmp_path)


def test_a_trace_that_nobody_reads_is_stopped_when_its_lease_ends(tmp_path: Path) -> None:
    settings = Settings.load(environment(tmp_path / "state"))

    async def main() -> None:
        tracings = Tracings()
        app = App(settings, "full", Allowance(Bounds()), tracings)
        async with anyio.create_task_group() as group:
            tracings.live_in(group)
            tracing = Tracing(
                app, Wish(WAITING, seconds=60, rows=10, tool="start", who="mcp:test", lease=1.5)
            )
            tracings.start(tracing)
            await tracing.attached()
            assert tracing.running
            await tracing.ended.wait()
        assert tracing.result is not None
        assert tracing.result.status == "stopped"

    anyio.run(main)
    kept(tmp_path)


def test_a_client_that_closes_its_end_of_the_output_ends_the_server(
    wire: StartWire, watch: Watch, tmp_path: Path
) -> None:
    server = wire("legacy")
    running(server, "start", watch)
    server.process.stdout.close()
    server.send("tools/list", {})
    assert ended(server.process) == 0
    kept(tmp_path)


def test_a_later_server_reads_what_a_killed_one_had_traced(
    wire: StartWire, watch: Watch, tmp_path: Path
) -> None:
    server = wire("auto")
    running(server, "start", watch)
    send(server.process, signal.SIGKILL)
    ended(server.process)
    later = wire("legacy")

    def listed() -> Any:
        return later.result(later.tool("runs"))["structuredContent"].get("runs")

    until(listed, "the run is listed")
    (line,) = listed()
    assert line["asked_by"] == "mcp:wire"
    found = later.result(later.tool("read", run=line["run_id"]))["structuredContent"]
    assert found["tables"][0]["rows"] == [[7]]
