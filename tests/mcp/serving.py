"""Servers under test and who talks to them: the SDK's client behind blocking calls, and the bare wire for what it does not do."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitResult
from tests.trace.conftest import children

GPTTRACE = str(Path(sys.executable).with_name("gpttrace"))
TOKEN = "a-token-for-tests-0123456789"
PATIENCE = 40.0
ERAS = ("auto", "legacy")


@dataclass
class Reply:
    """What a tool returned."""

    data: dict[str, Any]
    text: str
    is_error: bool
    progress: list[tuple[float, float | None, str | None]] = field(default_factory=list)

    def table(self, name: str) -> dict[str, Any]:
        """Return the table of that name."""
        return next(each for each in self.data["tables"] if each["name"] == name)


class Talk:
    """The SDK's client, for tests that wait."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self.portal = portal
        self.client = client

    def call(self, tool: str, /, *, timeout: float | None = None, **arguments: Any) -> Reply:
        """Call a tool."""
        heard: list[tuple[float, float | None, str | None]] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            heard.append((progress, total, message))

        async def ask() -> Any:
            return await self.client.call_tool(
                tool, arguments, progress_callback=hear, read_timeout_seconds=timeout
            )

        result = self.portal.call(ask)
        text = "".join(getattr(each, "text", "") for each in result.content)
        return Reply(result.structured_content or {}, text, bool(result.is_error), heard)

    def read(self, uri: str) -> str:
        """Read a resource."""
        result: Any = self.portal.call(self.client.read_resource, uri)
        return str(result.contents[0].text)

    def ask(self, what: str, *args: Any) -> Any:
        """Call any method of the client."""
        return self.portal.call(getattr(self.client, what), *args)


class Person:
    """Who is asked for approval; remembers the questions."""

    def __init__(self, action: str = "accept", approve: bool = True) -> None:
        self.action, self.approve = action, approve
        self.questions: list[str] = []

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        """Answer one question."""
        self.questions.append(params.message)
        content: dict[str, Any] | None = {"approve": self.approve} if self.action == "accept" else None
        return ElicitResult(action=self.action, content=content)  # type: ignore[arg-type,unused-ignore]


def environment(state: Path, **more: str) -> dict[str, str]:
    """Return the environment of a server whose runs are kept in `state`."""
    return {**os.environ, "GPTTRACE_STATE": str(state), **more}


@contextmanager
def talking(portal: BlockingPortal, target: Any, mode: str, person: Person | None = None) -> Iterator[Talk]:
    """Connect the SDK's client to a server: parameters of a process, a transport, or a server in memory."""
    client = Client(target, mode=mode, elicitation_callback=person)  # type: ignore[arg-type,unused-ignore]
    with portal.wrap_async_context_manager(client):
        yield Talk(portal, client)


def stdio(state: Path, *options: str, **env: str) -> StdioServerParameters:
    """Return how a server on standard input and output is started."""
    return StdioServerParameters(command=GPTTRACE, args=["mcp", *options], env=environment(state, **env))


@dataclass
class HttpServer:
    """A server that listens."""

    process: subprocess.Popen[str]
    url: str


@contextmanager
def reaching(
    portal: BlockingPortal, server: HttpServer, mode: str, person: Person | None = None, token: str = TOKEN
) -> Iterator[Talk]:
    """Connect the SDK's client to a server that listens."""
    import httpx2

    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=httpx2.Timeout(60))
    transport = streamable_http_client(server.url, http_client=http)
    with portal.wrap_async_context_manager(http), talking(portal, transport, mode, person) as talk:
        yield talk


