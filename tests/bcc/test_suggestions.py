"""`ask` hears of a tool only where it is the better answer, and pays almost nothing for asking."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.bcc.conftest import shell_tools
from tests.bcc.helps import HELPS

from gpttrace.bcc import better_tool
from gpttrace.bcc.asking import describe_tool
from gpttrace.bcc.choose import choose_tool
from gpttrace.bcc.installed import Installed
from gpttrace.bcc.known import known_tools, parse_known
from gpttrace.spec.question import Reading

SURE = Reading(spec=object(), confidence=1.0)  # type: ignore[arg-type]  # only whether there is one is looked at
NONE = Reading(spec=None, confidence=0.0)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Installed]:
    return shell_tools(tmp_path_factory.mktemp("bcc"), HELPS)


def test_a_question_that_no_program_answers_gets_a_tool(tools: dict[str, Installed], tmp_path: Path) -> None:
    describe_tool(tools["ext4slower"], tmp_path)

    found = better_tool("slow ext4 operations longer than 20 ms", NONE, cache_dir=tmp_path, tools=tools)

    assert found is not None
    assert (found.tool, found.command) == ("ext4slower", "ext4slower-bpfcc 20")
    assert "gpttrace tool 'slow ext4" in found.sentence


@pytest.mark.parametrize(
    "question", ["memory leaks of PID 1", "page cache hit ratio", "random or sequential disk io"]
)
def test_a_better_tool_is_offered_even_for_what_the_writer_understood(
    question: str, tools: dict[str, Installed]
) -> None:
    found = better_tool(question, SURE, tools=tools)

    assert found is not None
    assert found.why


@pytest.mark.parametrize(
    "question",
    [
        "count syscalls by process",
        "files opened by process",
        "tcp retransmits by address",
        "read size distribution",
        "",
        "hello",
    ],
)
def test_what_a_program_answers_is_left_to_it(question: str, tools: dict[str, Installed]) -> None:
    assert better_tool(question, SURE, tools=tools) is None


@pytest.mark.parametrize(
    "question", ["make kmalloc fail", "clean up tracing state", "page cache hit by process in cachetop"]
)
def test_no_tool_is_offered_that_would_not_be_run(question: str, tools: dict[str, Installed]) -> None:
    assert better_tool(question, NONE, tools=tools) is None


def test_nothing_is_started_for_a_suggestion(tmp_path: Path) -> None:
    started = tmp_path / "started"
    tools = shell_tools(tmp_path / "tools", {"memleak": f"$(touch {started})"})
    Path(tools["memleak"].path).write_text(f"#!/bin/sh\ntouch {started}\n")

    found = better_tool("memory leaks of PID 1", NONE, cache_dir=tmp_path / "cache", tools=tools)

    assert found is not None
    assert found.command is None
    assert not started.exists()


def test_a_suggestion_costs_a_few_milliseconds(tools: dict[str, Installed], tmp_path: Path) -> None:
    better_tool("memory leaks", SURE, cache_dir=tmp_path, tools=tools)
    fastest = 1.0
    for _ in range(20):
        began = time.perf_counter()
        better_tool("top 5 processes by bytes read every 2 seconds", SURE, cache_dir=tmp_path, tools=tools)
        fastest = min(fastest, time.perf_counter() - began)

    assert fastest < 0.005


def test_every_tool_of_our_data_says_what_it_shows_and_is_found_by_its_own_phrases() -> None:
    tools = known_tools()

    assert len(tools) > 110
    for known in tools.values():
        assert known.what.endswith("."), known.name
        assert known.names, known.name
        if known.name not in ("trace", "profile"):
            best = choose_tool(known.example, tools).best
            assert best is not None
            assert best.known.name == known.name, (known.name, known.example, best.known.name)
        assert not known.instead or known.instead in tools


def test_a_line_that_is_not_in_the_form_is_named() -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_known("tool\n  colour: red\n")
