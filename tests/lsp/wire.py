"""The bare wire to a real `gpttrace lsp`: what a client library would not send, seen byte by byte as it comes back."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

GPTTRACE = str(Path(sys.executable).with_name("gpttrace"))
PATIENCE = 40.0
Message = dict[str, Any]


class Wire:
    """One server and everything that it said; `settings` are what it gets when it asks for its section."""

    def __init__(
        self,
        *options: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        before: tuple[str, ...] = (),
    ) -> None:
        self.process = subprocess.Popen(
            [*before, GPTTRACE, "lsp", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
        self.settings: dict[str, Any] = {}
        self.seen: list[Message] = []
        self.strange = b""  # what came on standard output and is not the protocol
        self.log = b""
        self._came: queue.Queue[Message | None] = queue.Queue()
        self._number = -1  # so that the first request has the id 0, as that of VS Code
        self._readers = [threading.Thread(target=each, daemon=True) for each in (self._read, self._read_log)]
        for reader in self._readers:
            reader.start()

    # ---------------------------------------------------------------------------------- one message

    def write(self, message: Message) -> None:
        """Send a message."""
        self.write_bytes(framed({"jsonrpc": "2.0", **message}))

    def write_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.write({"method": method, "params": params})

    def ask(self, method: str, params: Any, number: int | str | None = None) -> Any:
        """Send a request and return the result; an error fails the test."""
        reply = self.reply(method, params, number)
        assert "error" not in reply, reply["error"]
        return reply.get("result")

    def reply(self, method: str, params: Any, number: int | str | None = None) -> Message:
        """Send a request and return the whole answer."""
        if number is None:
            self._number += 1
            number = self._number
        self.write({"id": number, "method": method, "params": params})
        return self.until(lambda each: "method" not in each and each.get("id") == number)

    def until(self, wanted: Callable[[Message], object]) -> Message:
        """Wait for a message; what the server asks meanwhile is answered."""
        end = time.monotonic() + PATIENCE
        while True:
            message = self._came.get(timeout=max(0.01, end - time.monotonic()))
            assert message is not None, (
                f"the server ended ({self.process.wait(PATIENCE)}): {self.log.decode(errors='replace')[-9000:]}"
            )
            self.seen.append(message)
            if "method" in message and "id" in message:
                asks = message["method"] == "workspace/configuration"
                self.write({"id": message["id"], "result": [self.settings] if asks else None})
            if wanted(message):
                return message

    # ---------------------------------------------------------------------------------- what is usual

    def begin(self, *, capabilities: Any = None, number: int | str | None = None, **given: Any) -> Any:
        """Initialize, and return what the server can do."""
        params = {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities or {}}
        result = self.ask("initialize", {**params, "initializationOptions": given}, number)
        self.tell("initialized", {})
        return result["capabilities"]

    def open(self, uri: str, text: str, version: int = 1) -> None:
        """Open a document."""
        item = {"uri": uri, "languageId": "bpftrace", "version": version, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: Message) -> None:
        """Change a document."""
        document = {"uri": uri, "version": version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def diagnostics(self, uri: str, wanted: Callable[[Message], object] = lambda said: True) -> Message:
        """Wait for diagnostics of a document that are as wanted, and return the whole of them."""
        told = "textDocument/publishDiagnostics"
        found = self.until(
            lambda each: (
                each.get("method") == told and each["params"]["uri"] == uri and wanted(each["params"])
            )
        )
        return dict(found["params"])

    def end(self) -> int:
        """Say good-bye and return the exit code."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """End it, however it is."""
        assert self.process.stdin is not None
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                elif name.lower() != b"content-type":
                    self.strange += line
            if line == b"":
                self._came.put(None)
                return
            self._came.put(json.loads(stream.read(length)))

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line


def framed(message: Message) -> bytes:
    """Return a message as it goes over the wire."""
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def codes(said: Message) -> list[str]:
    """Return the codes of published diagnostics."""
    return [each["code"] for each in said["diagnostics"]]
