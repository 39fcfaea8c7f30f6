"""How a server is reached: what it refuses to start with, whom it lets in over HTTP, what its modes leave out.

And what it does without bpftrace or the right to trace, and that its standard output carries nothing but the protocol.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from mcp import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.mcp.serving import (
    GPTTRACE,
    TOKEN,
    HttpServer,
    environment,
    listening,
    stdio,
    talking,
    wait_for_address,
)

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

ALWAYS = {
    "generate",
    "check",
    "read",
    "runs",
    "explain",
    "search_examples",
    "search_probes",
    "describe_probe",
    "host",
}
TRACING = {"run", "start", "stop"}
COUNTING = "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }"


def refused(tmp_path: Path, *options: str, token: str = "", **env: str) -> tuple[int, str]:
    """Return how a server that must not start ends: its exit code and what it says."""
    done = subprocess.run(
        [GPTTRACE, "mcp", *options],
        env=environment(tmp_path / "state", GPTTRACE_MCP_TOKEN=token, **env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("options", "token", "code", "says"),
    [
        (["--http"], "", 2, "needs a token"),
        (["--http", "0.0.0.0:0"], "", 2, "needs a token"),
        (["--http"], "short", 2, "shorter than 16"),
        (["--http"], "a token with spaces in it", 2, "not plain text"),
        (["--http", "nowhere"], TOKEN, 2, "no place to listen"),
        (["--http", "127.0.0.1:99999"], TOKEN, 2, "no place to listen"),
        (["--http", "--token-file", "/nonexistent/token"], "", 2, "--token-file"),
        (["--http", "unix:/nonexistent/folder/socket"], "", 2, "mkdir -m 700"),
        (["--allow-host", "example.org"], TOKEN, 2, "add --http"),
    ],
)
def test_a_server_that_would_be_open_to_others_does_not_start(
    tmp_path: Path, options: list[str], token: str, code: int, says: str
) -> None:
    ended, told = refused(tmp_path, *options, token=token)
    assert (ended, says in told) == (code, True), told


def test_a_token_file_that_others_can_read_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)
    code, told = refused(tmp_path, "--http", "127.0.0.1:0", "--token-file", str(file))
    assert (code, "can be read by others" in told) == (4, True)


def test_a_socket_in_a_folder_that_others_can_enter_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)
    code, told = refused(tmp_path, "--http", f"unix:{folder}/socket")
    assert (code, "others can enter" in told) == (4, True)
    assert not (folder / "socket").exists()


def test_a_place_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, told = refused(tmp_path, "--http", f"127.0.0.1:{taken.getsockname()[1]}", token=TOKEN)
    assert (code, "cannot listen" in told) == (2, True), told


def test_a_file_in_the_place_of_a_socket_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    (folder / "socket").write_text("precious")
    assert refused(tmp_path, "--http", f"unix:{folder}/socket")[0] == 2
    assert (folder / "socket").read_text() == "precious"


def test_a_socket_in_a_private_folder_needs_no_token(
    portal: BlockingPortal, tmp_path: Path, era: str
) -> None:
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    process = subprocess.Popen(
        [GPTTRACE, "mcp", "--http", f"unix:{folder}/socket"],
        env=environment(tmp_path / "state", GPTTRACE_MCP_TOKEN=""),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert wait_for_address(process).startswith("unix:")
        assert (folder / "socket").stat().st_mode & 0o777 == 0o600
        assert refused(tmp_path, "--http", f"unix:{folder}/socket")[0] == 2  # that one is taken
        http = httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(uds=f"{folder}/socket"))
        transport = streamable_http_client("http://localhost/mcp", http_client=http)
        with portal.wrap_async_context_manager(http), talking(portal, transport, era) as talk:
            assert talk.call("host").data["status"] == "ok"
    finally:
        process.terminate()
        process.wait(30)
        process.communicate()
    assert not (folder / "socket").exists()


@pytest.fixture(scope="module")
def http(state: Path) -> Iterator[HttpServer]:
    """One server that listens, for the module."""
    with listening(state) as server:
        yield server


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": TOKEN}, 401),
        ({"authorization": f"Bearer {TOKEN}", "host": "evil.example"}, 421),
        ({"authorization": f"Bearer {TOKEN}", "host": "localhost.evil.example:8931"}, 421),
        ({"authorization": f"Bearer {TOKEN}", "origin": "https://evil.example"}, 403),
        ({"authorization": f"Bearer {TOKEN}", "origin": "http://localhost.evil.example"}, 403),
        ({"authorization": f"Bearer {TOKEN}", "origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("version", ["2026-07-28", "2025-11-25"])
def test_http_lets_in_who_holds_the_token_and_means_this_server(
    http: HttpServer, headers: dict[str, str], status: int, version: str
) -> None:
    given = {
        "accept": "application/json, text/event-stream",
        "content-type": "application/json",
        "mcp-protocol-version": version,
        **headers,
    }
    answer = httpx2.post(http.url, headers=given, content=b'{"jsonrpc":"2.0","id":1,"method":"ping"}')
    assert answer.status_code == status, answer.text
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


# ------------------------------------------------------------------------------------------- the modes


@pytest.mark.parametrize(
    ("options", "tools"), [([], ALWAYS | TRACING), (["--read-only"], ALWAYS), (["--no-run"], ALWAYS)], ids=str
)
def test_a_mode_leaves_out_what_traces(
    portal: BlockingPortal, tmp_path: Path, options: list[str], tools: set[str]
) -> None:
    with talking(portal, stdio(tmp_path / "state", *options), "auto") as talk:
        listed = talk.ask("list_tools").tools
        assert {each.name for each in listed} == tools
        if tools >= TRACING:
            return
        assert all(each.annotations.read_only_hint for each in listed)
        for tool in TRACING:
            reply = talk.call(tool, program="BEGIN { exit(); }", run="x")
            assert (reply.is_error, reply.data["status"]) == (True, "invalid")
        assert "traces nothing" in (talk.client.instructions or "")
        assert talk.call("generate", question="bytes read by process").data["program"]
        assert talk.call("check", program=COUNTING).data["right"]
        loaded = talk.call("check", program=COUNTING, level="load")
        assert loaded.data["status"] == ("invalid" if "--read-only" in options else "ok")
        assert talk.call("runs").data["summary"] == "0 kept runs, 0 running"


# --------------------------------------------------------------------------- what is missing is said


@pytest.mark.parametrize(
    ("bpftrace", "before", "missing"),
    [("/nonexistent/bpftrace", [], "bpftrace"), ("", ["unshare", "--user"], "root")],
    ids=["no bpftrace", "no right"],
)
def test_a_server_that_cannot_trace_starts_writes_checks_and_says_what_is_missing(
    portal: BlockingPortal, tmp_path: Path, bpftrace: str, before: list[str], missing: str
) -> None:
    command = [*before, GPTTRACE, "mcp"]
    env = environment(tmp_path / "state", GPTTRACE_CACHE=str(tmp_path / "cache"))
    if bpftrace:
        env["GPTTRACE_BPFTRACE"] = bpftrace
    server = StdioServerParameters(command=command[0], args=command[1:], env=env)
    with talking(portal, server, "legacy") as talk:
        assert len(talk.ask("list_tools").tools) == len(ALWAYS | TRACING)
        host = talk.call("host", doctor=True)
        assert missing in " ".join(each["what"] for each in host.data["cannot"])
        assert host.data["hint"]
        assert "run" not in host.data["can"]
        assert talk.call("generate", question="bytes read by process").data["program"]
        assert talk.call("check", program=COUNTING, level="static").data["right"]
        assert talk.call("explain", program=COUNTING).data["explanation"]
        for tool in ("run", "start"):
            reply = talk.call(tool, program=COUNTING, seconds=1)
            assert (reply.is_error, reply.data["status"] in ("unavailable", "denied")) == (True, True)
            assert missing in reply.data["summary"]
            assert reply.data["hint"]


# ------------------------------------------------------------------------------------------ the output


def test_standard_output_carries_nothing_but_the_protocol(wire: Callable[..., Any], era: str) -> None:
    server = wire(era, "--verbose")
    server.result(server.send("tools/list", {}))
    server.result(server.tool("host", doctor=True))
    server.result(server.tool("generate", question="why is my disk slow"))
    server.result(server.tool("check", program="BEGIN { @x = nosuch; }", level="load"))
    server.result(server.tool("run", program='BEGIN { printf("stray\\n"); exit(); }', seconds=1))
    for line in (
        b"no json at all\n",
        b"[]\n",
        b'{"jsonrpc":"2.0","id":"x"}\n',
        b"\xff\xfe\n",
        b"\n",
        b'{"a":' * 2000 + b"\n",
    ):
        os.write(server.process.stdin.fileno(), line)
    assert server.result(server.send("tools/list", {}))["tools"]
    server.process.stdin.close()
    assert server.process.wait(30) == 0
    server.rest()
    assert "Traceback" not in server.errors()
    assert len(server.lines) >= 6


def test_a_server_whose_input_is_the_null_device_ends_at_once(tmp_path: Path) -> None:
    assert refused(tmp_path) == (0, "")


def test_starting_imports_nothing_that_only_some_calls_need() -> None:
    script = (
        "import sys, gpttrace_mcp.main, gpttrace_mcp.lifecycle, gpttrace_mcp.server\n"
        "from gpttrace.settings import Settings\n"
        "gpttrace_mcp.server.make_server(Settings.load())\n"
        "print(*[name for name in sys.argv[1:] if name in sys.modules])"
    )
    late = "numpy pandas pyarrow z3 openai gpttrace.session gpttrace.writer gpttrace.explain gpttrace.meaning gpttrace.trace.run"
    done = subprocess.run(
        [sys.executable, "-c", script, *late.split()], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_standard_input_and_output_may_be_one_socket(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [GPTTRACE, "mcp"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
            env=environment(tmp_path / "state"),
        )
        theirs.close()
        client = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "x", "version": "1"},
        }
        asked = [("initialize", client), *[("tools/list", {})] * 20]
        for number, (method, params) in enumerate(asked):
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            ours.sendall(json.dumps(message).encode() + b"\n")
        ours.settimeout(30)
        with ours.makefile("rb") as lines:
            answered = {json.loads(lines.readline())["id"] for _ in asked}
        assert answered == set(range(len(asked)))
        ours.shutdown(socket.SHUT_WR)
        assert process.wait(30) == 0
        process.communicate()


def test_without_the_sdk_the_command_says_what_to_install(tmp_path: Path) -> None:
    script = (
        "import sys\nsys.modules['mcp'] = None\nfrom gpttrace.cli.main import run\nsys.exit(run(['mcp']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(tmp_path / "state"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (5, "")
    assert "pip install 'gpttrace[mcp]'" in done.stderr
