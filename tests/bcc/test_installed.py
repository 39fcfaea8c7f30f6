"""The tools that are really installed: their help is read, and one of them runs where this kernel's headers are."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import anyio
import pytest

from gpttrace.bcc.asking import describe_tool
from gpttrace.bcc.installed import installed_tools
from gpttrace.bcc.known import known_tools
from gpttrace.bcc.plan import plan_tool
from gpttrace.bcc.running import run_plan
from gpttrace.settings import Settings
from gpttrace.testing import require
from gpttrace.trace.other.run import OtherRun

TOOLS = installed_tools()


@pytest.mark.parametrize(
    ("name", "meanings"),
    [
        ("memleak", {"pid", "interval", "count", "above", "top", "object", "command"}),
        ("profile", {"pid", "tid", "duration", "frequency", "cpu"}),
        ("syscount", {"pid", "interval", "duration", "top", "errno"}),
        ("tcplife", {"pid", "local_port", "remote_port"}),
    ],
)
def test_the_help_of_a_real_tool_is_understood(name: str, meanings: set[str], cache: Path) -> None:
    require(name in TOOLS, "the tools of bcc are not installed: apt-get install bpfcc-tools")

    told = describe_tool(TOOLS[name], cache)

    assert told.description is not None, told.trouble
    assert meanings <= {each.meaning for each in told.description.arguments}


def test_our_data_knows_every_tool_that_is_here() -> None:
    require(TOOLS, "the tools of bcc are not installed: apt-get install bpfcc-tools")

    assert set(TOOLS) - set(known_tools()) == set()


def test_a_real_tool_answers_a_question(settings: Settings, cache: Path) -> None:
    require("syscount" in TOOLS, "the tools of bcc are not installed: apt-get install bpfcc-tools")
    require(os.geteuid() == 0, "running tools needs root")
    headers = os.environ.get("BCC_KERNEL_SOURCE") or f"/lib/modules/{os.uname().release}/build"
    known = Path(headers).exists() or Path("/sys/kernel/kheaders.tar.xz").exists()
    if not known:  # the machine's kernel decides, nothing that a set-up could install
        pytest.skip(
            f"bcc cannot compile: there are no kernel headers at {headers} (BCC_KERNEL_SOURCE names others)"
        )

    async def follow(running: OtherRun) -> None:
        async for _ in running:
            os.getppid()

    plan = plan_tool("count syscalls by process, top 3, for 1 second", TOOLS, cache)
    answer = anyio.run(partial(run_plan, plan, follow=follow, settings=settings))

    assert answer.error is None, answer.result.warnings
    (table,) = answer.result.tables
    assert table.names == ("PID", "COMM", "COUNT")
    assert 1 <= len(table) <= 3
