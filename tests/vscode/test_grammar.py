"""The colours agree with our own lexer and parser, in VS Code's own grammar engine, and no probe colours what follows it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpttrace.language import nodes as n
from gpttrace.language import parse, walk
from gpttrace.language.lexer import scan
from gpttrace.language.program import Program
from gpttrace.language.reference import AGGREGATIONS, BUILTIN_ARGUMENTS, BUILTINS, FUNCTIONS

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests/language/data"
EXTENSION = ROOT / "lsp/vscode"
KEYWORDS = frozenset(
    ["if", "else", "while", "for", "unroll", "let", "break", "continue", "return", "comptime", "import"]
)
LEAK = "tracepoint:zz:leak /pid == 1/ { @zz = count(); } // end"
# What a scope must begin with, by what our parser says the word is.
WANTED = {
    "keyword": ("keyword.", "storage.type."),
    "builtin": ("variable.language.",),
    "function": ("support.function",),
    "map": ("variable.other.map",),
    "variable": ("variable.other.readwrite",),
    "positional": ("variable.parameter.",),
    "string": ("string.", "constant.character.", "constant.other.placeholder", "punctuation.definition.string", "invalid."),
    "number": ("constant.numeric.", "keyword.other.unit"),
    "boolean": ("constant.language.",),
    "comment": ("comment.", "punctuation.definition.comment"),
    "member": ("variable.other.member", "constant.numeric.index"),
    "kind": ("keyword.other.probe",),
}  # fmt: skip
# Nodes that are one word from their start to their end.
WHOLE: dict[type[n.Node], str] = {
    n.Integer: "number",
    n.Float: "number",
    n.String: "string",
    n.Bool: "boolean",
    n.Positional: "positional",
}
Tokens = list[tuple[int, int, str]]
Tokenise = Callable[[list[str]], list[Tokens]]


@pytest.fixture(scope="session")
def tokenise(node: str) -> Tokenise:
    """Cut programs: (start, end, scopes) with offsets in characters."""

    def tokenise(programs: list[str]) -> list[Tokens]:
        command = [node, str(EXTENSION / "scripts/tokenise.mjs")]
        done = subprocess.run(command, input=json.dumps(programs), capture_output=True, text=True, check=True)
        return [_by_character(text, cut) for text, cut in zip(programs, json.loads(done.stdout), strict=True)]

    return tokenise


def _by_character(text: str, cut: list[tuple[int, int, int, str]]) -> Tokens:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    lines = [line.encode("utf-16-le") for line in text.split("\n")]

    def at(line: int, unit: int) -> int:
        return starts[line] + len(lines[line][: unit * 2].decode("utf-16-le", "ignore"))

    return [(at(line, begin), at(line, end), scopes) for line, begin, end, scopes in cut]


def everything() -> list[str]:
    """All programs that we have: examples, and those on which bpftrace's own answer is known."""
    accepted = [each["program"] for each in json.loads((DATA / "accepted.json").read_text())]
    paths = sorted((ROOT / "corpus/gpttrace_corpus/examples").glob("*.bt"))
    return [*accepted, *(path.read_text() for path in paths)]


