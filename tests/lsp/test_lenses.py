"""Code lenses and what they open: run and stop, hook points, the verifier's words; each by its option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient

from gpttrace.check.policy import DEFAULT
from gpttrace.host import Host
from gpttrace_lsp.document import Document
from gpttrace_lsp.lenses import Now, lenses
from gpttrace_lsp.look import Look, look_at
from gpttrace_lsp.matches import matched, point_at
from gpttrace_lsp.options import Options, read_options
from gpttrace_lsp.positions import Lines
from gpttrace_lsp.verifying import Said

URI = "file:///nowhere/lenses.bt"
TEXT = """#!/usr/bin/env bpftrace
// what runs
tracepoint:sched:* { @ = count(); }
BEGIN { print(1); }
"""


@pytest.fixture
def host(made_host: Callable[..., Host]) -> Host:
    """A host with three tracepoints."""
    events = ("sched:sched_switch", "sched:sched_wakeup", "irq:irq_handler_entry")
    return made_host(tracepoints={each: {"pid": "int"} for each in events})


def seen(text: str, host: Host) -> tuple[Look, Document]:
    lines = Lines(text)
    return look_at(lines, 1, host, DEFAULT), Document(URI, 1, lines)


def told(found: list[t.CodeLens]) -> list[tuple[int, str]]:
    return [(each.range.start.line, each.command.title) for each in found if each.command is not None]


def test_lenses_stand_at_the_top_and_over_wildcards(host: Host) -> None:
    look, document = seen(TEXT, host)
    assert told(lenses(look, document, Options(run_seconds=2.5), Now())) == [
        (1, "▶ run for 2.5 s"),
        (1, "explain"),
        (1, "verify"),
        (2, "2 hook points"),
    ]


@pytest.mark.parametrize(
    ("setting", "gone"),
    [("run", "▶ run for 10 s"), ("explain", "explain"), ("verify", "verify"), ("matches", "2 hook points")],
)
def test_each_has_its_option(host: Host, setting: str, gone: str) -> None:
    look, document = seen(TEXT, host)
    options, problems = read_options({"codeLens": {setting: False}})
    assert problems == []
    every = {title for _, title in told(lenses(look, document, Options(), Now()))}
    assert {title for _, title in told(lenses(look, document, options, Now()))} == every - {gone}


def test_where_nothing_may_run_nothing_is_offered_to(host: Host) -> None:
    look, document = seen(TEXT, host)
    titles = [title for _, title in told(lenses(look, document, Options(), Now(may_run=False)))]
    assert titles == ["explain", "2 hook points"]
    assert lenses(*seen("", host), Options(), Now()) == []


def test_what_the_verifier_said_stands_over_each_probe(host: Host) -> None:
    look, document = seen(TEXT, host)
    said = Said(1, "the verifier accepts all 2 probes")
    titles = told(lenses(look, document, Options(), Now(said=said)))
    assert titles[2] == (1, "verify · the verifier accepts all 2 probes")
    assert [each for each in titles if each[1] == "verifier: accepted"] == [
        (2, "verifier: accepted"), (3, "verifier: accepted"),
    ]  # fmt: skip


def test_hook_points_are_listed_and_the_rest_is_counted(made_host: Callable[..., Host]) -> None:
    many = made_host(tracepoints={f"net:event_{number:03}": {} for number in range(130)})
    look, _ = seen("tracepoint:net:event_*,\ntracepoint:irq:* { @ = count(); }", many)
    point = point_at(look, 3)
    assert point is not None
    lines = matched(point, many).splitlines()
    assert lines[2] == "130 hook points on made."
    assert lines[4] == "- `tracepoint:net:event_000`"
    assert lines[-1] == "- and 30 more"
    other = point_at(look, look.text.index("irq"))
    assert other is not None
    assert "0 hook points" in matched(other, many)
    assert "cannot be told" in matched(point, None)
    assert point_at(look, len(look.text) + 5) is None


@pytest.mark.asyncio
async def test_an_editor_is_given_lenses_and_what_they_open(client: LanguageClient) -> None:
    text = "BEGIN { exit(); }\ntracepoint:sched:* { @ = count(); }\n"
    client.text_document_did_open(t.DidOpenTextDocumentParams(t.TextDocumentItem(URI, "bpftrace", 1, text)))
    found = await client.text_document_code_lens_async(t.CodeLensParams(t.TextDocumentIdentifier(URI)))
    commands: dict[str, Any] = {each.command.command: each.command for each in found or () if each.command}
    assert "gpttrace.explain" in commands
    if (matches := commands.get("gpttrace.matches")) is not None:  # a kernel whose tracepoints are known
        shown = await client.workspace_execute_command_async(
            t.ExecuteCommandParams(matches.command, matches.arguments)
        )
        assert "- `tracepoint:sched:sched_switch`" in str(shown)
    unknown = t.CodeLensParams(t.TextDocumentIdentifier("file:///nowhere/else.bt"))
    assert not await client.text_document_code_lens_async(unknown)
