"""Inlay hints: types, units and matches, each by its option, in the asked range; on a made host, and over the real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.lsp.looks import look_of
from tests.lsp.wire import Wire

from gpttrace.host import Host
from gpttrace_lsp.hints import matches_told, measured, names_matched, types_told, units_told
from gpttrace_lsp.look import Look

EVERYTHING = (Path(__file__).parent / "data" / "everything.bt").read_text(encoding="utf-8")


@pytest.fixture
def host(made_host: Callable[..., Host]) -> Host:
    """A host with two disk tracepoints."""
    return made_host(
        tracepoints={
            "block:block_rq_issue": {"bytes": "unsigned int"},
            "block:block_rq_complete": {"dev": "dev_t"},
        }
    )


def shown(look: Look, hints: list[t.InlayHint]) -> str:
    """Return the text with the hints in it, as `‹: uint64›`."""
    text = look.text
    for hint in sorted(hints, key=lambda each: look.lines.offset(each.position), reverse=True):
        at = look.lines.offset(hint.position)
        text = f"{text[:at]}‹{hint.label}›{text[at:]}"
    return text


TYPES = [
    "begin { $x‹: uint64› = nsecs; $x = 5; print($x); }",
    "begin { let $x: uint32 = 5; let $y‹: string› = comm; }",
    "begin { @m[comm] = 5; for ($kv‹: (string, int64)› : @m) { print($kv.0); } }",
    "begin { $u = args.nothing; }",
]
UNITS = [
    "begin { @start = nsecs; } end { @t = hist(nsecs - @start‹ns›); }",
    'begin { $d = elapsed; printf("%d", $d‹ns›); }',
    'begin { printf("%d", nsecs); }',
    'begin { $ns = elapsed; printf("%d %s", $ns, comm); }',
    "tracepoint:block:block_rq_issue { @b = sum(args.bytes); @c = count(); }",
]
MATCHES = [
    "tracepoint:block:block_*‹2 hook points› { }",
    "tracepoint:block:block_rq_i*‹1 hook point›, tracepoint:block:block_rq_issue { }",
    "tracepoint:nothing:*‹0 hook points› { }",
    "uprobe:/nowhere:* { }",
    "profile:hz:99 { }",
]


def bare(text: str) -> str:
    """Return a text without its hints."""
    while "‹" in text:
        text = text[: text.index("‹")] + text[text.index("›") + 1 :]
    return text


@pytest.mark.parametrize("text", TYPES)
def test_types_stand_at_the_first_assignment(text: str, host: Host) -> None:
    look = look_of(bare(text), host)
    assert shown(look, list(types_told(look, 0, len(look.text)))) == text


@pytest.mark.parametrize("text", UNITS)
def test_units_stand_behind_what_does_not_tell_them(text: str, host: Host) -> None:
    look = look_of(bare(text), host)
    assert shown(look, units_told(look, list(measured(look, 0, len(look.text))))) == text


def test_a_field_has_the_unit_of_the_catalogue(made_host: Callable[..., Host]) -> None:
    host = made_host(tracepoints={"syscalls:sys_exit_read": {"ret": "long"}})
    look = look_of("tracepoint:syscalls:sys_exit_read { @a = sum(args.ret); }", host)
    found = units_told(look, list(measured(look, 0, len(look.text))))
    assert [each.label for each in found] == ["bytes"]


@pytest.mark.parametrize("text", MATCHES)
def test_a_pattern_tells_how_much_it_matches(text: str, host: Host) -> None:
    look = look_of(bare(text), host)
    assert shown(look, matches_told(look, 0, len(look.text))) == text


def test_the_names_are_told_when_asked_for(host: Host) -> None:
    look = look_of("tracepoint:block:* { }", host)
    hint = matches_told(look, 0, 5)[0]
    assert names_matched(host, hint.data) == "block:block_rq_complete\nblock:block_rq_issue"


def test_only_the_asked_range_is_told(host: Host) -> None:
    look = look_of("begin { $x = 5; }\nend { $y = 5; }\n", host)
    start = look.text.index("end")
    assert (
        shown(look, list(types_told(look, start, start + 1)))
        == "begin { $x = 5; }\nend { $y‹: int64› = 5; }\n"
    )


def test_no_cut_text_is_a_fault(host: Host) -> None:
    for stop in range(0, len(EVERYTHING), 7):
        look = look_of(EVERYTHING[:stop], host)
        end = len(look.text)
        list(types_told(look, 0, end))
        units_told(look, list(measured(look, 0, end)))
        matches_told(look, 0, end)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_client_gets_the_hints_that_it_set(client: LanguageClient) -> None:
    uri = "file:///hints.bt"
    text = 'begin { $d = elapsed; printf("%d", $d); }\n'
    client.text_document_did_open(t.DidOpenTextDocumentParams(t.TextDocumentItem(uri, "bpftrace", 1, text)))
    asked = t.InlayHintParams(t.TextDocumentIdentifier(uri), t.Range(t.Position(0, 0), t.Position(1, 0)))
    found = await client.text_document_inlay_hint_async(asked)
    assert found is not None
    assert [each.label for each in found] == [": uint64", "ns"]
    client.set_configuration({"inlayHints": {"types": False}}, section="gpttrace")
    client.workspace_did_change_configuration(t.DidChangeConfigurationParams(settings={}))
    await client.wait_for_notification(t.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    found = await client.text_document_inlay_hint_async(asked)
    assert found is not None
    assert [each.label for each in found] == ["ns"]


def test_changed_settings_have_the_hints_asked_for_anew(wired: Callable[..., Wire]) -> None:
    wire = wired()
    wire.begin(capabilities={"workspace": {"configuration": True, "inlayHint": {"refreshSupport": True}}})
    wire.until(lambda each: each.get("method") == "workspace/inlayHint/refresh")
    wire.settings = {"inlayHints": {"types": False}}
    wire.tell("workspace/didChangeConfiguration", {"settings": None})
    wire.until(lambda each: each.get("method") == "workspace/inlayHint/refresh")
    uri = "file:///hints.bt"
    wire.open(uri, "begin { $x = nsecs; print($x); }")
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    found = wire.ask("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": whole})
    assert [each["label"] for each in found] == ["ns"]


def test_the_names_of_a_pattern_are_told_on_resolving(
    wired: Callable[..., Wire], host: Host, tmp_path: Path
) -> None:
    path = next(tmp_path.glob("*.host"))
    wire = wired()
    wire.settings = {"hostFile": str(path)}
    wire.begin(capabilities={"workspace": {"configuration": True}})
    wire.until(lambda each: each.get("method") == "workspace/configuration")
    uri = "file:///hints.bt"
    wire.open(uri, "tracepoint:block:block_* { }")
    wire.diagnostics(uri)
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    found = wire.ask("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": whole})
    assert [each["label"] for each in found] == ["2 hook points"]
    told = wire.ask("inlayHint/resolve", found[0])
    assert told["tooltip"] == "block:block_rq_complete\nblock:block_rq_issue"
