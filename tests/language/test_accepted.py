"""Every program that some bpftrace accepts parses without an error, and prints to an equal program.

`data/accepted.json` holds programs of our own with the versions that were seen to accept them.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from gpttrace.language import format_tree, parse, rewrite, to_text, walk
from gpttrace.testing import installed_bpftraces, require

ACCEPTED = [
    each["program"] for each in json.loads((Path(__file__).parent / "data/accepted.json").read_text())
]


def errors(text: str) -> list[str]:
    return [finding.message for finding in parse(text).findings if finding.severity == "error"]


def check_round_trip(text: str) -> None:
    tree = parse(text)
    assert [f.message for f in tree.findings if f.severity == "error"] == []
    printed = to_text(tree)
    again = parse(printed)
    assert [f.message for f in again.findings if f.severity == "error"] == [], printed
    assert again == tree, printed
    assert rewrite(tree, lambda node: node) == tree


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_program_that_a_version_accepts_parses_and_round_trips(text: str) -> None:
    check_round_trip(text)


@pytest.mark.parametrize("text", ACCEPTED)
def test_line_ends_of_windows_change_nothing(text: str) -> None:
    assert errors(text.replace("\n", "\r\n")) == errors(text) == []
    if "/*" not in text and "struct" not in text and "#" not in text:
        assert parse(text.replace("\n", "\r\n")) == parse(text)


def installed_tools(release: str) -> list[Path]:
    for bpftrace in installed_bpftraces():
        if bpftrace.release == release:
            return sorted((bpftrace.root / "usr/sbin").glob("*.bt"))
    return []


@pytest.mark.parametrize(
    "release",
    [
        "host",
        pytest.param("trixie", marks=pytest.mark.versions),
        pytest.param("sid", marks=pytest.mark.versions),
    ],
)
def test_all_tools_that_come_with_bpftrace_parse_and_round_trip(release: str) -> None:
    tools = installed_tools(release)
    require(len(tools) > 30, f"the .bt tools of {release} are not installed")
    for tool in tools:
        text = tool.read_bytes()
        tree = parse(text)
        assert tree.findings == [], tool
        assert parse(to_text(tree)) == tree, tool
        printed = format_tree(tree)
        again = parse(printed)
        assert format_tree(again) == printed, tool
        assert Counter(c.text for c in again.comments) == Counter(c.text.rstrip() for c in tree.comments), (
            tool
        )


def test_positions_of_all_nodes_lie_within_their_parents_and_the_text() -> None:
    for text in ACCEPTED:
        tree = parse(text)
        for node in walk(tree):
            assert 0 <= node.start <= node.end <= len(text), (text, node)
