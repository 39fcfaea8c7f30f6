"""Any input at all: parsing never raises, always ends, keeps its positions in range, and takes linear time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpttrace.language import Program, format_tree, parse, rewrite, symbols, to_text, walk

ACCEPTED = [
    each["program"] for each in json.loads((Path(__file__).parent / "data/accepted.json").read_text())
]
TOKENS = json.loads((Path(__file__).parent / "data/tokens.json").read_text())
many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(tree: Program) -> None:
    size = len(tree.source.text)
    for finding in tree.findings:
        assert 0 <= finding.start <= finding.end <= max(size, 1)
        assert finding.message
        assert finding.code == finding.code.lower().replace(" ", "-")
    for node in walk(tree):
        assert 0 <= node.start <= node.end <= size
    symbols(tree)
    text = format_tree(tree)
    if not tree.findings:
        again = parse(text)
        assert again.findings == []
        assert again == tree
    assert rewrite(tree, lambda node: node) == tree


@many
@given(st.binary(max_size=400))
def test_random_bytes_never_break_the_parser(data: bytes) -> None:
    check(parse(data))


@many
@given(st.text(max_size=400))
def test_random_text_never_breaks_the_parser(text: str) -> None:
    check(parse(text))


@many
@given(st.lists(st.sampled_from(TOKENS), max_size=80), st.sampled_from(["", " "]))
def test_random_tokens_never_break_the_parser(tokens: list[str], between: str) -> None:
    check(parse(between.join(tokens)))


@many
@given(st.lists(st.sampled_from(TOKENS), max_size=60))
def test_random_tokens_in_a_body_never_break_the_parser(tokens: list[str]) -> None:
    check(parse("BEGIN { " + " ".join(tokens) + " }"))


@many
@given(st.sampled_from(ACCEPTED), st.data())
def test_a_damaged_program_never_breaks_the_parser(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        at, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 8))
        new = data.draw(st.one_of(st.just(""), st.sampled_from(TOKENS), st.just(text[at : at + length] * 2)))
        text = text[:at] + new + text[at + length :]
    check(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "BEGIN { $x = " + "(" * 5000 + "1" + ")" * 5000 + "; }",
        "BEGIN { $x = " + "-" * 5001 + "1; }",
        "BEGIN { $x = " + "(uint8)" * 5000 + "1; }",
        "BEGIN { $x = " + "@a[" * 5000 + "1" + "]" * 5000 + "; }",
        "BEGIN { $x = " + "f(" * 5000 + ")" * 5000 + "; }",
        "BEGIN { $x = " + "{" * 5000 + "1" + "}" * 5000 + "; }",
        "BEGIN { $x = " + "1 ? " * 5000 + "1" + " : 2" * 5000 + "; }",
        "BEGIN " + "{" * 5000 + "}" * 5000,
        "BEGIN { " + "if (1) { " * 5000 + "}" * 5001,
        "BEGIN { $x = " + "1 || 1 && 1 | 1 ^ 1 & 1 == 1 < 1 << 1 + 1 * (" * 500 + "1" + ")" * 500 + "; }",
        "BEGIN { let $x: " + "(" * 5000 + "; }",
        "BEGIN { $x = " + "sizeof(" * 5000 + "; }",
        "BEGIN { $x = (" + "typeof(" * 5000 + "; }",
        "macro m() " + "{" * 5000,
        "config = {" * 5000,
    ],
    ids=lambda text: text[:40],
)
def test_nesting_of_any_depth_ends_in_findings_and_never_in_a_recursion_error(text: str) -> None:
    tree = parse(text)
    # Each level of `config = {` is an assignment to a word: a mistake of its own, up to the deepest level.
    assert len(tree.findings) <= (10 if not text.startswith("config") else 100)
    check(tree)


@pytest.mark.parametrize(
    "text", ["BEGIN { for(// and then nothing", "BEGIN { for(", "BEGIN { for (/* */", "BEGIN { for"]
)
def test_a_loop_that_ends_where_it_begins_is_a_finding(text: str) -> None:
    program = parse(text)
    assert not program.ok
    assert all(0 <= each.start <= each.end <= len(text) for each in program.findings)


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN { $x = " + "1+" * 10_000 + "1; }",
        "BEGIN { $x = $a" + ".b" * 10_000 + "; }",
        "BEGIN { $x = $a" + "[1]" * 10_000 + "; }",
        "BEGIN { $x = " + "1 ? 2 : " * 10_000 + "3; }",
        "BEGIN { $x = " + "!" * 10_000 + "1; }",
        "BEGIN { " + "if (1) { } else " * 10_000 + "{ } }",
        "BEGIN { " + "@x = 1; " * 10_000 + "}",
        "kprobe:f,\n" * 10_000 + "kprobe:g { }",
    ],
    ids=lambda text: text[:30],
)
def test_long_chains_are_kept_whole(text: str) -> None:
    tree = parse(text)
    assert tree.findings == []
    assert parse(to_text(tree)) == tree
    assert rewrite(tree, lambda node: node) == tree
    symbols(tree)


@pytest.mark.parametrize(
    "expr",
    [
        "1 ? 2 : " * 5000 + "3",
        "nsecs / (" + "1*" * 5000 + "1)",
        "$a" + ".1" * 5000,
        "pid" + " / 1000" * 5000,
        "nsecs - " * 5000 + "tid",
        "pid == " * 5000 + "1",
        "*" * 5000 + "$p",
        "(" * 100 + "pid + 1" + ")" * 100,
    ],
    ids=lambda expr: expr[:12],
)
@pytest.mark.parametrize(
    "text",
    [
        'BEGIN { printf("%d", EXPR); @x[EXPR] = 1; $z = EXPR; @y = sum(EXPR); }',
        "BEGIN /EXPR/ { if (EXPR) { } }",
    ],
)
def test_symbols_of_long_expressions_are_found(text: str, expr: str) -> None:
    tree = parse(text.replace("EXPR", expr))
    symbols(tree)
    format_tree(tree)


def test_a_file_of_ten_thousand_lines_is_parsed_whole() -> None:
    text = "".join(
        f'tracepoint:syscalls:sys_enter_{i}\n/pid == {i} && comm != "x"/\n{{\n  @start[tid] = nsecs;\n'
        f"  @bytes[comm, {i}] = sum(args->count / 1024);\n  if (@start[tid] > {i}) {{\n"
        f'    printf("%s %d\\n", comm, args->ret);\n  }}\n}}\n'
        for i in range(1112)
    )
    tree = parse(text)
    assert tree.source.lines > 10_000
    assert tree.findings == []
    assert len(tree.probes) == 1112
    assert parse(format_tree(tree)) == tree
