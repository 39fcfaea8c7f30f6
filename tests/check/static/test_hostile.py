"""Any program at all: the checks never raise, keep their places in range, and do not drown a file in findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpttrace.check.static import static_findings
from gpttrace.language import Program, parse
from gpttrace.testing import installed_bpftraces

from .hosts import MEASURED, host_with

LANGUAGE = Path(__file__).parents[2] / "language/data"
MEASURED_PROGRAMS = [
    each["program"] for each in json.loads((Path(__file__).parent / "data/measured.json").read_text())
]
TOKENS = json.loads((LANGUAGE / "tokens.json").read_text())
TOOLS = [
    tool.read_text()
    for each in installed_bpftraces()[:1]
    for tool in sorted((each.root / "usr/sbin").glob("*.bt"))[:12]
] or MEASURED_PROGRAMS[:12]
some = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(tree: Program, version: tuple[int, ...]) -> None:
    size = len(tree.source.text)
    findings = static_findings(tree, host_with(version))
    assert findings == sorted(findings, key=lambda each: (each.start, each.end, each.code))
    assert len(findings) <= 1200
    for each in findings:
        assert 0 <= each.start <= each.end <= max(size, 1)
        assert each.message


def damaged(text: str, data: st.DataObject) -> str:
    for _ in range(data.draw(st.integers(1, 4))):
        at, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 8))
        new = data.draw(st.one_of(st.just(""), st.sampled_from(TOKENS), st.just(text[at : at + length] * 2)))
        text = text[:at] + new + text[at + length :]
    return text


@some
@given(st.sampled_from(TOOLS), st.sampled_from(MEASURED), st.data())
def test_a_damaged_tool_never_breaks_the_checks(
    text: str, version: tuple[int, ...], data: st.DataObject
) -> None:
    check(parse(damaged(text, data)), version)


@some
@given(st.sampled_from(MEASURED_PROGRAMS), st.sampled_from(MEASURED), st.data())
def test_a_damaged_program_never_breaks_the_checks(
    text: str, version: tuple[int, ...], data: st.DataObject
) -> None:
    check(parse(damaged(text, data)), version)


@some
@given(st.lists(st.sampled_from(TOKENS), max_size=60), st.sampled_from(MEASURED))
def test_random_tokens_never_break_the_checks(tokens: list[str], version: tuple[int, ...]) -> None:
    check(parse("BEGIN { " + " ".join(tokens) + " }"), version)


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN { $x = " + "1+" * 5000 + "1; }",
        "BEGIN { $x = " + "pid == 1 && " * 5000 + "1; }",
        "BEGIN /" + "pid == 1 || " * 5000 + "1/ { }",
        "BEGIN { $x = " + "1 ? 2 : " * 5000 + "3; }",
        "BEGIN { $x = " + "!" * 5000 + "1; }",
        "BEGIN { $x = $a" + ".b" * 5000 + "; }",
        "BEGIN { " + "if (1) { } else " * 5000 + "{ } }",
        "BEGIN { " + "@x = 1; " * 5000 + "}",
        "kprobe:f,\n" * 5000 + "kprobe:g { }",
        "BEGIN { $x = " + "(" * 140 + "pid" + ")" * 140 + "; }",
        'BEGIN { printf("' + "%d" * 5000 + '"); }',
        "BEGIN { " + "nosuch(); " * 5000 + "}",
    ],
    ids=lambda text: text[:24],
)
def test_long_and_deep_programs_are_checked_to_their_end(text: str) -> None:
    for version in MEASURED:
        check(parse(text), version)
