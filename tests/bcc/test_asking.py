"""Asking a tool for its help is bounded, done once, and a tool that misbehaves is left out with its reason."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from tests.bcc.conftest import MakeTool

from gpttrace.bcc import asking
from gpttrace.bcc.asking import describe_tool, remembered_description
from gpttrace.bcc.installed import installed_tools
from gpttrace.bcc.plan import plan_tool
from gpttrace.errors import Unavailable

USAGE = "print('usage: t [-h] [-p PID]\\n\\noptions:\\n  -p PID, --pid PID  only this')\n"


def test_a_tool_is_asked_once_until_its_file_changes(
    make_tool: MakeTool, cache: Path, tmp_path: Path
) -> None:
    counter = tmp_path / "asked"
    code = f"open({str(counter)!r}, 'a').write('x')\n{USAGE}"
    tool = make_tool("counted", code)

    first, second = describe_tool(tool, cache), describe_tool(tool, cache)

    assert first == second
    assert first.description is not None
    assert counter.read_text() == "x"
    changed = make_tool("counted", code + "# a new version\n")
    describe_tool(changed, cache)
    assert counter.read_text() == "xx"


def test_a_tool_that_hangs_is_killed_with_its_children(
    make_tool: MakeTool, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.5)
    note = tmp_path / "child"
    tool = make_tool(
        "hanging",
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pid = os.fork()\nif pid: open({str(note)!r}, 'w').write(str(pid))\ntime.sleep(600)\n",
    )

    began = time.monotonic()
    told = describe_tool(tool, cache)

    assert time.monotonic() - began < 5
    assert told.description is None
    assert "did not end" in str(told.trouble)
    child = int(note.read_text())
    until = time.monotonic() + 5
    while os.path.exists(f"/proc/{child}") and "(zombie)" not in Path(f"/proc/{child}/status").read_text():
        assert time.monotonic() < until
    kept = remembered_description(tool, cache)
    assert kept == told, "it is not asked again"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os\nwhile True: os.write(1, b'usage: x\\n' * 9999)\n", "did not end|KiB"),
        ("import os\nfor _ in range(1600): os.write(1, b'x' * 65536)\n", "more than 256 KiB"),
        ("import os\nos.write(1, bytes(range(256)) * 99)\n", "no usage"),
        (
            "import sys\nprint('usage: t [-h]')\nsys.exit('this kernel is too old')\n",
            "exit status 1: this kernel is too old",
        ),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "signal 11"),
        ("", "no usage"),
    ],
    ids=["endless", "100 MB", "garbage", "exit 1", "crash", "silent"],
)
def test_a_tool_that_misbehaves_is_left_out_with_its_reason(
    code: str, why: str, make_tool: MakeTool, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 1.5)
    tool = make_tool("bad", code)

    with pytest.raises(Unavailable, match=why):
        plan_tool("bad", {"bad": tool}, cache, named="bad")


def test_a_file_that_cannot_be_executed_is_told(folder: Path, cache: Path) -> None:
    (folder / "plain").write_text("#!/bin/sh\n")
    (folder / "no-program").write_text("nonsense")
    (folder / "no-program").chmod(0o755)
    (folder / "open-to-all").write_text("#!/bin/sh\n")
    (folder / "open-to-all").chmod(0o777)
    tools = installed_tools([(str(folder), "")])

    assert describe_tool(tools["plain"], cache).trouble == "it is not executable"
    assert "cannot be started" in str(describe_tool(tools["no-program"], cache).trouble)
    assert "others" in str(describe_tool(tools["open-to-all"], cache).trouble)


def test_a_tool_gets_nothing_of_our_environment(
    make_tool: MakeTool, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("LD_PRELOAD_NOT", "x")
    tool = make_tool("curious", "import os\nprint('usage: t', *sorted(os.environ))\n")

    told = describe_tool(tool, cache)

    assert told.description is not None
    assert "OPENAI" not in told.description.usage
    assert "LD_PRELOAD_NOT" not in told.description.usage
    assert "PATH" in told.description.usage


def test_a_tool_without_arguments_is_never_asked(make_tool: MakeTool, cache: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    tool = make_tool("oomkill", f"open({str(started)!r}, 'w')\n")

    plan = plan_tool("oom kills", {"oomkill": tool}, cache)

    assert plan.arguments == ()
    assert not started.exists()


def test_a_cache_that_cannot_be_used_only_costs_time(make_tool: MakeTool, tmp_path: Path) -> None:
    tool = make_tool("t", USAGE)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    assert describe_tool(tool, blocked).description is not None
    good = tmp_path / "cache"
    describe_tool(tool, good)
    for file in (good / "bcc").iterdir():
        file.write_text("{damaged")
    assert describe_tool(tool, good).description is not None


def test_looking_for_tools_starts_nothing_and_ignores_what_is_no_tool(folder: Path) -> None:
    for name in ("a-bpfcc", "b-bpfcc", "lib.py", "README.txt", ".hidden-bpfcc"):
        (folder / name).write_text("#!/bin/false\n")
        (folder / name).chmod(0o755)
    (folder / "folder-bpfcc").mkdir()

    assert sorted(installed_tools([(str(folder), "-bpfcc"), ("/nonexistent", "")])) == ["a", "b"]
    assert sorted(installed_tools([(str(folder), "")])) == ["a-bpfcc", "b-bpfcc"]