@contextmanager
def listening(state: Path, *options: str, **env: str) -> Iterator[HttpServer]:
    """Start a server on a free port and end it afterwards."""
    process = subprocess.Popen(
        [GPTTRACE, "mcp", "--http", "127.0.0.1:0", *options],
        env=environment(state, **{"GPTTRACE_MCP_TOKEN": TOKEN, **env}),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield HttpServer(process, wait_for_address(process))
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        process.kill()
        process.communicate()


def wait_for_address(process: subprocess.Popen[str]) -> str:
    """Return the address that a server says it listens on."""
    assert process.stderr is not None
    for line in process.stderr:
        if (found := re.search(r"listening on (\S+)", line)) is not None:
            return found[1]
    raise AssertionError(f"the server ended with {process.wait()}")


class Wire:
    """A server's standard input and output, line by line: every line that it writes is kept and must be the protocol's."""

    VERSIONS: Mapping[str, str] = {"auto": "2026-07-28", "legacy": "2025-11-25"}

    def __init__(self, state: Path, era: str, *options: str, env: Mapping[str, str] | None = None) -> None:
        self.era = era
        self.lines: list[str] = []
        self._number = 0
        self._rest = b""
        self.process = subprocess.Popen(
            [GPTTRACE, "mcp", *options],
            env=environment(state, **(env or {})),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if era == "legacy":
            client = {
                "protocolVersion": self.VERSIONS[era],
                "capabilities": {},
                "clientInfo": {"name": "wire", "version": "1"},
            }
            self.result(self.send("initialize", client))
            self.notify("notifications/initialized")

    def send(self, method: str, params: Mapping[str, Any]) -> int:
        """Send a request and return its id."""
        self._number += 1
        self._write(
            {"jsonrpc": "2.0", "id": self._number, "method": method, "params": self._with_meta(params)}
        )
        return self._number

    def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification."""
        self._write({"jsonrpc": "2.0", "method": method, "params": self._with_meta(params or {})})

    def _with_meta(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if self.era == "legacy":
            return dict(params)
        prefix = "io.modelcontextprotocol/"
        meta = {
            f"{prefix}protocolVersion": self.VERSIONS[self.era],
            f"{prefix}clientInfo": {"name": "wire", "version": "1"},
            f"{prefix}clientCapabilities": {},
        }
        return {**params, "_meta": {**meta, **params.get("_meta", {})}}

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def tool(self, name: str, **arguments: Any) -> int:
        """Call a tool with progress and return the request's id."""
        return self.send(
            "tools/call", {"name": name, "arguments": arguments, "_meta": {"progressToken": "news"}}
        )

    def read(self) -> dict[str, Any]:
        """Return the next message."""
        assert self.process.stdout is not None
        end = time.monotonic() + PATIENCE
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            assert left > 0, "nothing came"
            assert select.select([self.process.stdout], [], [], left)[0], "nothing came"
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            assert chunk, f"the server closed its output; {self.errors()}"
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        self.lines.append(line.decode())
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        return dict(message)

    def answer(self, number: int) -> dict[str, Any]:
        """Return the whole message that answers a request."""
        while True:
            message = self.read()
            if message.get("id") == number:
                return message

    def result(self, number: int) -> dict[str, Any]:
        """Return the result of a request."""
        message = self.answer(number)
        assert "error" not in message, message
        return dict(message["result"])

    def news(self, *words: str) -> str:
        """Return the next progress message that holds all of these words."""
        while True:
            message = self.read()
            if message.get("method") == "notifications/progress":
                said = str(message["params"].get("message", ""))
                if all(word in said for word in words):
                    return said

    def errors(self) -> str:
        """Return what it wrote to standard error, once it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode(errors="replace") if self.process.poll() is not None else ""

    def rest(self) -> None:
        """Read to the end of its output; each line must be a message."""
        assert self.process.stdout is not None
        for line in (self._rest + self.process.stdout.read()).splitlines():
            assert json.loads(line)["jsonrpc"] == "2.0"
            self.lines.append(line.decode())

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def tracers(server: int) -> list[int]:
    """Return the pids of the bpftraces that a server has: the children of its supervisors."""
    return [tracer for supervisor in children(server) for tracer in children(supervisor)]


def ended(process: subprocess.Popen[Any]) -> int:
    """Return the exit code of a process that must end by itself."""
    return process.wait(PATIENCE)


def send(process: subprocess.Popen[Any], number: signal.Signals) -> None:
    """Signal one process by its id."""
    process.send_signal(number)


__all__: Sequence[str] = [name for name in dir() if not name.startswith("_")]
