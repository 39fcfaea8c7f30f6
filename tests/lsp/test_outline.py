"""The outline: symbols of a script and a workspace, folding, growing selections; on cut texts, and over the real server."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.lsp.looks import look_of, pointed
from tests.lsp.wire import Wire

from gpttrace_lsp.look import Look
from gpttrace_lsp.outline import Workspace, folds, selection, symbols
from gpttrace_lsp.outline.symbols import flat

EVERYTHING = (Path(__file__).parent / "data" / "everything.bt").read_text(encoding="utf-8")


def test_symbols_are_nested_and_in_order() -> None:
    look = look_of(EVERYTHING)
    found = symbols(look.tree, look.lines)
    assert [(each.name, [inner.name for inner in each.children or ()]) for each in found] == [
        ("<linux/sched.h>", []),
        ("LIMIT", []),
        ("mine", []),
        ("color", []),
        ("config", ["max_strlen", "stack_mode"]),
        ("@big", []),
        ("add", []),
        ("twice", []),
        ("BEGIN", ["@x"]),
        ("tracepoint:syscalls:sys_enter_openat, tracepoint:syscalls:sys_enter_openat2", ["@start", "@names"]),
        ("tracepoint:syscalls:sys_exit_open*", []),
        ("uprobe:/bin/bash:readline+0x10, kprobe:vfs_*, profile:hz:99, software:faults:100", ["@"]),
        ("END", []),
    ]
    by_name = {each.name: each for each in found}
    assert by_name["tracepoint:syscalls:sys_exit_open*"].detail == "/@start[tid]/"
    assert by_name["twice"].detail == "fn twice($a: uint64): uint64"
    assert by_name["@big"].kind is t.SymbolKind.Variable


def test_every_selection_is_in_its_range_also_in_cut_texts() -> None:
    for stop in range(0, len(EVERYTHING) + 1, 7):
        look = look_of(EVERYTHING[:stop])
        for each, _ in flat(symbols(look.tree, look.lines)):
            outer, inner = look.lines.span(each.range), look.lines.span(each.selection_range)
            assert outer[0] <= inner[0] <= inner[1] <= outer[1]
            assert each.name
        for fold in [*folds(look, whole_lines=True), *folds(look, whole_lines=False)]:
            assert 0 <= fold.start_line < fold.end_line < len(look.lines.starts)
        for offset in range(max(0, stop - 20), stop + 1, 3):
            held_growing(look, offset)


def held_growing(look: Look, offset: int) -> list[str]:
    """Hold that each range is inside the next and holds the cursor; return their texts."""
    text = look.text
    found: t.SelectionRange | None = selection(look, offset)
    spans = []
    while found is not None:
        spans.append(look.lines.span(found.range))
        found = found.parent
    for inner, outer in pairwise(spans):
        assert outer[0] <= inner[0] <= offset <= inner[1] <= outer[1]
        assert inner != outer
    assert spans[-1] == (0, len(text))
    return [text[start:end] for start, end in spans]


def test_a_selection_grows_from_the_word() -> None:
    look, offset = pointed('begin { if (pid > 1) { printf("%d", ti¦d + 1); } }')
    assert held_growing(look, offset) == [
        "tid",
        "tid + 1",
        'printf("%d", tid + 1)',
        'printf("%d", tid + 1);',
        ' printf("%d", tid + 1); ',
        '{ printf("%d", tid + 1); }',
        'if (pid > 1) { printf("%d", tid + 1); }',
        ' if (pid > 1) { printf("%d", tid + 1); } ',
        '{ if (pid > 1) { printf("%d", tid + 1); } }',
        look.text,
    ]


def test_a_selection_of_a_very_deep_expression_is_bounded() -> None:
    text = "begin { print(" + "1 + " * 3_000 + "1); }"
    assert len(held_growing(look_of(text), text.index("1 +"))) < 130


FOLDED = """#include <a.h>
#define B 1
// one
// two

