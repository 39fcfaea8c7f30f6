"""Links: includes and imports whose file exists, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.lsp.looks import look_of

from gpttrace_lsp.links import included, link_at, links


def test_what_exists_is_linked_beside_the_script_first(tmp_path: Path) -> None:
    (tmp_path / "mine.h").write_text("")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "other.bt").write_text("")
    text = '#include "mine.h"\n#include "none.h"\nimport "sub/other.bt";\nimport "sub";\n/* "mine.h" */\nbegin { }\n'
    look = look_of(text)
    found = links(look, tmp_path / "script.bt")
    assert [each.target for each in found] == [
        (tmp_path / "mine.h").as_uri(),
        (tmp_path / "sub/other.bt").as_uri(),
    ]
    assert [text[slice(*look.lines.span(each.range))] for each in found] == ["mine.h", "sub/other.bt"]
    assert link_at(look, text.index("mine.h")) == '"mine.h"'
    assert link_at(look, text.index("begin")) is None
    assert links(look, None) == []


def test_names_that_are_no_paths_are_nothing(tmp_path: Path) -> None:
    for name in ('""', "<>", '"\0"', f'"{"x" * 5_000}"', '"../../../../etc"'):
        assert included(name, tmp_path / "script.bt") is None


@pytest.mark.asyncio(loop_scope="function")
async def test_a_client_gets_links(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "mine.h").write_text("")
    uri = (tmp_path / "script.bt").as_uri()
    item = t.TextDocumentItem(uri, "bpftrace", 1, '#include "mine.h"\nbegin { }\n')
    client.text_document_did_open(t.DidOpenTextDocumentParams(item))
    found = await client.text_document_document_link_async(
        t.DocumentLinkParams(t.TextDocumentIdentifier(uri))
    )
    assert found
    assert found[0].range == t.Range(t.Position(0, 10), t.Position(0, 16))
