"""What is wrong with a program: code, place and sentence of each finding, one for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpttrace.language import nodes as n
from gpttrace.language import parse

REJECTED = json.loads((Path(__file__).parent / "data/rejected.json").read_text())
# Where another place tells a person more than bpftrace's own does.
OTHER_PLACE = {
    "unsupported-definition", "brace-list", "continued-line", "misplaced-definition", "bad-assignment", "unknown-probe",
}  # fmt: skip


@pytest.mark.parametrize("record", REJECTED, ids=lambda record: repr(record["program"])[:60])
def test_what_every_version_rejects_gives_a_finding_near_the_place_that_bpftrace_names(
    record: dict[str, object],
) -> None:
    tree = parse(str(record["program"]))
    found = [finding for finding in tree.findings if finding.severity == "error"]
    assert found
    line, column = tree.source.line_column(found[0].start)
    if found[0].code not in OTHER_PLACE:
        assert isinstance(record["line"], int)
        assert isinstance(record["column"], int)
        assert abs(line - record["line"]) <= 1
        assert line != record["line"] or abs(column - record["column"]) <= 7


@pytest.mark.parametrize("record", REJECTED, ids=lambda record: repr(record["program"])[:60])
def test_one_mistake_gives_one_finding(record: dict[str, object]) -> None:
    text = str(record["program"])
    mistakes = 3 if "$y = ; }" in text and "@ = ;" in text else 1
    if text.startswith("BEGIN { if (1) { } END { }"):  # a probe inside a line: two places look wrong
        mistakes = 2
    if "(unsigned int)1" in text and "(unsigned long)1" in text:
        mistakes = 2
    assert len(parse(text).findings) == mistakes


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("BEGIN { $x = ; }", "expected-expression", (1, 14), "expected an expression before `;`"),
        ("BEGIN {\n  print(1;\n}", "unclosed-bracket", (2, 10), "to close the `(` opened on line 2"),
        (
            "BEGIN {\n\n  if (1) {\n",
            "unclosed-bracket",
            (4, 1),
            "expected `}` to close the block opened on line 3",
        ),
        ("traceepoint:a:b { }", "unknown-probe", (1, 1), "did you mean `tracepoint`?"),
        ("zzzzzz:a { }", "unknown-probe", (1, 1), "unknown probe type `zzzzzz`"),
        ("BEGIN { $x = 18446744073709551616; }", "bad-integer", (1, 14), "too large for 64 bits"),
        ("BEGIN { $x = 10abc; }", "bad-integer", (1, 14), "unknown number suffix `abc`"),
        ("BEGIN { $x = 0b1; }", "bad-integer", (1, 14), "decimal, hexadecimal (0x1f) or octal"),
        (r'BEGIN { print("a\q"); }', "bad-escape", (1, 17), r"unknown escape `\q`"),
        (r'BEGIN { print("\400"); }', "bad-escape", (1, 16), "octal escape above"),
        ("BEGIN { } /* x", "unterminated-comment", (1, 11), "this comment is never closed"),
        ('BEGIN { print("a); }', "unterminated-string", (1, 15), "must end on the line where it starts"),
        ("BEGIN { $x = 'a'; }", "unexpected-character", (1, 14), "no '…' literals"),
        ("BEGIN { $x = `a`; }", "unexpected-character", (1, 14), '"`" has no meaning here'),
        ("BEGIN { # x\n }", "unexpected-character", (1, 9), "`#` cannot stand inside a block"),
        ("BEGIN { @x = 1 @y = 2 }", "expected-semicolon", (1, 16), "expected `;` before `@y`"),
        ("BEGIN { ; }", "empty-statement", (1, 9), "no statement before this `;`"),
        ("BEGIN { $x = 1); }", "unmatched-bracket", (1, 15), "this `)` closes nothing"),
        ("BEGIN { } }", "unmatched-bracket", (1, 11), "this `}` closes nothing"),
        ("BEGIN /pid == 1 { }", "unclosed-predicate", (1, 17), "expected `/` to close the predicate"),
        (
            "tracepoint:a:b/pid == 1/ { }",
            "predicate-needs-space",
            (1, 15),
            "a space before its first `/`",
        ),
        ("tracepoint:a:b_{c,d} { }", "brace-list", (1, 16), "no `{a,b}` in names"),
        ("BEGIN { if (1) @x = 1; }", "expected-block", (1, 16), "expected `{`, found `@x`"),
        ("BEGIN { if pid == 1 { } }", "missing-parentheses", (1, 12), "needs parentheses"),
        ("BEGIN", "expected-block", (1, 1), "`BEGIN` has no `{ … }` behind it"),
        (") { print(1); }", "expected-probe", (1, 1), "expected a probe, found `)`"),
        ("$x = 1;", "expected-probe", (1, 1), "expected a probe, found `$x = 1;`"),
        ("*:x = 1;", "expected-block", (1, 5), "expected `{`, `/` or `,` after `*:x`"),
        ("BEGIN pid == 1 { }", "expected-block", (1, 7), "expected `{`, `/` or `,` after `BEGIN`"),
        ("{ print(1); }", "no-attach-point", (1, 1), "belongs to no probe"),
        ("BEGIN { }\n)))", "expected-probe", (2, 1), "expected a probe, found `)))`"),
        ("BEGIN { pid = 1; }", "bad-assignment", (1, 13), "only a variable (`$x`) or a map (`@x`)"),
        ("BEGIN { let x = 1; }", "expected-variable", (1, 13), "expected a variable after `let`"),
        ("BEGIN { $x = 1 ? 2; }", "expected-colon", (1, 19), "expected `:`"),
        ("BEGIN { args. ; }", "expected-field", (1, 15), "expected a field name after `.`"),
        ("BEGIN { $x = (uint64 ; }", "unclosed-bracket", (1, 22), "expected `)`"),
        ("BEGIN { let $x: = 1; }", "expected-type", (1, 17), "expected a type"),
        ("BEGIN { }\nstruct a { int b; };", "misplaced-definition", (2, 1), "before the first probe"),
        ("config = { } config = { } BEGIN { }", "duplicate-config", (1, 14), "one config block"),
        ("config = { x } BEGIN { }", "bad-config", (1, 14), "expected `=` after `x`"),
        ("macro f(1) { 1 }", "bad-parameter", (1, 9), "a macro takes names"),
        ("import foo;", "bad-definition", (1, 1), "this `import` is not complete"),
        ("typedef int t;\nBEGIN { }", "unsupported-definition", (1, 1), "no `typedef`"),
        (
            "BEGIN {\n $x = ",
            "expected-expression",
            (2, 7),
            "expected an expression, found the end of the file",
        ),
        (
            "BEGIN { if (pid = 1 && tid == 2) { } }",
            "assignment-in-condition",
            (1, 12),
            "to compare, write `==`",
        ),
        ("BEGIN { pid++; }", "bad-operand", (1, 9), "`++` goes with a variable"),
        ("BEGIN { $x = &@m[1]; }", "bad-operand", (1, 14), "`&` goes with a variable"),
        ("BEGIN { $x = (unsigned int)1; }", "bad-type", (1, 24), "a type is one word here"),
        ("BEGIN { for ($i : $n) { } }", "bad-loop", (1, 19), "goes through a map (`@x`) or a range"),
        (
            "fn f(a: uint64): uint64 { return 1; }",
            "expected-variable",
            (1, 6),
            "expected a parameter (`$name`)",
        ),
        ("", "empty-program", (1, 1), "there is no probe"),
    ],
)
def test_each_mistake_has_its_code_its_place_and_its_sentence(
    text: str, code: str, place: tuple[int, int], words: str
) -> None:
    tree = parse(text)
    assert len(tree.findings) == 1
    finding = tree.findings[0]
    assert finding.code == code
    assert tree.source.line_column(finding.start) == place
    assert words in finding.message


def test_several_mistakes_are_all_found_in_one_pass() -> None:
    text = "BEGIN {\n $a = ;\n $b = 1 +;\n print(1;\n @ok = 1;\n}\nbogus:x { $c = 09; }\nEND { @x[1 = 2; }\n"
    tree = parse(text)
    assert [(tree.source.line_column(f.start)[0], f.code) for f in tree.findings] == [
        (2, "expected-expression"),
        (3, "expected-expression"),
        (4, "unclosed-bracket"),
        (7, "unknown-probe"),
        (7, "bad-integer"),
        (8, "unclosed-bracket"),
    ]
    assert [type(stmt).__name__ for stmt in tree.probes[0].body.body] == [
        "Assign",
        "Assign",
        "ExprStmt",
        "Assign",
    ]


def test_a_missing_brace_does_not_swallow_the_next_probe() -> None:
    tree = parse("BEGIN {\n  if (1) {\n    @a = 1;\n\nkprobe:f { @b = 1; }\nEND { }\n")
    assert [point.kind for probe in tree.probes for point in probe.points] == ["begin", "kprobe", "end"]
    assert [f.code for f in tree.findings] == ["unclosed-bracket"]
    assert "found the next probe" in tree.findings[0].message


def test_an_unclosed_string_costs_only_its_own_line() -> None:
    tree = parse('BEGIN {\n  printf("hi);\n  @x = 1;\n}\n')
    assert [f.code for f in tree.findings] == ["unterminated-string"]
    assert isinstance(tree.probes[0].body.body[1], n.Assign)


def test_the_opening_bracket_is_named_as_a_related_place() -> None:
    finding = parse("BEGIN { print((1 + 2; }").findings[0]
    assert [(place.start, place.message) for place in finding.related] == [(14, "this `(` is never closed")]


def test_bytes_that_are_not_utf8_are_named_with_their_place() -> None:
    tree = parse(b'BEGIN { print("\xc3\xa9\xff"); }')
    assert [(f.code, f.start, f.message) for f in tree.findings] == [
        ("not-utf8", 16, "byte 0xff is not UTF-8")
    ]
    assert len(tree.probes) == 1


def test_a_binary_file_is_called_a_binary_file() -> None:
    assert "binary-file" in {f.code for f in parse(b"\x7fELF\x02\x01\x01\0\0\0\0").findings}


def test_a_file_of_many_megabytes_is_refused_at_once() -> None:
    tree = parse("BEGIN { }\n" * 1_000_000)
    assert [f.code for f in tree.findings] == ["file-too-large"]


def test_thousands_of_mistakes_end_in_a_list_that_says_it_is_cut() -> None:
    tree = parse("BEGIN { $x = ; }\n" * 2000)
    assert len(tree.findings) == 501
    assert "too-many-findings" in {f.code for f in tree.findings}