def expected(program: Program) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, what) of each word that our parser names."""
    yield from ((each.start, each.end, "comment") for each in program.comments)
    for node in walk(program):
        if (what := WHOLE.get(type(node))) is not None:
            yield node.start, node.end, what
        elif isinstance(node, n.Probe):
            yield from keywords(program.source.text, node.body.start)
        elif (word := first_word(node)) is not None:
            yield node.start, node.start + len(word[0]), word[1]
        elif isinstance(node, n.Member) and node.name:
            yield node.end - len(node.name), node.end, "member"


def first_word(node: n.Node) -> tuple[str, str] | None:
    """Return the word that a node begins with, and what it is."""
    match node:
        case n.Variable(name=name):
            return f"${name}", "variable"
        case n.Map(name=name):
            return name, "map"
        case n.Call(name=name) if name in FUNCTIONS or name in AGGREGATIONS:
            return name, "function"
        case n.Identifier(name=name) if name in BUILTINS:
            return name, "builtin"
        case n.Call(name=name) if name in BUILTIN_ARGUMENTS:
            return name, "builtin"
        case n.AttachPoint(text=point):
            return point.partition(":")[0].rstrip(), "kind"
    return None


def keywords(text: str, begin: int) -> Iterator[tuple[int, int, str]]:
    """Yield the keywords of the block that begins here, as our lexer cuts it."""
    tokens = scan(text, begin)
    for i, (kind, word, start) in enumerate(zip(tokens.kinds, tokens.texts, tokens.starts, strict=True)):
        if kind == "id" and word in KEYWORDS and tokens.texts[i - 1] not in (".", "->"):
            yield start, start + len(word), "keyword"


def wrong(program: Program, tokens: Tokens) -> list[str]:
    """Return what is coloured as something else."""
    found = []
    for start, end, what in expected(program):
        inside = [scopes.split() for at, stop, scopes in tokens if at < end and stop > start]
        if (
            not all(any(scope.startswith(WANTED[what]) for scope in scopes) for scopes in inside)
            or not inside
        ):
            found.append(f"{what} {program.source.text[start:end]!r}: {inside}")
    return found


@pytest.mark.computes
def test_the_grammar_has_the_words_of_the_reference() -> None:
    script = EXTENSION / "scripts/make_grammar.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False)
    assert done.returncode == 0, f"run .venv/bin/python {script.relative_to(ROOT)}"


@pytest.mark.tools
def test_every_word_that_the_parser_names_has_the_colour_of_its_kind(tokenise: Tokenise) -> None:
    programs = everything()
    assert len(programs) > 500
    faults = {}
    for text, tokens in zip(programs, tokenise(programs), strict=True):
        parsed = parse(text)
        if parsed.ok and (found := wrong(parsed, tokens)):
            faults[text[:300]] = found
    assert not faults


@pytest.mark.tools
def test_nothing_of_an_accepted_program_colours_what_follows_it(tokenise: Tokenise) -> None:
    alone = [(begin, end, scopes) for begin, end, scopes in tokenise([LEAK])[0]]
    programs = [text.rstrip("\n") + "\n" for text in everything() if parse(text).ok]
    for text, tokens in zip(programs, tokenise([text + LEAK for text in programs]), strict=True):
        here = [(a - len(text), b - len(text), scopes) for a, b, scopes in tokens if a >= len(text)]
        assert here == alone, text


@pytest.mark.tools
def test_a_mistake_does_not_colour_the_next_probe(tokenise: Tokenise) -> None:
    alone = tokenise([LEAK])[0]
    rejected = [each["program"] for each in json.loads((DATA / "rejected.json").read_text())]
    programs = [text.rstrip("\n") + "\n" for text in rejected]
    for text, tokens in zip(programs, tokenise([text + LEAK for text in programs]), strict=True):
        if "unterminated-comment" not in {finding.code for finding in parse(text).findings}:
            here = [(a - len(text), b - len(text), scopes) for a, b, scopes in tokens if a >= len(text)]
            assert here == alone, text


@pytest.mark.tools
@pytest.mark.parametrize(
    ("text", "word", "scope"),
    [
        ("BEGIN { print(8 / 2 / pid); }", "/", "keyword.operator.arithmetic"),
        ("t:a:b /args.x / 2 > 1/ { }", "/args", "punctuation.definition.predicate.begin"),
        ("t:a:b /args.x / 2 > 1/ { }", "/ 2", "keyword.operator.arithmetic"),
        ("t:a:b\n/pid ==\n  1/\n{ exit(); }", "/\n{", "punctuation.definition.predicate.end"),
        ("uprobe:/bin/bash:readline { }", "/bin", "string.unquoted.path"),
        ("kprobe:vfs_*+0x1f { }", "*", "keyword.operator.wildcard"),
        ("kprobe:vfs_read+0x1f { }", "0x1f", "constant.numeric"),
        ("interval:s:1 { }", "s:", "keyword.other.unit"),
        ("BEGIN { $x = 5ms; }", "ms", "keyword.other.unit"),
        ("BEGIN { $x = (struct task_struct *)curtask; }", "task_struct", "entity.name.type"),
        ("BEGIN { system(\"ls\"); }", "system", "support.function.unsafe"),
        ("BEGIN { print(kstack(perf)); }", "perf", "constant.language.mode"),
        ("config = {\n  stack_mode = perf\n}\nBEGIN { }", "stack_mode", "support.type.property-name"),
        ("config = {\n  stack_mode = perf\n}\nBEGIN { }", "BEGIN", "keyword.other.probe"),
        ("#include <linux/sched.h>\nBEGIN { }", "<linux", "string.quoted.other.lt-gt"),
        ("struct a { int x; };\nBEGIN { }", "int", "storage.type"),
        ("macro twice($x) { $x * 2 }", "twice", "entity.name.function"),
        ("fn f($a: uint64): uint64 { return $a; }", "uint64)", "storage.type"),
        ("let @m = lruhash(10);", "lruhash", "support.type.map"),
        ("#!/usr/bin/env bpftrace\nBEGIN { }", "#!", "comment.line.shebang"),
        ("BEGIN { printf(\"%-16s\\n\", comm); }", "%-16s", "constant.other.placeholder"),
        ("BEGIN { for ($i : 0..10) { } }", "..", "keyword.operator.range"),
    ],
)  # fmt: skip
def test_a_word_means_what_stands_around_it(tokenise: Tokenise, text: str, word: str, scope: str) -> None:
    at = text.index(word)
    found = next(scopes for start, end, scopes in tokenise([text])[0] if start <= at < end)
    assert scope in found
