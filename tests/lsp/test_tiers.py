"""Diagnostics of a real server in their tiers: at once from us, later from bpftrace, on request from the verifier; with settings
that change meanwhile, and bpftraces that behave badly.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.wire import Message, Wire, codes

from gpttrace.testing import InstalledBpftrace

URI = "file:///nowhere/a.bt"
GOOD = "tracepoint:sched:sched_switch { @[comm] = count(); }\n"
# Only bpftrace knows that: our own rules do not look into the C text of a struct.
ONLY_BPFTRACE = "struct a { struct nosuch b; }; BEGIN { exit(); }\n"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Wire]]:
    """Start servers that have begun, with settings."""
    started: list[Wire] = []

    def start(capabilities: Any = None, env: Any = None, **settings: Any) -> Wire:
        wire = Wire(env={"GPTTRACE_STATE": str(tmp_path / "state"), **(env or {})})
        started.append(wire)
        wire.settings = {"diagnostics": {"delay": 0}, **settings}
        able = {"workspace": {"configuration": True}, **(capabilities or {})}
        wire.begin(capabilities=able, panel=True, settings=wire.settings)
        return wire

    yield start
    for each in started:
        each.close()


def from_bpftrace(said: Message) -> bool:
    return any(each["source"] == "bpftrace" for each in said["diagnostics"])


def test_bpftrace_is_asked_when_typing_pauses_and_its_words_stay_while_one_types_on(
    serve: Callable[..., Wire], host_bpftrace: InstalledBpftrace
) -> None:
    wire = serve()
    wire.open(URI, f"// é😀\n{ONLY_BPFTRACE}")
    found = wire.diagnostics(URI, from_bpftrace)["diagnostics"]
    assert {each["range"]["start"]["line"] for each in found if each["source"] == "bpftrace"} == {1}
    # Half a word in another probe: bpftrace cannot be asked, and what it said does not flash away.
    end = {"line": 2, "character": 0}
    wire.change(URI, 2, {"range": {"start": end, "end": end}, "text": "END { prin"})
    said = wire.diagnostics(URI, lambda said: said["version"] == 2)
    assert {"gpttrace", "bpftrace"} <= {each["source"] for each in said["diagnostics"]}
    # The place itself is mended: gone at once, before bpftrace is asked again.
    start = {"line": 1, "character": 11}
    wire.change(URI, 3, {"range": {"start": start, "end": {"line": 1, "character": 27}}, "text": "int b;"})
    assert not from_bpftrace(wire.diagnostics(URI, lambda said: said["version"] == 3))


def test_imports_start_from_the_folder_of_the_script_and_large_scripts_are_checked_too(
    serve: Callable[..., Wire], tmp_path: Path, host_bpftrace: InstalledBpftrace
) -> None:
    (tmp_path / "mine.h").write_text("struct mine { int a; };\n")
    wire = serve()
    uri = (tmp_path / "a.bt").as_uri()
    long = "// " + "x" * 200 + "\n"
    wire.open(uri, f"{ONLY_BPFTRACE}{long * 1_000}")  # more than one argument of a process may have
    assert from_bpftrace(wire.diagnostics(uri, from_bpftrace))
    wire.change(uri, 2, {"text": '#include "mine.h"\nBEGIN { $x = (struct mine *)0; print($x->a); }\n'})
    # The policy denies what another file would bring into a run; that is said, and bpftrace is not given it.
    assert codes(wire.diagnostics(uri, lambda said: said["version"] == 2)) == ["policy-include"]


def test_settings_are_read_while_it_runs_and_a_wrong_one_is_told_once(
    serve: Callable[..., Wire], host_bpftrace: InstalledBpftrace
) -> None:
    wire = serve()
    wire.open(URI, ONLY_BPFTRACE)
    wire.diagnostics(URI, from_bpftrace)
    wire.settings = {
        "diagnostics": {"compile": "sometimes", "delay": 0},
        "hostFile": "/nonexistent/prod.host",
    }
    wire.tell("workspace/didChangeConfiguration", {"settings": None})
    told = wire.until(lambda each: each.get("method") == "window/showMessage")["params"]["message"]
    assert "gpttrace.diagnostics.compile is 'sometimes'" in told
    assert "typing, save, off" in told
    status = wire.until(lambda each: each.get("method") == "gpttrace/status")["params"]
    assert (status["level"], "prod.host" in status["text"]) == ("error", True)
    assert not from_bpftrace(wire.diagnostics(URI)), "nothing of this machine is said of another one"
    wire.settings = {"diagnostics": {"delay": 0}}
    wire.tell("workspace/didChangeConfiguration", {"settings": None})
    status = wire.until(lambda each: each.get("method") == "gpttrace/status")["params"]
    assert status["text"].startswith("bpftrace 0.")
    assert from_bpftrace(wire.diagnostics(URI, from_bpftrace))


def test_who_asks_for_diagnostics_gets_them_once_and_is_told_when_to_ask_again(
    serve: Callable[..., Wire], host_bpftrace: InstalledBpftrace
) -> None:
    able = {
        "textDocument": {"diagnostic": {}},
        "workspace": {"configuration": True, "diagnostics": {"refreshSupport": True}},
    }
    wire = serve(able)
    wire.open(URI, ONLY_BPFTRACE)
    asked = {"textDocument": {"uri": URI}}
    wire.until(lambda each: each.get("method") == "workspace/diagnostic/refresh")
    first = wire.ask("textDocument/diagnostic", asked)
    assert first["kind"] == "full"
    while not any(each["source"] == "bpftrace" for each in first["items"]):
        wire.until(lambda each: each.get("method") == "workspace/diagnostic/refresh")
        first = wire.ask("textDocument/diagnostic", asked)
    same = wire.ask("textDocument/diagnostic", {**asked, "previousResultId": first["resultId"]})
    assert same == {"kind": "unchanged", "resultId": first["resultId"]}
    assert not any(each.get("method") == "textDocument/publishDiagnostics" for each in wire.seen)


FAKE = """#!/bin/sh
# The real one, but for programs that say how it is to behave.
program=$(cat)
case "$program" in
*be-slow*) exec sleep 1000 ;;
*be-killed*) kill -9 $$ ;;
*be-noisy*) head -c 100000000 /dev/zero | tr '\\0' 'x' >&2; exit 1 ;;
*be-strange*) printf 'stdin:1:99-9: ERROR: \\377\\000\\nstdin:99999:1-2: WARNING: \\033[31m\\n~~~~\\n' >&2; exit 1 ;;
esac
printf '%s\\n' "$program" | exec {real} "$@"
"""


@pytest.mark.parametrize("how", ["be-slow", "be-killed", "be-noisy", "be-strange"])
def test_a_bpftrace_that_behaves_badly_harms_nobody(
    serve: Callable[..., Wire], tmp_path: Path, host_bpftrace: InstalledBpftrace, how: str
) -> None:
    fake = tmp_path / "bpftrace"
    fake.write_text(FAKE.replace("{real}", str(shutil.which("bpftrace"))))
    fake.chmod(0o755)
    wire = serve(env={"GPTTRACE_BPFTRACE": str(fake), "GPTTRACE_CACHE": str(tmp_path / "cache")})
    bad = f'BEGIN {{ printf("{how}\\n"); nosuch(); }}\n'
    wire.open(URI, bad)
    assert "unknown-function" in codes(wire.diagnostics(URI))
    wire.change(URI, 2, {"text": f"// {how} no more\n{ONLY_BPFTRACE}".replace(how, "well")})
    assert from_bpftrace(wire.diagnostics(URI, lambda said: said["version"] == 2 and from_bpftrace(said)))
    assert wire.end() == 0
    assert b"Traceback" not in wire.log


def test_the_verifier_speaks_on_save_where_that_is_wished(
    serve: Callable[..., Wire], host_bpftrace: InstalledBpftrace
) -> None:
    wire = serve(diagnostics={"verifier": "save", "delay": 0, "compile": "off"})
    endless = "BEGIN { $i = 0; while ($i < 10) { $j = 1; } }\n"
    wire.open(URI, endless)
    wire.diagnostics(URI)
    wire.tell("textDocument/didSave", {"textDocument": {"uri": URI}})
    said = wire.diagnostics(
        URI, lambda said: any(each["source"] == "verifier" for each in said["diagnostics"])
    )
    assert {each["range"]["start"]["line"] for each in said["diagnostics"]} == {0}
    assert os.path.exists(f"/proc/{wire.process.pid}")
