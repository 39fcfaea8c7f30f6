"""Formatting: whole scripts, ranges and while typing; and what must never happen to a script by it.

Held on every example, on all that the parser's tests accept, and on a script with every construct: tree and comments stay,
formatting twice changes nothing, with tabs, spaces and CRLF; a text with syntax errors is left alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.lsp.looks import look_of, pointed

import gpttrace_corpus
from gpttrace.language import parse
from gpttrace_lsp.formatting import in_range, when_typed, whole
from gpttrace_lsp.formatting.edits import applied
from gpttrace_lsp.formatting.layout import indent_of

HERE = Path(__file__).parent
EVERYTHING = (HERE / "data" / "everything.bt").read_text(encoding="utf-8")
EXAMPLES = sorted((Path(gpttrace_corpus.__file__).parent / "examples").glob("*.bt"))
ACCEPTED = json.loads((HERE.parent / "language" / "data" / "accepted.json").read_text(encoding="utf-8"))
TEXTS = [
    EVERYTHING,
    *(path.read_text(encoding="utf-8") for path in EXAMPLES),
    *(each["program"] for each in ACCEPTED),
]

UGLY = """#!/usr/bin/env bpftrace
// about

// of the probe
BEGIN{$x=1;if($x>0){@a[pid,comm]=count()}else{exit()}}  // behind
t:a:b
{ print(1) ; // here

  /* long
       one */
}
#!"""
PRETTY = """#!/usr/bin/env bpftrace
// about

// of the probe
BEGIN {
\t$x = 1;
\tif ($x > 0) {
\t\t@a[pid, comm] = count();
\t} else {
\t\texit();
\t}
} // behind

t:a:b
{
\tprint(1); // here

\t/* long
       one */
}
"""


def test_a_script_is_laid_out_and_what_the_author_left_open_stays() -> None:
    look = look_of(UGLY.removesuffix("#!"))
    assert applied(look.text, whole(look)) == PRETTY
    spaces = applied(look.text, whole(look, "  "))
    assert spaces == PRETTY.replace("\t/*", "  /*").replace("\t", "  ")


def test_nothing_changes_the_meaning_and_twice_is_once() -> None:
    assert len(TEXTS) > 500
    for text in TEXTS:
        for indent, given in (("\t", text), ("  ", text), ("\t", text.replace("\n", "\r\n"))):
            look = look_of(given)
            once = applied(given, whole(look, indent))
            again = look_of(once)
            assert again.tree == parse(given) or not look.tree.ok
            assert [each.text.split() for each in again.tree.comments] == [
                each.text.split() for each in look.tree.comments
            ]
            assert whole(again, indent) == []
            if "\r\n" in given:
                assert once.count("\n") == once.count("\r\n")


def test_most_examples_are_laid_out_already() -> None:
    changed = [path.name for path in EXAMPLES if whole(look_of(path.read_text(encoding="utf-8")))]
    assert len(changed) < len(EXAMPLES) / 100


@pytest.mark.parametrize(
    "text", [UGLY, "begin { @x = ; }", "begin { ", "", "// alone", "\ufeff", "begin{}\n}"]
)
def test_what_does_not_parse_is_left_alone(text: str) -> None:
    look = look_of(text)
    if not look.tree.ok:
        assert whole(look) == in_range(look, 0, len(text)) == when_typed(look, len(text), "}") == []
    else:
        assert applied(text, whole(look)).rstrip("\n") == text


def test_a_byte_order_mark_and_the_last_line_stay_well() -> None:
    look = look_of("\ufeffbegin{exit()}")
    assert applied(look.text, whole(look)) == "\ufeffbegin {\n\texit();\n}\n"


def test_edits_are_small() -> None:
    look = look_of("begin\n{\n\t@a=1;\n\t@b = 2;\n}\n")
    assert whole(look) == [(11, 12, " = ")]
    changed = EVERYTHING.replace("@x++; }", "@x++ ; }")
    edits = whole(look_of(changed))
    assert sum(each.end - each.start for each in edits) < 500


def test_a_long_call_stays_wrapped_as_its_author_has_it() -> None:
    text = (
        'begin {\n\tprintf("%s %s",\n\t       "'
        + "x" * 80
        + '",\n\t       comm);\n\tprint( 1 );\n\tprint(\n2);\n}\n'
    )
    wanted = text.replace("( 1 )", "(1)").replace("(\n2)", "(2)")
    once = applied(text, whole(look_of(text)))
    assert once == wanted
    assert whole(look_of(once)) == []


