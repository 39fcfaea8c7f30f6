"""A tool runs as safely as a program: limits, ^C, the death of its parent; its output is kept, as tables where that is safe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.bcc.conftest import MakeTool

from gpttrace.bcc.asking import tool_environment
from gpttrace.bcc.installed import Installed
from gpttrace.bcc.known import Known
from gpttrace.bcc.plan import ToolPlan
from gpttrace.bcc.running import ToolAnswer, run_plan
from gpttrace.errors import NotPermitted, Unavailable
from gpttrace.settings import Settings
from gpttrace.testing import require
from gpttrace.trace import Limits, Result, Store, recover
from gpttrace.trace.other.run import OtherRun, trace_other

SUMMARY = """
import signal, sys, time
def end(*_):
    print("PID    COMM         COUNT")
    print("1      systemd      7")
    print("99     nginx        18446744073709")
    sys.exit(0)
signal.signal(signal.SIGINT, end)
print("Tracing... Hit Ctrl-C to end.")
time.sleep(600)
"""
FLOOD = "while True: print('x' * 200)\n"
DEAF = (
    "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('here I am')\ntime.sleep(600)\n"
)
WITH_CHILD = """
import os, signal, time
pid = os.fork()
if pid: print(os.getpid(), flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _root() -> None:
    require(os.geteuid() == 0, "running tools needs root")


def run(tool: Installed, settings: Settings, limits: Limits, *arguments: str) -> Result:
    """Run a tool to its end."""

    async def whole() -> Result:
        argv = [tool.path, *arguments]
        async with trace_other(argv, env=tool_environment({}), limits=limits, settings=settings) as running:
            return await running.result()

    return anyio.run(whole)


def test_the_time_limit_interrupts_it_and_its_summary_is_a_table(
    make_tool: MakeTool, settings: Settings
) -> None:
    result = run(make_tool("summing", SUMMARY), settings, Limits(seconds=0.3))

    assert (result.status, result.complete) == ("time_limit", True)
    assert result.output[0] == "Tracing... Hit Ctrl-C to end."
    table = result.table("summing")
    assert [(column.name, column.type) for column in table.columns] == [
        ("PID", "int64"),
        ("COMM", "string"),
        ("COUNT", "int64"),
    ]
    assert list(table.rows()) == [(1, "systemd", 7), (99, "nginx", 18446744073709)]
    kept = Store(settings.state_dir).load("last")
    assert (kept.status, kept.output, kept.program) == (result.status, result.output, result.program)
    assert list(kept.table("summing").rows()) == list(table.rows())


def test_a_tool_that_ignores_the_interrupt_is_killed(make_tool: MakeTool, settings: Settings) -> None:
    began = time.monotonic()
    result = run(make_tool("deaf", DEAF), settings, Limits(seconds=0.2, grace=0.3))

    assert time.monotonic() - began < 5
    assert not result.complete
    assert "killed" in result.reason
    assert result.output == ("here I am",)


def test_a_flood_ends_at_the_limit_of_lines(make_tool: MakeTool, settings: Settings) -> None:
    result = run(make_tool("flood", FLOOD), settings, Limits(rows=5000, grace=0.5))

    assert result.status == "row_limit"
    assert len(result.output) == 5000


def test_an_endless_line_and_wild_bytes_stay_bounded_and_exact(
    make_tool: MakeTool, settings: Settings
) -> None:
    code = "import os\nos.write(1, b'\\x1b[2J\\xff' + b'y' * 200000)\n"
    result = run(make_tool("wide", code), settings, Limits())

    assert result.status == "ok"
    assert "".join(result.output) == "\\xff" + "y" * 200000


def test_a_tool_that_says_nothing_and_attaches_nothing_is_not_waited_for(
    make_tool: MakeTool, settings: Settings
) -> None:
    tool = make_tool("mute", "import time\ntime.sleep(600)\n")
    result = run(tool, settings, Limits(seconds=1, attach_seconds=0.5, grace=0.3))

    assert result.status == "tool_error"
    assert "printed nothing" in result.reason


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("import sys\nsys.exit('Unable to find kernel headers. Try')\n", "unavailable", "headers"),
        ("import sys\nprint('Unable to find kernel headers.')\nsys.exit(1)\n", "unavailable", "headers"),
        ("import sys\nsys.exit('Need super-user privileges to run')\n", "denied", "permitted"),
        (
            "import sys\nsys.exit('Exception: Failed to attach BPF program to kprobe')\n",
            "unavailable",
            "hook",
        ),
        ("import sys\nsys.exit('something else')\n", "tool_error", "something else"),
        ("import os\nos.abort()\n", "tool_error", "SIGABRT"),
    ],
)
def test_a_failure_is_told_by_what_it_is(
    code: str, status: str, words: str, make_tool: MakeTool, settings: Settings
) -> None:
    result = run(make_tool("failing", code), settings, Limits(seconds=5))

    assert result.status == status
    assert words in result.reason


