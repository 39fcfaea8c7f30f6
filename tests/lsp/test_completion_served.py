"""Completion by the real server, as VS Code asks it; and what only this machine tells: programs, libraries, examples."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.check.static.hosts import here

from gpttrace.check.compiler import compile_findings
from gpttrace.check.policy import DEFAULT
from gpttrace.host.bpftrace import Bpftrace
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace, require
from gpttrace_lsp.completion import begin_of
from gpttrace_lsp.completion.complete import Asked, complete
from gpttrace_lsp.completion.place import place_at
from gpttrace_lsp.completion.scripts import top_snippets
from gpttrace_lsp.document import Document
from gpttrace_lsp.look import look_at
from gpttrace_lsp.positions import Lines


async def suggested(client: LanguageClient, uri: str, line: int, character: int) -> t.CompletionList:
    """Return what the server suggests at a position."""
    found = await client.text_document_completion_async(
        t.CompletionParams(t.TextDocumentIdentifier(uri), t.Position(line, character))
    )
    assert isinstance(found, t.CompletionList)
    return found


@pytest.mark.asyncio
async def test_a_script_is_completed_while_it_is_typed(client: LanguageClient, tmp_path: Path) -> None:
    require(here().has_tracepoint("sched:sched_switch"), "needs tracefs")
    uri = (tmp_path / "a.bt").as_uri()
    text = "tracepoint:sched:sched_swi"
    client.text_document_did_open(t.DidOpenTextDocumentParams(t.TextDocumentItem(uri, "bpftrace", 1, text)))
    found = await suggested(client, uri, 0, len(text))
    assert found.items[0].label == "sched:sched_switch"
    assert found.items[0].documentation is None
    explained = await client.completion_item_resolve_async(found.items[0])
    assert isinstance(explained.documentation, t.MarkupContent)
    assert "`args->prev_comm`" in explained.documentation.value
    version = 1
    for typed in ("tch\n", "{\n", "\tprintf(", '"%s", ', "args", "->", "prev_c"):
        version += 1
        text += typed
        client.text_document_did_change(
            t.DidChangeTextDocumentParams(
                t.VersionedTextDocumentIdentifier(version, uri),
                [t.TextDocumentContentChangeWholeDocument(text)],
            )
        )
    lines = text.split("\n")
    found = await suggested(client, uri, len(lines) - 1, len(lines[-1]))
    assert [each.label for each in found.items][:1] == ["prev_comm"]
    assert (await suggested(client, uri, 0, 5)).items[0].label == "tracepoint:"
    unknown = t.CompletionParams(t.TextDocumentIdentifier("file:///not/open.bt"), t.Position(0, 0))
    assert await client.text_document_completion_async(unknown) is None


@pytest.mark.asyncio
async def test_an_item_that_is_not_ours_comes_back_as_it_is(client: LanguageClient) -> None:
    for data in (None, 7, ["file:///a.bt", "map", "@x"], {"a": 1}, [1, 2]):
        item = await client.completion_item_resolve_async(t.CompletionItem("x", data=data))
        assert item.documentation is None


def labels(text: str, *, examples: bool = False, folder: Path | None = None) -> list[str]:
    """Return what is suggested at the end of a text on this machine."""
    asked = Asked(here(), Settings.load(), examples=examples, folder=folder)
    return [each.label for each in complete(place_at(text, len(text)), None, asked).items]


def test_programs_libraries_and_what_is_in_them_are_found(tmp_path: Path) -> None:
    assert f"{tmp_path}/" in labels(f"uprobe:{tmp_path.parent}/")
    (tmp_path / "mine.so.1").touch()
    assert labels(f"uprobe:{tmp_path}/mi") == [f"{tmp_path}/mine.so.1:"]
    assert "libc:" in labels("uprobe:libc")
    assert labels("uprobe:libc:mallo")[0] == "malloc"
    assert labels("uprobe:/no/such/file:") == []
    assert labels("uprobe:/no/such/folder/") == []
    text = 'uprobe:libc:malloc { uaddr("mallo'
    assert "malloc" in labels(text)


def test_scripts_beside_this_one_are_imported(tmp_path: Path) -> None:
    (tmp_path / "one.bt").touch()
    (tmp_path / "other.txt").touch()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "two.bt").touch()
    assert labels('import "', folder=tmp_path) == ["more/", "one.bt"]
    assert labels('import "more/t', folder=tmp_path) == ["more/two.bt"]
    assert labels('import "') == []


def test_words_at_the_top_level_become_a_whole_program(tmp_path: Path) -> None:
    text = "BEGIN { }\n\ncount files opened"
    asked = Asked(here(), Settings.load())
    found = complete(place_at(text, len(text)), None, asked).items
    first = next(each for each in found if "opens_by_file" in each.detail)
    assert first.start == text.index("count")
    assert first.matches == "count files opened"
    assert "openat" in first.insert
    assert "question:" not in first.insert
    comment = "// count files opened"
    found = complete(place_at(comment, len(comment)), None, asked).items
    assert any("opens_by_file" in each.detail and each.insert.startswith("\n") for each in found)
    assert labels("count files opened") == []


def test_a_long_text_is_read_from_the_item_at_the_cursor() -> None:
    before = "".join(f"BEGIN {{ @a{at} = {at}; }}\n" for at in range(50))
    document = Document("file:///a.bt", 1, Lines(before + "kprobe:vfs_read { $x = "))
    assert begin_of(document, 10) == 0
    document.looked = look_at(document.lines, 1, None, DEFAULT)
    whole = len(document.lines.text)
    assert begin_of(document, whole) == len(before)
    changed = Lines("// more\n" + document.lines.text)
    document.lines = changed
    assert begin_of(document, whole) == 0  # what stood before the items is another text now
    document.lines = Lines(document.looked.text + "pid; @")
    assert begin_of(document, whole + 6) == len(before)
    assert "@a49" in [
        each.label
        for each in complete(
            place_at(document.lines.text, whole + 6, len(before)),
            document.looked,
            Asked(None, Settings.load()),
        ).items
    ]


@pytest.mark.kernel
@pytest.mark.asyncio
async def test_every_whole_probe_compiles(any_bpftrace: InstalledBpftrace, settings: Settings) -> None:
    host = replace(here(), tool=Bpftrace(any_bpftrace.path, any_bpftrace.version))
    own = ("BEGIN", "END", "begin", "end")
    programs = [each.insert for each in top_snippets(host, "@shown") if each.label not in own]
    for probe in ("tracepoint:syscalls:sys_enter_openat", "tracepoint:sched:sched_switch"):
        found = complete(place_at(probe, len(probe)), None, Asked(host, settings)).items
        programs += [f"tracepoint:{each.insert}" for each in found if each.snippet]
    assert len(programs) > 6
    # One program, so that bpftrace starts once: each map is its own, and the trace ends once.
    programs = [re.sub(r"@(?!shown)(\w*)", rf"@{chr(97 + at)}\1", text) for at, text in enumerate(programs)]
    programs = [re.sub(r"(?is)\nend\n.*", "\n", text) for text in programs]
    whole = "\n".join(("tracepoint:sched:sched_wakeup { @shown[comm] = count(); }", *programs))
    compiled = await compile_findings(whole, host, settings=settings)
    assert compiled.ran != "none"
    assert [each.message for each in compiled.findings if each.severity == "error"] == []
