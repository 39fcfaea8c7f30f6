"""Semantic tokens: what each word is; and that tokens never overlap, cover only real text, and come in the client's units.

Held on a script with every construct, cut at every seventh character, on every example, and over the real server with its deltas.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.lsp.looks import look_of

import gpttrace_corpus
from gpttrace.host import Host
from gpttrace_lsp.colours import changes, colours, encoded
from gpttrace_lsp.positions import Lines

EVERYTHING = (Path(__file__).parent / "data" / "everything.bt").read_text(encoding="utf-8")
EXAMPLES = sorted((Path(gpttrace_corpus.__file__).parent / "examples").glob("*.bt"))
WORDS = {
    "#!/usr/bin/env bpftrace": "comment",
    "#include": "keyword",
    "LIMIT 5": "enumMember.readonly",
    "mine {": "struct",
    "next;": "property",
    "/* inner */": "comment",
    "RED,": "enumMember.readonly",
    "max_strlen": "property",
    "128": "number",
    "perf;": "enumMember",
    "@big = lru": "variable.declaration.static",
    "lruhash": "type.defaultLibrary",
    "add(": "macro.declaration",
    "$v,": "parameter.declaration",
    "@m +=": "parameter.modification",
    "twice($a": "function.declaration",
    "uint64)": "type",
    "return": "keyword",
    "BEGIN": "keyword",
    "printf": "function.defaultLibrary",
    "pid, comm": "variable.readonly.defaultLibrary",
    "$f = ": "variable.modification",
    "a + RED": "property",
    "add($f": "macro",
    "perf, 5": "enumMember.defaultLibrary",
    "syscalls": "namespace",
    "sys_enter_openat,": "event",
    "filename": "property",
    "count()": "function.defaultLibrary",
    "@x++": "variable.modification.static",
    "$1": "parameter.readonly",
    "5ms": "number",
    "$took: uint64": "variable.declaration",
    "uint64 = nsecs": "type",
    "twice(2)": "function",
    "$kv : ": "variable.declaration",
    "/bin/bash": "namespace",
    "readline": "function",
    "0x10, kprobe": "number",
    "vfs_*": "function",
    "99,": "number",
    "ustack]": "variable.readonly.defaultLibrary",
}


@pytest.mark.parametrize("words", WORDS)
def test_each_word_has_its_type(words: str) -> None:
    start = EVERYTHING.index(words)
    found = {each.start: each for each in colours(look_of(EVERYTHING))}[start]
    assert ".".join((found.type, *found.modifiers)) == WORDS[words]
    assert EVERYTHING[found.start : found.end].strip()


def test_conversions_and_escapes_are_left_to_the_grammar() -> None:
    text = r'begin { printf("a %-8d\n", pid); }'
    strings = [text[each.start : each.end] for each in colours(look_of(text)) if each.type == "string"]
    assert strings == ['"a ', '"']


def test_an_old_spelling_is_marked(made_host: Callable[..., Host]) -> None:
    text = "config = { strlen = 64 } begin { }"
    look = look_of(text, made_host(version=(0, 27, 1)))
    assert {each.code for each in look.findings} == {"deprecated"}
    assert [text[each.start : each.end] for each in colours(look) if "deprecated" in each.modifiers] == [
        "strlen"
    ]


def test_tokens_are_apart_and_in_the_text_of_cut_scripts() -> None:
    for stop in range(0, len(EVERYTHING) + 1, 7):
        held_apart(EVERYTHING[:stop])


def test_tokens_are_apart_in_every_example() -> None:
    assert EXAMPLES
    for path in EXAMPLES:
        held_apart(path.read_text(encoding="utf-8"))


def held_apart(text: str) -> None:
    """Hold that tokens are in order, not empty, apart, in the text, and that none begins or ends with a blank."""
    end = 0
    for each in colours(look_of(text)):
        assert end <= each.start < each.end <= len(text)
        if each.type != "string":
            assert (
                text[each.start : each.end] == text[each.start : each.end].strip() or each.type == "comment"
            )
        end = each.end


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_the_numbers_say_the_same_places(encoding: str) -> None:
    look = look_of(EVERYTHING)
    lines = Lines(EVERYTHING, encoding)
    data = encoded(lines, colours(look))
    line = column = 0
    pieces = []
    for at in range(0, len(data), 5):
        line, column = line + data[at], data[at + 1] + (column if data[at] == 0 else 0)
        start = lines.offset(t.Position(line, column))
        stop = lines.offset(t.Position(line, column + data[at + 2]))
        pieces.append(EVERYTHING[start:stop])
        assert "\n" not in pieces[-1]
    wanted = [
        part for each in colours(look) for part in EVERYTHING[each.start : each.end].split("\n") if part
    ]
    assert pieces == wanted


def test_a_delta_turns_the_one_into_the_other() -> None:
    before = encoded(look_of(EVERYTHING).lines, colours(look_of(EVERYTHING)))
    changed = EVERYTHING.replace("@big[comm]", "@big[comm, pid]")
    after = encoded(look_of(changed).lines, colours(look_of(changed)))
    for old, new in ((before, after), (after, before), (before, []), ([], before), (before, before)):
        result = list(old)
        for edit in changes(old, new):
            result[edit.start : edit.start + edit.delete_count] = edit.data or []
        assert result == new


def test_a_range_has_the_tokens_of_its_items() -> None:
    look = look_of(EVERYTHING)
    start = EVERYTHING.index("tracepoint")
    found = colours(look, (start, start + 10))
    whole = colours(look)
    assert found
    assert set(found) < set(whole)
    assert [each for each in whole if start <= each.start < start + 30] == [
        each for each in found if each.start < start + 30
    ]


@pytest.mark.asyncio(loop_scope="function")
async def test_a_client_gets_tokens_their_changes_and_a_range(client: LanguageClient) -> None:
    uri = "file:///colours.bt"
    item = t.TextDocumentItem(uri, "bpftrace", 1, EVERYTHING)
    client.text_document_did_open(t.DidOpenTextDocumentParams(item))
    document = t.TextDocumentIdentifier(uri)
    full = await client.text_document_semantic_tokens_full_async(t.SemanticTokensParams(document))
    assert full is not None
    assert full.result_id
    place = t.Position(0, 0)
    added = t.TextDocumentContentChangePartial(t.Range(place, place), "// one more\n")
    where = t.VersionedTextDocumentIdentifier(2, uri)
    client.text_document_did_change(t.DidChangeTextDocumentParams(where, [added]))
    delta = await client.text_document_semantic_tokens_full_delta_async(
        t.SemanticTokensDeltaParams(document, full.result_id)
    )
    assert isinstance(delta, t.SemanticTokensDelta)
    data = list(full.data)
    for edit in delta.edits:
        data[edit.start : edit.start + edit.delete_count] = edit.data or []
    again = await client.text_document_semantic_tokens_full_async(t.SemanticTokensParams(document))
    assert again is not None
    assert data == list(again.data)
    top = t.Range(t.Position(0, 0), t.Position(3, 0))
    some = await client.text_document_semantic_tokens_range_async(t.SemanticTokensRangeParams(document, top))
    assert some is not None
    assert 0 < len(some.data) < len(data)
