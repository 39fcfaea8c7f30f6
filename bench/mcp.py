"""The MCP server over standard input and output: start, calls, first news of a run, and memory after a thousand calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.figures import Figure, median, percentile, seconds
from bench.question import QUESTIONS
from bench.served import Served
from gpttrace.host import Host

TIMES, CALLS = 7, 1_000
PROGRAM = "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }"
WORDS = ("tcp retransmit", "openat", "block io", "*sched*switch*", "page fault")
_FILES = """
import sys, gpttrace.cli.commands, gpttrace.cli.serving, gpttrace_mcp.main, gpttrace_mcp.server, gpttrace_mcp.lifecycle
for module in list(sys.modules.values()):
    for name in (getattr(module, "__file__", None), getattr(module, "__cached__", None)):
        if name: print(name)
"""


class Server(Served):
    """A server of ours and the wire to it."""

    def __init__(self, state: str) -> None:
        super().__init__(state, "mcp", "--runs-a-minute", "1000")
        self._number = 0
        client = {"name": "bench", "version": "1"}
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
        self.result(self.send("initialize", hello))
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, method: str, params: dict[str, Any]) -> int:
        """Send a request and return its id."""
        self._number += 1
        self._write({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    def _write(self, message: dict[str, Any]) -> None:
        self.tell(json.dumps(message).encode() + b"\n")

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield what it writes."""
        yield from map(json.loads, self.said)

    def result(self, number: int) -> dict[str, Any]:
        """Return the result of a request."""
        return next(dict(each["result"]) for each in self.messages() if each.get("id") == number)

    def call(self, tool: str, **arguments: Any) -> None:
        """Call a tool; it must not fail."""
        result = self.result(self.send("tools/call", {"name": tool, "arguments": arguments}))
        assert not result.get("isError"), result["content"]

    def first_news(self) -> float:
        """Run a program for two seconds; return the seconds to the first progress message of the running trace."""
        began = time.perf_counter()
        arguments = {"program": PROGRAM, "seconds": 2}
        params = {"name": "run", "arguments": arguments, "_meta": {"progressToken": "news"}}
        number = self.send("tools/call", params)
        news = next(each for each in self.messages() if each.get("method") == "notifications/progress")
        assert news["params"]["message"]
        took = time.perf_counter() - began
        assert not self.result(number).get("isError")
        return took


def figures() -> Iterator[Figure]:
    """Yield the figures; those of traces only for root."""
    with tempfile.TemporaryDirectory() as state:
        files = subprocess.run([sys.executable, "-c", _FILES], check=True, capture_output=True, text=True)
        warm = partial(_start, state)
        warm()
        yield Figure("start → initialize, warm", median([warm() for _ in range(TIMES)]), "s", 1.3)
        cold = [_cold(state, files.stdout.split("\n")) for _ in range(3)]
        yield Figure("start → initialize, files not cached", median(cold), "s")
        with Server(state) as server:
            yield Figure("memory after initialize", server.memory(), "MB")
            yield from _calls(server)
            yield from _memory(server)


def _start(state: str) -> float:
    began = time.perf_counter()
    with Server(state):
        return time.perf_counter() - began


def _cold(state: str, files: list[str]) -> float:
    # Only what the server reads leaves the page cache, not that of the whole machine. What others have mapped stays.
    for name in files:
        if name and Path(name).exists():
            fd = os.open(name, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)
    return _start(state)


def _calls(server: Server) -> Iterator[Figure]:
    for name, tool, arguments, times in (
        ("check, static", "check", [{"program": PROGRAM, "level": "static"}], 300),
        ("check, compile", "check", [{"program": PROGRAM}], 30),
        ("search_probes", "search_probes", [{"query": words} for words in WORDS], 300),
        (
            "generate, offline",
            "generate",
            [{"question": each, "writer": "offline"} for each in QUESTIONS],
            200,
        ),
    ):
        first = seconds(partial(server.call, tool, **arguments[0]))
        taken = sorted(
            seconds(partial(server.call, tool, **arguments[at % len(arguments)])) for at in range(times)
        )
        yield Figure(f"{name}: first", 1e3 * first, "ms")
        yield Figure(f"{name}: p50", 1e3 * percentile(taken, 0.5), "ms")
        yield Figure(f"{name}: p99", 1e3 * percentile(taken, 0.99), "ms")


def _memory(server: Server) -> Iterator[Figure]:
    yield Figure("memory after these calls", server.memory(), "MB")
    if os.geteuid() == 0 and Host.local().bpftrace is not None:
        yield Figure("run → first news", median(sorted(server.first_news() for _ in range(3))), "s", 2)
        yield Figure("memory after three runs", server.memory(), "MB")
    for at in range(CALLS):
        server.call("generate", question=QUESTIONS[at % len(QUESTIONS)], writer="offline")
    yield Figure(f"memory after {CALLS:,} calls more", server.memory(), "MB")