def test_a_range_takes_whole_items_and_statements_only() -> None:
    text = "begin{@a=1;}\nend{\n@b=2;\n  if(1){@c=3;\n@d=4}\n}\n"
    look = look_of(text)
    first = applied(text, in_range(look, 0, text.index("end")))
    assert first == "begin {\n\t@a = 1;\n}\nend{\n@b=2;\n  if(1){@c=3;\n@d=4}\n}\n"
    start, stop = text.index("@b"), text.index("if(1)") + 3
    assert applied(text, in_range(look, start, stop)) == text.replace("@b=2;", "\t@b = 2;")
    inner = applied(text, in_range(look, text.index("  if"), text.rindex("\n}")))
    assert inner == "begin{@a=1;}\nend{\n@b=2;\n\tif (1) {\n\t\t@c = 3;\n\t\t@d = 4;\n\t}\n}\n"
    deep = applied(text, in_range(look, text.index("@d"), text.index("@d") + 4))
    assert deep == text.replace("@d=4}", "\t\t@d = 4;}")


TYPED = {
    ("begin {\n@a=1;¦\n}", ";"): "begin {\n\t@a = 1;\n}",
    ("begin {\n@a=1;\n¦\n}", "\n"): "begin {\n\t@a = 1;\n\n}",
    ("begin { if(1){exit()}¦ }", "}"): "begin { if (1) {\n\t\texit();\n\t} }",
    ("begin{exit()}¦\nend { }", "}"): "begin {\n\texit();\n}\nend { }",
    ("begin { @a=1; } // ;¦", ";"): "begin { @a=1; } // ;",
    ("begin { @a=1; ¦ }", "}"): "begin { @a=1;  }",
    ('begin { print(";¦"); }', ";"): 'begin { print(";"); }',
    ("begin { @a=1;¦", ";"): "begin { @a=1;",
}


@pytest.mark.parametrize(("given", "wanted"), TYPED.items(), ids=lambda value: str(value)[:40])
def test_what_was_just_finished_is_laid_out(given: tuple[str, str], wanted: str) -> None:
    look, offset = pointed(given[0])
    assert applied(look.text, when_typed(look, offset, given[1])) == wanted


def test_no_range_and_no_key_changes_the_meaning() -> None:
    for text in (EVERYTHING, UGLY.removesuffix("#!"), UGLY.removesuffix("#!").replace("\n", "\r\n")):
        look = look_of(text)
        meant = parse(text)
        for start in range(0, len(text), 37):
            for stop in range(start, len(text), 91):
                assert parse(applied(text, in_range(look, start, stop))) == meant
            for typed in "};\n":
                assert parse(applied(text, when_typed(look, start, typed))) == meant


def test_the_indentation_is_ours_or_the_editors() -> None:
    spaces, tabs = t.FormattingOptions(4, True), t.FormattingOptions(4, False)
    assert [indent_of("tab", spaces), indent_of("editor", spaces), indent_of("editor", tabs)] == [
        "\t",
        "    ",
        "\t",
    ]
    assert indent_of("editor", t.FormattingOptions(0, True)) == " "


@pytest.mark.asyncio(loop_scope="function")
async def test_a_client_formats(client: LanguageClient) -> None:
    uri = "file:///formatting.bt"
    text = "begin{@a=1;}\nend{@b=1;}\n"
    client.text_document_did_open(t.DidOpenTextDocumentParams(t.TextDocumentItem(uri, "bpftrace", 1, text)))
    document, options = t.TextDocumentIdentifier(uri), t.FormattingOptions(2, True)
    found = await client.text_document_formatting_async(t.DocumentFormattingParams(document, options))
    assert found
    line = t.Range(t.Position(1, 0), t.Position(2, 0))
    ranged = await client.text_document_range_formatting_async(
        t.DocumentRangeFormattingParams(document, line, options)
    )
    assert ranged
    assert all(each.range.start.line == 1 for each in ranged)
    typed = await client.text_document_on_type_formatting_async(
        t.DocumentOnTypeFormattingParams(document, t.Position(0, 12), "}", options)
    )
    assert typed
    assert typed[0].range.start.line == 0
