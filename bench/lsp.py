"""The language server over its own wire: start, keystrokes, the way of a finding from bpftrace, and what typing costs."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from bench.figures import Figure, median, percentile, seconds
from bench.served import Served
from bench.static import real
from gpttrace.host.abilities import abilities_of
from gpttrace.host.bpftrace import find_bpftrace
from gpttrace.process import run_tool
from gpttrace.settings import Settings

URI = "file:///nowhere/bench.bt"
STARTS, KEYS, TYPING = 7, 200, 60.0
WRONG = "struct a { struct nosuch b; };\ntracepoint:sched:sched_switch { @[comm] = count(); }\n"


class Server(Served):
    """A server of ours and the wire to it."""

    def __init__(self, state: str, **settings: Any) -> None:
        super().__init__(state, "lsp")
        self.write({"id": 0, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {},
                    "initializationOptions": {"settings": settings}}})  # fmt: skip
        self.until(lambda each: each.get("id") == 0)
        self.write({"method": "initialized", "params": {}})

    def write(self, message: dict[str, Any]) -> None:
        """Send a message."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.tell(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def until(self, wanted: Any) -> dict[str, Any]:
        """Read until a message is as wanted."""
        while True:
            length = 0
            while (line := self.said.readline()) != b"\r\n":
                assert line, "the server ended"
                if line.lower().startswith(b"content-length"):
                    length = int(line.partition(b":")[2])
            message: dict[str, Any] = json.loads(self.said.read(length))
            if wanted(message):
                return message

    def open(self, text: str) -> None:
        """Open the document and wait for what is said of it at once."""
        item = {"uri": URI, "languageId": "bpftrace", "version": 0, "text": text}
        self.write({"method": "textDocument/didOpen", "params": {"textDocument": item}})
        self.published(0)

    def key(self, version: int, line: int) -> None:
        """Type one letter into a comment."""
        place = {"line": line, "character": 2}
        change = {"range": {"start": place, "end": place}, "text": "x"}
        document = {"uri": URI, "version": version}
        self.write(
            {
                "method": "textDocument/didChange",
                "params": {"textDocument": document, "contentChanges": [change]},
            }
        )

    def published(self, version: int, source: str | None = None) -> None:
        """Wait for diagnostics of a version, with one from a source if one is named."""

        def is_it(message: dict[str, Any]) -> bool:
            params = message.get("params", {})
            if message.get("method") != "textDocument/publishDiagnostics" or params.get("version") != version:
                return False
            return source is None or any(each["source"] == source for each in params["diagnostics"])

        self.until(is_it)


def figures() -> Iterator[Figure]:
    """Yield the figures; those of bpftrace only for root."""
    with tempfile.TemporaryDirectory() as state:
        yield Figure("start to initialized, median", median([_start(state) for _ in range(STARTS)]), "s")
        for lines, target in ((300, 20), (5_000, None)):
            times = _keys(state, lines, KEYS if lines < 1_000 else 20)
            yield Figure(f"a key to its findings, {lines} lines, p50", 1e3 * percentile(times, 0.5), "ms")
            yield Figure(
                f"a key to its findings, {lines} lines, p99", 1e3 * percentile(times, 0.99), "ms", target
            )
        yield Figure(f"CPU of {TYPING:g} s of typing, 300 lines", _typing(state), "s")
        if os.geteuid() == 0:
            ours, theirs = _compile(state)
            yield Figure("a finding of bpftrace, without the pause", ours, "s")
            yield Figure("bpftrace alone", theirs, "s")


def _start(state: str) -> float:
    began = time.perf_counter()
    with Server(state):
        return time.perf_counter() - began


def _keys(state: str, lines: int, times: int) -> list[float]:
    off = {"compile": "off"}
    with Server(state, diagnostics=off) as server:
        text = "// \n" + real(lines)
        server.open(text)
        found = []
        for version in range(1, times + 1):
            began = time.perf_counter()
            server.key(version, 0)
            server.published(version)
            found.append(time.perf_counter() - began)
        return sorted(found)


def _typing(state: str) -> float:
    with Server(state) as server:
        server.open("// \n" + real(300))
        before, version = server.cpu(), 0
        end = time.monotonic() + TYPING
        while time.monotonic() < end:
            version += 1
            server.key(version, 0)
            server.published(version)
            time.sleep(0.2)  # 60 words a minute
        return server.cpu() - before


def _compile(state: str) -> tuple[float, float]:
    settings = Settings.load()
    path = find_bpftrace(settings).path
    flags = abilities_of(path).compile_only or ()
    with Server(state, diagnostics={"delay": 0}) as server:
        server.open("// \n" + WRONG)
        server.published(0, "bpftrace")
        ours = []
        for version in range(1, STARTS + 1):
            began = time.perf_counter()
            server.key(version, 0)
            server.published(version, "bpftrace")
            # What moved with the text is said at once, and again with the meaning; the third saying is that of the new compile.
            server.published(version, "bpftrace")
            server.published(version, "bpftrace")
            ours.append(time.perf_counter() - began)
    theirs = [seconds(lambda: run_tool([path, *flags, "-"], stdin=WRONG.encode())) for _ in range(STARTS)]
    return median(ours), median(theirs)
