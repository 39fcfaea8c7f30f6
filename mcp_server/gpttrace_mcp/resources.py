"""Resources: whole runs (JSON, CSV), the language reference, the catalogue of events, and examples; their names complete."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.types import (
    Annotations,
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from gpttrace.cli.text import printable
from gpttrace.errors import GpttraceError
from gpttrace.trace import Result, Table
from gpttrace_mcp import reference
from gpttrace_mcp.state import App, app_of
from gpttrace_mcp.tables import DATA_NOTE, clean_text

LARGEST = 8 << 20  # characters: what a client can be expected to take
MOST_NAMES = 100
RUN, CSV = "trace://runs/{run_id}", "trace://runs/{run_id}/{table}.csv"
LANGUAGE, EVENT, EXAMPLE = (
    "gpttrace://language/{name}",
    "gpttrace://events/{name}",
    "gpttrace://examples/{name}",
)
FOR_MODELS = Annotations(audience=["assistant"], priority=0.5)


async def run_as_json(run_id: str, ctx: Context[App]) -> str:
    """A kept run: program, findings, all rows of all tables, words. Texts of the traced machine are cleaned, not shortened."""
    return await app_of(ctx).in_thread(_json, await _loaded(ctx, run_id))


async def table_as_csv(run_id: str, table: str, ctx: Context[App]) -> str:
    """One table of a kept run, all its rows, as CSV (RFC 4180) with a header."""
    result = await _loaded(ctx, run_id)
    found = next((each for each in result.tables if each.name == table), None)
    if found is None:
        names = clean_text(", ".join(each.name for each in result.tables), 400)
        raise ResourceNotFoundError(
            f"run {result.run_id} has no table {clean_text(table, 60)!r}; it has {names}"
        )
    return _bounded(await app_of(ctx).in_thread(lambda: _clean(found).to_csv()), result.run_id)


async def _loaded(ctx: Context[App], run_id: str) -> Result:
    app = app_of(ctx)
    tracing = app.tracings.find(run_id)
    if tracing is not None and tracing.running:
        raise ResourceError("this trace is still running: the tool read shows what it has so far")
    try:
        return await app.in_thread(app.store.load, tracing.run_id if tracing is not None else run_id)
    except GpttraceError as error:
        raise ResourceNotFoundError(clean_text(error.message, 300)) from None


def _json(result: Result) -> str:
    from gpttrace.check.report import finding_json
    from gpttrace.language import parse

    tree = parse(result.program)
    whole: dict[str, Any] = {
        "note": DATA_NOTE,
        "question": result.question,
        "program": result.program,
        "findings": [finding_json(each, tree, None) for each in result.findings],
        **result.to_json(),
        "tables": [_clean(each).to_json() for each in result.tables],
        "output": [printable(line.rstrip("\n")) for line in result.output],
        "explanation": None
        if result.explanation is None
        else "\n".join(map(printable, result.explanation.split("\n"))),
    }
    return _bounded(json.dumps(whole, ensure_ascii=False, separators=(",", ":")), result.run_id)


def _bounded(text: str, run_id: str) -> str:
    if len(text) > LARGEST:
        raise ResourceError(
            f"this is {len(text) >> 20} MiB, too much for one reply: read pages it (table, where, top, offset); "
            f"on the machine itself: gpttrace runs show {run_id} -o FILE.csv"
        )
    return text


def _clean(table: Table) -> Table:
    return Table(
        table.name, table.kind, table.columns, [[_cell(value) for value in column] for column in table.data]
    )


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    return [_cell(each) for each in value] if isinstance(value, list | tuple) else value


# ------------------------------------------------------------------------------- language and catalogue


def language_index() -> str:
    """What there is to look up of the bpftrace language."""
    return reference.index()


def language(name: str) -> str:
    """A builtin, function, aggregation, probe kind or setting of bpftrace, or one of the lists: probes, functions …"""
    return _known(reference.entry(name), "language", name, reference.names())


def events_index() -> str:
    """All events of the catalogue, each with one line."""
    return reference.events()


def event(name: str) -> str:
    """One event of the catalogue: what people call it, its fields with units, its hook points in order of preference."""
    return _known(reference.event(name), "events", name, reference.event_names())


async def example(name: str, ctx: Context[App]) -> str:
    """The whole source of one example program."""
    from gpttrace.index.face import named
    from gpttrace.index.places import find_places

    app = app_of(ctx)
    found = await app.in_thread(named, name, find_places(app.settings))
    programs = [each.program for each in found if each.program]
    return _known(programs[0] if programs else None, "examples", name, ())


def _known(text: str | None, what: str, name: str, names: Iterable[str]) -> str:
    if text is None:
        from difflib import get_close_matches

        near = get_close_matches(name, list(names), n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise ResourceNotFoundError(f"gpttrace://{what} has no {clean_text(name, 60)!r}{hint}")
    return text


# ------------------------------------------------------------------------------------------ completion


async def complete(
    ref: PromptReference | ResourceTemplateReference,
    argument: CompletionArgument,
    context: CompletionContext | None,
) -> Completion | None:
    """Complete the names in resource templates."""
    if not isinstance(ref, ResourceTemplateReference) or argument.name != "name":
        return None
    known = {LANGUAGE: reference.names, EVENT: reference.event_names}.get(ref.uri)
    if known is None:
        return None
    typed = argument.value.lower()
    names = sorted(known())
    found = [name for name in names if name.lower().startswith(typed)]
    found += [name for name in names if typed in name.lower() and name not in found]
    return Completion(values=found[:MOST_NAMES], total=len(found), has_more=len(found) > MOST_NAMES)


def register(server: MCPServer[App]) -> None:
    """Add the resources and their completion to a server."""
    text, as_json = "text/plain", "application/json"
    for uri, title, kind, read in (
        (RUN, "Run", as_json, run_as_json),
        (CSV, "Table of a run", "text/csv", table_as_csv),
        ("gpttrace://language", "bpftrace language", text, language_index),
        (LANGUAGE, "Word of the bpftrace language", text, language),
        ("gpttrace://events", "Events", text, events_index),
        (EVENT, "Event", text, event),
        (EXAMPLE, "Example program", text, example),
    ):
        server.resource(
            uri,
            name=read.__name__,
            title=title,
            description=read.__doc__,
            mime_type=kind,
            annotations=FOR_MODELS,
        )(read)
    server.completion()(complete)  # type: ignore[no-untyped-call] # of the SDK
