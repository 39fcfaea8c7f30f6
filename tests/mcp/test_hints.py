"""Hints that reach a model name calls that it can make; what only a person can do is said to be for the person."""

from __future__ import annotations

from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.mcp.serving import stdio, talking

from gpttrace.bcc import better_tool, installed_tools
from gpttrace.testing import require
from gpttrace_mcp.tables import for_tools


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        (
            "gpttrace probes WORDS finds a tracepoint for it, or boot a kernel",
            "search_probes(query='WORDS') finds a",
        ),
        ("`gpttrace probes tcp retransmit` lists them", "search_probes(query='tcp retransmit') lists"),
        ('look for it: gpttrace probes "vfs read"', "look for it: search_probes(query='vfs read')"),
        ("`gpttrace probes 'hardware:*'` lists them", "search_probes(query='hardware:*') lists"),
        ("`gpttrace probes --describe PROBE` lists the fields", "describe_probe(probe=…) lists"),
        ("see `gpttrace probes` or the manual", "see search_probes(query=…) or the manual"),
    ],
)
def test_a_hint_of_the_command_line_becomes_one_of_the_tools(hint: str, said: str) -> None:
    assert said in for_tools(hint)
    assert "gpttrace" not in for_tools(hint)


def test_a_refusal_names_the_tool_of_bcc_that_would_answer(portal: BlockingPortal, tmp_path: Path) -> None:
    question = "hardware cache misses LLC"
    require("llcstat" in installed_tools(), "the tools of bcc are not here: apt-get install bpfcc-tools")
    found = better_tool(question, None)
    assert found is not None
    with talking(portal, stdio(tmp_path / "state"), "auto") as talk:
        refused = talk.call("generate", question=question).data
        written = talk.call("generate", question="count syscalls by program").data
    assert refused["status"] in ("refused", "unavailable")
    assert [each for each in refused["next"] if found.ask in each and "tell the user" in each]
    assert not [each for each in written["next"] if "bcc" in each]