// three
begin
{
	/* long
	comment */
	if (1) {
		exit();
	}
}
// region mine
end { exit(); }
// endregion
struct s {
	int a;
};
"""


def test_blocks_comments_preamble_and_regions_fold() -> None:
    look = look_of(FOLDED)
    kinds = t.FoldingRangeKind
    assert [(each.start_line, each.end_line, each.kind) for each in folds(look, whole_lines=True)] == [
        (0, 1, kinds.Imports),
        (2, 3, kinds.Comment),
        (7, 12, None),
        (8, 9, kinds.Comment),
        (10, 11, None),
        (14, 16, kinds.Region),
        (17, 18, None),
    ]
    assert (7, 13) in [(each.start_line, each.end_line) for each in folds(look, whole_lines=False)]


def test_the_workspace_is_searched_and_read_again_only_when_it_changed(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    for name, text in (
        ("a.bt", "begin { @reads = 1; }"),
        ("b.txt", "end { }"),
        ("node_modules/c.bt", "end { }"),
    ):
        (tmp_path / name).write_text(text)
    (tmp_path / "bad.bt").write_bytes(b"begin { \xff\xfe { @x")
    opened = tmp_path / "open.bt"
    opened.write_text("begin { @old = 1; }")
    look = look_of("macro fresh() { 1 } begin { @reader = 1; }")
    workspace = Workspace()

    def found(query: str) -> list[str]:
        answers = workspace.search(query, [tmp_path.as_uri()], {opened.as_uri(): look}, "utf-16")
        return [each.name for each in answers]

    assert found("") == ["fresh", "begin", "@reader", "begin", "@reads", "begin"]
    assert found("READ") == ["@reader", "@reads"]
    assert found("frsh") == ["fresh"]
    assert found("old") == []
    (tmp_path / "a.bt").write_text("begin { @writes = 1; }")
    os.utime(tmp_path / "a.bt", ns=(1, 1))
    assert found("write") == ["@writes"]
    assert workspace.search("", ["untitled:x", "file:///no/such/folder"], {}, "utf-8") == []


@pytest.mark.asyncio(loop_scope="function")
async def test_a_client_gets_the_outline(client: LanguageClient) -> None:
    uri = "file:///outline.bt"
    item = t.TextDocumentItem(uri, "bpftrace", 1, FOLDED)
    client.text_document_did_open(t.DidOpenTextDocumentParams(item))
    document = t.TextDocumentIdentifier(uri)
    outline = await client.text_document_document_symbol_async(t.DocumentSymbolParams(document))
    assert outline
    assert [each.name for each in outline] == ["<a.h>", "B", "begin", "end", "s"]
    assert isinstance(outline[0], t.DocumentSymbol)
    folded = await client.text_document_folding_range_async(t.FoldingRangeParams(document))
    assert folded
    assert folded[0].kind == t.FoldingRangeKind.Imports
    places = [t.Position(11, 3), t.Position(0, 0)]
    grown = await client.text_document_selection_range_async(t.SelectionRangeParams(document, places))
    assert grown
    assert len(grown) == 2
    assert grown[0].range == t.Range(t.Position(11, 2), t.Position(11, 6))
    names = await client.workspace_symbol_async(t.WorkspaceSymbolParams("beg"))
    assert names
    assert [each.name for each in names] == ["begin"]


def test_a_plain_client_gets_flat_symbols_plain_text_and_plain_edits(wired: Callable[..., Wire]) -> None:
    wire = wired()
    can = wire.begin(capabilities={"general": {"positionEncodings": ["utf-8"]}})
    assert can["renameProvider"] is True
    uri = "file:///plain.bt"
    wire.open(uri, 'begin\r\n{\r\n/* é𝄞 */ @a=5;\r\n}\r\nend { printf("%d", @a); }\r\n')
    document = {"textDocument": {"uri": uri}}
    flat_symbols = wire.ask("textDocument/documentSymbol", document)
    assert [(each["name"], each.get("containerName")) for each in flat_symbols] == [
        ("begin", None), ("@a", "begin"), ("end", None),
    ]  # fmt: skip
    place = {**document, "position": {"line": 2, "character": 13}}
    told = wire.ask("textDocument/hover", place)
    assert told["contents"]["kind"] == "plaintext"
    assert told["range"] == {"start": {"line": 2, "character": 13}, "end": {"line": 2, "character": 15}}
    edit = wire.ask("textDocument/rename", {**place, "newName": "b"})
    assert [each["newText"] for each in edit["changes"][uri]] == ["@b", "@b"]
    assert edit["changes"][uri][0]["range"] == told["range"]
    formatted = wire.ask(
        "textDocument/formatting", {**document, "options": {"tabSize": 4, "insertSpaces": True}}
    )
    assert formatted
    closed = {"textDocument": {"uri": "file:///closed.bt"}}
    for method, given in (
        ("documentSymbol", {}), ("documentLink", {}), ("semanticTokens/full", {}),
        ("selectionRange", {"positions": [place["position"]]}), ("definition", {"position": place["position"]}),
        ("rename", {"position": place["position"], "newName": "x"}), ("foldingRange", {}),
        ("formatting", {"options": {"tabSize": 1, "insertSpaces": False}}),
    ):  # fmt: skip
        assert wire.ask(f"textDocument/{method}", {**closed, **given}) is None
    assert wire.end() == 0
