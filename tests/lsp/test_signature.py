"""Signature help: which call the cursor is in, which of its forms is meant, and which parameter is written.

Held: for every function that bpftrace has there are parameters, as many as the language's table says.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.host.made import make_host

from gpttrace.check.policy import DEFAULT
from gpttrace.language.parameters import FORMS
from gpttrace.language.reference import AGGREGATIONS, FUNCTIONS
from gpttrace_lsp.completion.place import place_at
from gpttrace_lsp.look import look_at
from gpttrace_lsp.positions import Lines
from gpttrace_lsp.signature import Reader, signature_help

MACRO = "macro scaled($x, @m) { @m = $x }\n"
# Text, the signature that is shown, and the parameter that is marked.
SHOWN = [
    ("BEGIN { printf(|", "printf(format, values…)", "format"),
    ('BEGIN { printf("%d %s\\n", |', "printf(format, %d, %s)", "%d"),
    ('BEGIN { printf("%d %s\\n", pid, co|', "printf(format, %d, %s)", "%s"),
    ('BEGIN { printf("%d %s\\n", pid, str(|', "str(pointer, [length], [unused])", "pointer"),
    ('BEGIN { printf("%d %s\\n", (pid, 1, |', "printf(format, %d, %s)", "%d"),
    ("BEGIN { @a[comm, |", None, None),
    ("BEGIN { @ = lhist(pid, 0, |", "lhist(n, min, max, step)", "max"),
    ("BEGIN { @ = lhist(pid, 0, 10, 1|", "lhist(n, min, max, step)", "step"),
    ("BEGIN { @ = hist(@x[pid, tid], |", "hist(n, [bits])", "[bits]"),
    ("BEGIN { print(@|", "print(map, [top], [divisor])", "map"),
    ("BEGIN { print(pid|", "print(value)", "value"),
    ("BEGIN { print(@x, 5, |", "print(map, [top], [divisor])", "[divisor]"),
    ("BEGIN { kstack(|", "kstack([limit])", "[limit]"),
    ("BEGIN { kstack(perf, |", "kstack([mode], [limit])", "[limit]"),
    ("BEGIN { delete(@x, |", "delete(map, key)", "key"),
    ('BEGIN { strftime("%H, %M", |', "strftime(format, time)", "time"),
    ('BEGIN { strftime("%H, |', "strftime(format, time)", "format"),
    ("tracepoint:a:b /strncmp(comm, |/", "strncmp(a, b, length)", "b"),
    (f"{MACRO}BEGIN {{ scaled(1, |", "scaled($x, @m)", "@m"),
    ("BEGIN { if (|", None, None),
    ("BEGIN { nosuch(|", None, None),
    ("BEGIN { // printf(|", None, None),
    ("BEGIN { exit(); |", None, None),
    ("BEGIN { printf(pid; $x = |", None, None),
    ("tracepoint:sched:|", None, None),
    ("|", None, None),
]


@pytest.mark.parametrize(("text", "label", "active"), SHOWN, ids=[text for text, _, _ in SHOWN])
@pytest.mark.parametrize("places", [True, False])
def test_the_form_and_the_parameter_at_the_cursor(
    text: str, label: str | None, active: str | None, places: bool
) -> None:
    offset = text.index("|")
    plain = text.replace("|", "", 1)
    look = look_at(Lines(plain), 1, None, DEFAULT)
    found = signature_help(place_at(plain, offset), look, None, Reader(places=places))
    if label is None:
        assert found is None
        return
    assert found is not None
    assert found.active_signature is not None
    assert found.active_parameter is not None
    shown = found.signatures[found.active_signature]
    assert shown.label == label
    assert shown.parameters is not None
    marked = shown.parameters[found.active_parameter].label
    assert (marked if isinstance(marked, str) else label[slice(*marked)]) == active


def test_every_function_has_as_many_parameters_as_the_table_says() -> None:
    for each in (*FUNCTIONS.values(), *AGGREGATIONS.values()):
        if each.name in ("config",):
            continue
        forms = FORMS[each.name]
        least = min(sum(not one.optional and not one.more for one in form) for form in forms)
        most = max(-1 if any(one.more for one in form) else len(form) for form in forms)
        if each.most >= 0:
            assert most == each.most, each.name
        else:
            assert any(one.more for form in forms for one in form), each.name
        assert least == each.least, each.name


def test_what_this_bpftrace_does_not_have_is_said(tmp_path: Path) -> None:
    host = make_host(tmp_path, version=(0, 17, 0))
    text = "BEGIN { strlen("
    found = signature_help(place_at(text, len(text)), None, host)
    assert found is not None
    assert "Since bpftrace 0.24, not here." in str(found.signatures[0].documentation)


@pytest.mark.asyncio
async def test_the_server_shows_the_parameters(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "a.bt").as_uri()
    text = 'BEGIN { printf("😀 %d %s\\n", pid, '
    client.text_document_did_open(t.DidOpenTextDocumentParams(t.TextDocumentItem(uri, "bpftrace", 1, text)))
    place = t.Position(0, len(text) + 1)  # the face is two units
    found = await client.text_document_signature_help_async(
        t.SignatureHelpParams(t.TextDocumentIdentifier(uri), place)
    )
    assert found is not None
    assert (found.signatures[0].label, found.active_parameter) == ("printf(format, %d, %s)", 2)
