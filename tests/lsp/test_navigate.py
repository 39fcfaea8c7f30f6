"""Going about: definitions, references, highlights and renames by marked texts; and the same over the real server.

Held: scopes (a macro's parameter is its own, a variable is its probe's), refusals with a reason, and that a rename and the rename
back give the same text for every name of every construct.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.lsp.looks import look_of, pointed

from gpttrace_lsp.formatting.edits import Change, applied
from gpttrace_lsp.look import Look
from gpttrace_lsp.navigate import NotRenamed, definition, highlights, new_texts, references, renamed_span
from gpttrace_lsp.navigate.going import member_definition, type_definition
from gpttrace_lsp.navigate.names import name_at
from gpttrace_lsp.navigate.renaming import renamable

EVERYTHING = (Path(__file__).parent / "data" / "everything.bt").read_text(encoding="utf-8")
# `¦` is the cursor, `«` stands before each place of the name, `‹` before the one that declares it.
PLACES = [
    "begin { ‹@a¦[1] = 5; print(«@a); }  end { clear(«@a); }",
    "let ‹@a¦ = hash(5); begin { «@a[1] = 5; }",
    "begin { ‹$x = 1; print(«$¦x); } end { $x = 2; }",
    "begin { let ‹$x; «$x¦ = 1; }",
    "begin { for (‹$kv : @m) { print(«$kv¦.0); } @m[1] = 1; }",
    "macro f(‹@m, $v) { «@m¦ = $v; } begin { @m = 1; f(@m, $v); }",
    "macro f(@m) { @m = 1; } begin { ‹@m¦ = 1; f(«@m); }",
    "macro f(‹x) { «x¦ + 1 } begin { f(5); x; }",
    "macro ‹twice(x) { x } begin { print(«twi¦ce(1)); }",
    "fn ‹twice($a: uint64): uint64 { return $a; } begin { print(«twice¦(1)); }",
    "fn f(‹$a: uint64): uint64 { return «$a¦; } begin { $a = 1; }",
    "#define ‹LIMIT 5\nbegin { print(«LIM¦IT); }",
    "struct ‹mine { struct «mi¦ne *n; }; begin { $m = (struct «mine *)0; }",
    "enum c { ‹RED, GREEN };\nbegin { print(«R¦ED); }",
    "begin { print(«pi¦d); print(«pid); }",
    "tracepoint:a:b { print(args.«na¦me, args->«name); }",
    "begin { ‹@a¦ = 1; @b += ; «@a = ( 2; print(«@a); }",  # two statements do not parse
    "begin { ‹@¦ = 1; print(«@); }",
]  # fmt: skip


def marked(text: str) -> tuple[Look, int, list[int], int | None]:
    """Return the look, the cursor, the places, and the declaration's."""
    bare = re.sub("[«‹]", "", text)
    look, offset = pointed(bare)
    plain = text.replace("¦", "")
    starts = [found.start() - at for at, found in enumerate(re.finditer("[«‹]", plain))]
    declared = next(
        (each for each, mark in zip(starts, re.findall("[«‹]", plain), strict=True) if mark == "‹"), None
    )
    return look, offset, starts, declared


@pytest.mark.parametrize("text", PLACES, ids=lambda text: text.replace("\n", " ")[:50])
def test_a_name_has_these_places(text: str) -> None:
    look, offset, starts, declared = marked(text)
    name = name_at(look, offset)
    assert name is not None
    found = references(look, "u", name, True)
    assert [look.lines.offset(each.range.start) for each in found] == starts
    assert [look.lines.offset(each.range.start) for each in references(look, "u", name, False)] == [
        each for each in starts if each != declared
    ]
    defined = [look.lines.offset(each.range.start) for each in definition(look, "u", name)]
    assert defined == ([] if declared is None else [declared])
    assert len(highlights(look, name)) == len(starts)


def test_highlights_tell_writes_from_reads() -> None:
    look, offset = pointed("begin { @a¦[1] = 5; @a[1]++; print(@a); delete(@a[1]); }")
    name = name_at(look, offset)
    assert name is not None
    write, read = t.DocumentHighlightKind.Write, t.DocumentHighlightKind.Read
    assert [each.kind for each in highlights(look, name)] == [write, write, read, write]


def test_members_and_types_of_own_structs_are_found() -> None:
    text = "struct mine { int a; int b; };\nbegin { $m = (struct mine *)0; print($m->b¦); }"
    look, offset = pointed(text)
    found = member_definition(look, "u", offset)
    assert found is not None
    assert look.lines.offset(found[0].range.start) == text.index("b;")
    typed = type_definition(look, "u", text.index("$m->") + 1)
    assert look.lines.offset(typed[0].range.start) == text.index("mine")