def test_it_gets_no_variables_and_no_input_of_ours(
    make_tool: MakeTool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    code = "import os, sys\nprint(sorted(os.environ))\nprint(repr(sys.stdin.read()), os.getsid(0) == os.getpid())\n"
    result = run(make_tool("curious", code), settings, Limits(seconds=5))

    assert "OPENAI" not in result.output[0]
    assert result.output[1] == "'' True"


def gone(pid: int) -> bool:
    """Tell whether a process has ended, within a bounded wait."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


PARENT = """
import anyio, sys
from gpttrace.bcc.asking import tool_environment
from gpttrace.trace import Limits
from gpttrace.trace.other.run import trace_other

async def main():
    async with trace_other([sys.argv[1]], env=tool_environment({}), limits=Limits(seconds=300, grace=1)) as run:
        async for batch in run:
            for item in batch:
                if type(item).__name__ == "Output":
                    print(item.text.split()[0], run.supervisor_pid, flush=True)

anyio.run(main)
"""


def start_parent(tool: Installed) -> tuple[subprocess.Popen[str], list[str]]:
    """Start a process that runs a tool; return it with the first line that the tool printed."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, tool.path], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    for line in parent.stdout:
        words = line.split()
        if words and words[0].isdigit() and len(words) == 2:
            return parent, words
    raise AssertionError("the tool printed nothing")


def test_the_death_of_the_parent_leaves_nothing_and_its_lines_are_recovered(make_tool: MakeTool) -> None:
    parent, (tool_pid, supervisor) = start_parent(make_tool("branching", WITH_CHILD))
    with parent:
        parent.kill()

    assert gone(int(tool_pid))
    assert gone(int(supervisor))
    settings = Settings.load()
    saved = recover(settings)
    results = [Store(settings.state_dir).load(each) for each in saved]
    found = [each for each in results if each.output and each.output[0] == tool_pid]
    assert len(found) == 1
    assert found[0].status == "stopped"
    assert any("recovered" in each for each in found[0].warnings)


def test_the_death_of_the_supervisor_stops_the_tool(make_tool: MakeTool) -> None:
    parent, (tool_pid, supervisor) = start_parent(make_tool("branching", WITH_CHILD))
    with parent:
        os.kill(int(supervisor), signal.SIGKILL)
        parent.wait(timeout=15)

    assert gone(int(tool_pid))


def plan_of(tool: Installed, **facts: Any) -> ToolPlan:
    """Return a plan that runs a tool without arguments."""
    known = Known(tool.name, f"What {tool.name} shows.", **facts)
    return ToolPlan("question", tool, known, (), 1.0)


async def follow(running: OtherRun) -> None:
    """Look at nothing, to the end."""
    async for _ in running:
        pass


def answer(
    plan: ToolPlan, settings: Settings, *, seconds: float | None = 0.3, yes: bool = False
) -> ToolAnswer:
    """Run a plan as the command line does."""
    return anyio.run(
        partial(run_plan, plan, follow=follow, settings=settings, seconds=seconds, approve=lambda _: yes)
    )


def test_what_reads_peoples_data_asks_first(make_tool: MakeTool, settings: Settings, tmp_path: Path) -> None:
    started = tmp_path / "started"
    tool = make_tool("reading", f"open({str(started)!r}, 'w')\nprint('secret')\n")
    plan = plan_of(tool, reads="what people type")

    with pytest.raises(NotPermitted, match="what people type"):
        answer(plan, settings)
    assert not started.exists()
    assert answer(plan, settings, yes=True).result.output == ("secret",)


def test_what_changes_the_machine_is_denied_even_when_approved(
    make_tool: MakeTool, settings: Settings, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    plan = plan_of(make_tool("changing", f"open({str(started)!r}, 'w')\n"), changes="it breaks things")

    with pytest.raises(NotPermitted, match="it breaks things"):
        answer(plan, settings, yes=True)
    assert not started.exists()


def test_a_policy_file_denies_tools_by_name(
    make_tool: MakeTool, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "policy.toml"
    rules.write_text('[deny]\nprobes = ["tool:harm*"]\n')
    monkeypatch.setenv("GPTTRACE_POLICY", str(rules))
    monkeypatch.setenv("GPTTRACE_STATE", str(settings.state_dir))
    tightened = Settings.load()
    tool = make_tool("harmless", "print(1)\n")

    with pytest.raises(NotPermitted, match="denies harmless"):
        answer(plan_of(tool), tightened, yes=True)
    assert answer(plan_of(tool), settings).result.status == "ok"


def test_missing_headers_are_unavailable_with_the_command_that_mends_it(
    make_tool: MakeTool, settings: Settings
) -> None:
    tool = make_tool("headless", "import sys\nsys.exit('Unable to find kernel headers.')\n")
    error = answer(plan_of(tool), settings, seconds=5).error

    assert isinstance(error, Unavailable)
    assert "linux-headers" in str(error.hint)


CLI = """
import sys
from gpttrace.bcc import installed
installed.PLACES = ((sys.argv.pop(1), ""),)
import click
from gpttrace.cli import tooling
given = dict(question=(), cmd_tool=(sys.argv[1], ""), list_them=False, describe=None, show_only=False, seconds=None, pid=None,
             comm=None, cgroup=None, top=None, every=None, output=None, as_json=sys.argv[2] == "json", yes=True, verbose=False)
sys.exit(tooling.tool(**given))
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_one_interrupt_ends_the_tool_and_shows_its_result(
    form: str, make_tool: MakeTool, folder: Path
) -> None:
    make_tool("summing", "import sys\nif '--help' in sys.argv: sys.exit(print('usage: t [-h]'))\n" + SUMMARY)
    child = subprocess.Popen(
        [sys.executable, "-c", CLI, str(folder), "summing", form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    if form == "text":
        while "runs" not in child.stderr.readline():
            pass
    else:  # nothing is said: wait until its tool is there
        tools = [str(folder / "summing")]
        until = time.monotonic() + 10
        while not any(_runs(path) for path in tools) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)  # it must have set its handler
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)

    assert child.returncode == 0, err
    if form == "json":
        whole = json.loads(out)
        assert whole["writer"] == "tool"
        assert whole["result"]["status"] == "stopped"
        assert whole["result"]["tables"][0]["rows"][1] == [99, "nginx", 18446744073709]
    else:
        assert "99     nginx        18446744073709" in out


def _runs(path: str) -> bool:
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes().split(b"\0")
        except OSError:
            continue
        if path.encode() in words and b"--help" not in words:
            return True
    return False
