"""Explaining: a program and the code of a finding as Markdown; what cannot be explained is told of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.lsp.wire import Wire

from gpttrace.check.codes import all_codes
from gpttrace.check.policy import DEFAULT
from gpttrace.host import Host
from gpttrace_lsp.explaining import explained, explained_code
from gpttrace_lsp.look import look_at
from gpttrace_lsp.positions import Lines

URI = "file:///nowhere/explain.bt"


def words(text: str, host: Host) -> str:
    look = look_at(Lines(text), 1, host, DEFAULT)
    return explained(look, look.findings)


def test_a_program_is_told_with_what_it_misses_and_what_was_found(made_host: Callable[..., Host]) -> None:
    host = made_host(tracepoints={"syscalls:sys_enter_openat": {"filename": "const char *"}})
    text = "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); $x = 1; }"
    said = words(text, host)
    assert said.startswith("# What this program does\n\nEach time a process ")
    assert "## What it cannot see\n\n- " in said
    assert "- **hint**, line 1 (`unused-variable`): `$x` is never read. Leave it out, or print it.\n" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", "There is no probe in it"), ("BEGIN { ", "It has syntax errors"), ("\x00", "It has syntax errors")],
)
def test_what_is_no_program_is_said_to_be_none(
    made_host: Callable[..., Host], text: str, expected: str
) -> None:
    assert expected in words(text, made_host())


@pytest.mark.parametrize("code", all_codes().values(), ids=lambda code: code.name)
def test_every_code_is_explained(code: object) -> None:
    name = getattr(code, "name", "")
    text = explained_code(name)
    assert text is not None
    assert text.startswith(f"# `{name}`\n")
    assert text.count("```") == 2 * sum(bool(getattr(code, side, "")) for side in ("bad", "good"))
    assert "\x00" not in text


def test_a_client_without_a_panel_is_shown_documents_of_which_the_last_twenty_are_kept(
    wired: Callable[..., Wire], tmp_path: Path
) -> None:
    wire = wired()
    wire.begin(capabilities={"window": {"showDocument": {"support": True}}})
    wire.open(URI, "BEGIN { exit(); }\n")
    for _ in range(22):
        said = wire.ask("workspace/executeCommand", {"command": "gpttrace.explain", "arguments": [URI]})
        assert said["markdown"].startswith("# What this program does")
    kept = list((tmp_path / "state" / "editor").iterdir())
    assert len(kept) == 20
    assert {path.read_text() for path in kept} == {said["markdown"]}
    assert (
        wire.ask("workspace/executeCommand", {"command": "gpttrace.explainFinding", "arguments": ["nosuch"]})
        is None
    )
    assert any("there is no finding nosuch" in str(each.get("params")) for each in wire.seen)


@pytest.mark.parametrize("name", ["run", "verify", "explain", "generate", "matches"])
def test_what_is_not_open_is_told_of_and_nothing_is_done(wired: Callable[..., Wire], name: str) -> None:
    wire = wired()
    wire.begin()
    for arguments in ([], [None], ["file:///nowhere/else.bt", 5], [{"a": 1}, []]):
        said = wire.ask("workspace/executeCommand", {"command": f"gpttrace.{name}", "arguments": arguments})
        assert said is None
    told = [each for each in wire.seen if each.get("method") == "window/showMessage"]
    assert len(told) == 4