REFUSED = {
    ("begin { print(pi¦d); }", "x"): "own name",
    ("tracepoint:a:b { print(args.na¦me); }", "x"): "named by the kernel",
    ("#define LIM¦IT 5\nbegin { }", "x"): "name of C",
    ("begin { print(¦5); }", "x"): "no name of this script",
    ("begin { @a¦ = 1; }", "1x"): "no name",
    ("begin { @a¦ = 1; }", "a-b"): "no name",
    ("begin { @a¦ = 1; }", ""): "no name",
    ("begin { @a¦ = 1; }", "$b"): "not the name of one",
    ("begin { @a¦ = 1; @b = 2; }", "b"): "already",
    ("macro f(@b) { @b = 1; } begin { @a¦ = 1; f(@a); }", "b"): "already",
    ("begin { $a¦ = 1; $b = 2; }", "b"): "already",
    ("macro f(x) { x } begin { f¦(1); }", "hist"): "bpftrace's own",
    ("macro f(x) { x } begin { f¦(1); }", "while"): "word of the language",
    ("macro f(x) { x } macro g(x) { x } begin { f¦(1); }", "g"): "already",
    ("macro f(x¦) { x + pid }", "pid"): "bpftrace's own",
}


@pytest.mark.parametrize(("given", "why"), REFUSED.items(), ids=lambda value: str(value)[:50])
def test_what_cannot_be_renamed_is_refused_with_the_reason(given: tuple[str, str], why: str) -> None:
    look, offset = pointed(given[0])
    with pytest.raises(NotRenamed, match=why):
        new_texts(look, renamable(look, offset), given[1])


def test_a_variable_of_another_probe_does_not_take_the_name() -> None:
    look, offset = pointed("begin { $a¦ = 1; } end { $b = 2; }")
    assert len(new_texts(look, renamable(look, offset), "$b")) == 1


def test_a_rename_and_the_rename_back_give_the_same_text() -> None:
    tried = 0
    for found in re.finditer(r"[@$]?\w+", EVERYTHING):
        look = look_of(EVERYTHING)
        try:
            start, end = renamed_span(look, found.start())
        except NotRenamed:
            continue
        old = EVERYTHING[start:end]
        once = applied(
            EVERYTHING, [Change(*each) for each in new_texts(look, renamable(look, start), "brandnew")]
        )
        assert once != EVERYTHING
        again = look_of(once)
        assert again.tree.ok
        place = once.index("brandnew")
        back = new_texts(again, renamable(again, place), old.lstrip("@$"))
        assert applied(once, [Change(*each) for each in back]) == EVERYTHING
        tried += 1
    assert tried > 30


def test_no_place_of_a_cut_text_is_a_fault() -> None:
    for stop in range(0, len(EVERYTHING), 7):
        look = look_of(EVERYTHING[:stop])
        for offset in range(max(0, stop - 30), stop + 1, 3):
            name = name_at(look, offset)
            if name is not None:
                assert references(look, "u", name, True)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_client_goes_about_and_renames(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "other.bt").write_text("macro f(x) { x }")
    uri = (tmp_path / "main.bt").as_uri()
    text = 'import "other.bt";\nbegin { @𝄞 = 1; @a = 5; print(@a); }\n'.replace("@𝄞 = 1; ", "/* 𝄞 */ ")
    client.text_document_did_open(t.DidOpenTextDocumentParams(t.TextDocumentItem(uri, "bpftrace", 3, text)))
    document, place = t.TextDocumentIdentifier(uri), t.Position(1, 18)
    links = await client.text_document_document_link_async(t.DocumentLinkParams(document))
    assert links
    assert links[0].target == (tmp_path / "other.bt").as_uri()
    imported = await client.text_document_definition_async(t.DefinitionParams(document, t.Position(0, 10)))
    assert isinstance(imported, list | tuple)
    assert isinstance(imported[0], t.Location)
    assert imported[0].uri == links[0].target
    defined = await client.text_document_definition_async(t.DefinitionParams(document, t.Position(1, 33)))
    assert isinstance(defined, list | tuple)
    assert isinstance(defined[0], t.Location)
    assert defined[0].range == t.Range(t.Position(1, 17), t.Position(1, 19))  # 𝄞 is two units of UTF-16
    context = t.ReferenceContext(include_declaration=False)
    found = await client.text_document_references_async(t.ReferenceParams(context, document, place))
    assert found is not None
    assert len(found) == 1
    marked = await client.text_document_document_highlight_async(t.DocumentHighlightParams(document, place))
    assert marked is not None
    assert len(marked) == 2
    typed = await client.text_document_type_definition_async(t.TypeDefinitionParams(document, place))
    assert not typed
    prepared = await client.text_document_prepare_rename_async(t.PrepareRenameParams(document, place))
    assert isinstance(prepared, t.PrepareRenamePlaceholder)
    assert prepared.placeholder == "@a"
    edit = await client.text_document_rename_async(t.RenameParams(document, place, "total"))
    assert edit is not None
    assert edit.document_changes
    change = edit.document_changes[0]
    assert isinstance(change, t.TextDocumentEdit)
    assert change.text_document.version == 3
    assert [each.new_text for each in change.edits] == ["@total", "@total"]  # type: ignore[union-attr]  # plain edits
    with pytest.raises(Exception, match="no name"):
        await client.text_document_rename_async(t.RenameParams(document, place, "not a name"))
