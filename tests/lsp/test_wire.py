"""The wire itself, with a real server: each fault that was found in other servers for bpftrace (or in servers like ours) is a
test here. They are about ids, ends, order and silence; what diagnostics say is test_tiers' matter.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.wire import GPTTRACE, PATIENCE, Wire, codes, framed
from tests.trace.conftest import children, until

URI = "file:///nowhere/a.bt"
# It says its version and compiles everything at once, but for one program.
HANGS = """#!/bin/sh
case "$*" in *version*|-V) echo bpftrace v0.23.2; exit 0;; esac
case "$(cat)" in *asleep*) exec sleep 1000;; esac
exit 0
"""
WRONG = "BEGIN { $x = nosuch(1); print($x); }\n"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Wire]]:
    """Start servers, whose working folder is this test's own."""
    started: list[Wire] = []

    def start(*options: str, **given: Any) -> Wire:
        started.append(Wire(*options, **{"cwd": tmp_path, **given}))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.mark.parametrize("number", [0, "a string", 2**53])
def test_a_request_is_answered_whatever_its_id_is(serve: Callable[..., Wire], number: int | str) -> None:
    wire = serve()
    assert wire.begin(number=number)["positionEncoding"] == "utf-16"
    assert wire.end() == 0


def test_one_life_on_the_wire(serve: Callable[..., Wire], tmp_path: Path) -> None:
    wire = serve("--stdio")
    wire.begin()
    wire.open(URI, WRONG)
    said = wire.diagnostics(URI)
    assert codes(said) == ["unknown-function"]
    assert said["version"] == 1
    assert said["diagnostics"][0]["range"] == {
        "start": {"line": 0, "character": 13},
        "end": {"line": 0, "character": 19},
    }, "a fault in the first line is shown in the first line"
    # Several changes in one notification, each on the text that the one before left.
    first = {"start": {"line": 0, "character": 13}, "end": {"line": 0, "character": 22}}
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    wire.change(URI, 2, {"range": first, "text": "1"}, {"range": whole, "text": "// 😀\n"})
    assert codes(wire.diagnostics(URI, lambda said: said["version"] == 2)) == []
    # Ten keystrokes: the last one is what counts.
    for version in range(3, 13):
        wire.change(URI, version, {"text": WRONG if version == 12 else f"BEGIN {{ print({version}); }}"})
    assert codes(wire.diagnostics(URI, lambda said: said["version"] == 12)) == ["unknown-function"]
    wire.change(URI, 13, {"text": ""})
    assert codes(wire.diagnostics(URI, lambda said: said["version"] == 13)) == [], "an empty file is no fault"
    wire.open("file:///nowhere/b.bt", "BEGIN { exit(); }\n")
    assert wire.diagnostics("file:///nowhere/b.bt")["diagnostics"] == [], (
        "nothing wrong is an empty list, not null"
    )
    wire.tell("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert wire.diagnostics(URI, lambda said: "version" not in said)["diagnostics"] == []
    unknown = wire.reply("gpttrace/nothing", {})
    assert unknown["error"]["code"] == -32601
    wire.tell("$/nothing", {})
    wire.tell(
        "textDocument/didChange",
        {"textDocument": {"uri": "file:///never/opened", "version": 1}, "contentChanges": []},
    )
    assert wire.end() == 0
    assert wire.strange == b"", "standard output carries the protocol and nothing else"
    assert all("jsonrpc" not in str(each.get("params")) for each in wire.seen)
    assert list(tmp_path.iterdir()) == [], "a server leaves nothing in the folder where it was started"


@pytest.mark.parametrize(
    ("wanted", "encoding", "column"),
    [(["utf-8", "utf-16"], "utf-8", 22), (["utf-32"], "utf-32", 15), (None, "utf-16", 17)],
)
def test_columns_are_counted_in_the_units_that_were_agreed_on(
    serve: Callable[..., Wire], wanted: list[str] | None, encoding: str, column: int
) -> None:
    wire = serve()
    able = {"general": {"positionEncodings": wanted}} if wanted else {}
    assert wire.begin(capabilities=able)["positionEncoding"] == encoding
    wire.open(URI, "/* 😀é😀 */ BEGI { exit(); }\r\n\r\n/* 😀é😀 */    END { print(@x\u2028); }\r\n")
    said = wire.diagnostics(URI)
    place = said["diagnostics"][0]["range"]["start"]
    assert (said["diagnostics"][0]["code"], place["line"]) == ("unknown-probe", 0)
    assert place["character"] == column - 5, "the emoji before it are counted as they were agreed to be"


@pytest.mark.parametrize("end", ["eof", "SIGTERM", "SIGINT"])
def test_when_the_client_is_gone_so_is_the_server_and_all_that_it_started(
    serve: Callable[..., Wire], end: str, tmp_path: Path
) -> None:
    hangs = tmp_path / "bin" / "bpftrace"
    hangs.parent.mkdir()
    hangs.write_text(HANGS)
    hangs.chmod(0o755)
    wire = serve(env={"GPTTRACE_BPFTRACE": str(hangs), "GPTTRACE_CACHE": str(tmp_path / "cache")})
    wire.begin()
    wire.open(URI, 'BEGIN { printf("asleep\\n"); }\n')
    wire.diagnostics(URI)
    pid = wire.process.pid
    until(lambda: any(_runs(each, "sleep") for each in children(pid)), "the compile check hangs")
    started = children(pid)
    if end == "eof":
        assert wire.process.stdin is not None
        wire.process.stdin.close()
    else:
        os.kill(pid, getattr(signal, end))
    assert wire.process.wait(PATIENCE) == 0
    until(lambda: not any(_runs(each, "sleep") for each in started), "what it started is gone")


def _runs(pid: int, name: str) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == name
    except OSError:
        return False


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Content-Length: 2\r\n\r\n[]",
        b'Content-Length: 20\r\n\r\n{"jsonrpc": "2.0" } ',
        framed({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 5}}),
        framed({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": None}),
        framed({"jsonrpc": "2.0", "id": 5, "method": "textDocument/hover", "params": {}}),
        framed({"jsonrpc": "2.0", "id": 77, "result": None}),
    ],
)
def test_a_message_that_is_none_does_no_harm(serve: Callable[..., Wire], sent: bytes) -> None:
    wire = serve()
    wire.begin()
    wire.write_bytes(sent)
    wire.open(URI, WRONG)
    assert codes(wire.diagnostics(URI)) == ["unknown-function"]
    assert wire.end() == 0


def test_without_sudo_that_answers_nothing_waits_for_it(serve: Callable[..., Wire], tmp_path: Path) -> None:
    # As nobody, with a sudo that hangs as one that asks for a password does.
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text("#!/bin/sh\nexec sleep 1000\n")
    sudo.chmod(0o755)
    tmp_path.chmod(0o755)
    for above in tmp_path.parents[:3]:
        above.chmod(above.stat().st_mode | 0o055)
    home = tmp_path / "home"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    env = {"PATH": f"{sudo.parent}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(home)}
    env |= {f"GPTTRACE_{name}": str(home / name) for name in ("STATE", "CACHE", "CONFIG")}
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if subprocess.run([*nobody, sys.executable, "-c", "import gpttrace"], check=False).returncode:
        pytest.skip("nobody may read this checkout")
    wire = serve(env=env, before=nobody)
    wire.begin()
    wire.open(URI, WRONG)
    assert codes(wire.diagnostics(URI)) == ["unknown-function"], "our own checks wait for no sudo"
    assert wire.end() == 0


def test_over_tcp_it_serves_this_machine_only_and_traces_nothing(tmp_path: Path) -> None:
    refused = subprocess.run(
        [GPTTRACE, "lsp", "--tcp", "0.0.0.0:8932"], capture_output=True, text=True, check=False
    )
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "this machine only" in refused.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [GPTTRACE, "lsp", "--tcp", f"127.0.0.1:{port}"], stderr=subprocess.PIPE, cwd=tmp_path
    )
    try:
        client = _connected(port)
        with client, client.makefile("rb") as answers:
            params: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
            client.sendall(framed({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}))
            assert answers.readline().startswith(b"Content-Length")
    finally:
        server.kill()
        server.communicate()


def _connected(port: int) -> socket.socket:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except ConnectionRefusedError:
            assert time.monotonic() < end, "nobody listens"
            time.sleep(0.05)
