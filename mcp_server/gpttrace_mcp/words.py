"""A reply as text, for clients that give a model only that: it stands alone, says all that the structure says, and is short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from gpttrace.model.fence import fenced
from gpttrace_mcp.budget import MOST_OF_AN_ERROR, MOST_TOKENS, compact, within
from gpttrace_mcp.shapes import ERRORS, FindingPart, Part, Reply, TablePart

_SAID = frozenset(
    ("status", "summary", "warnings", "hint", "next", "tables", "findings", "data_note", "resource")
)
_WHOLE = frozenset(("program", "explanation", "output", "example"))


def text_of(reply: Reply) -> str:
    """Return the whole reply as text."""
    lines = list(_lines(reply))
    return within("\n".join(lines), MOST_OF_AN_ERROR if reply.status in ERRORS else MOST_TOKENS)


def _lines(reply: Reply) -> Iterator[str]:
    yield f"{reply.status}: {reply.summary}" if reply.status != "ok" else reply.summary
    if reply.hint:
        yield f"hint: {reply.hint}"
    yield from (f"warning: {each}" for each in reply.warnings)
    yield from map(_finding, getattr(reply, "findings", ()))
    for name in type(reply).model_fields:
        value = getattr(reply, name)
        if name in _SAID or not value:
            continue
        yield from _whole(name, value) if name in _WHOLE else _other(name, value)
    tables = getattr(reply, "tables", ())
    if tables:
        # One fence around them all: what a cell holds cannot end it.
        yield reply.data_note if hasattr(reply, "data_note") else ""
        yield fenced("\n".join(line for table in tables for line in _table(table)), "tables", most=60_000)
    if resource := getattr(reply, "resource", ""):
        yield f"whole result: {resource}"
    yield from (f"next: {each}" for each in reply.next)


def _whole(name: str, value: str) -> Iterator[str]:
    yield f"{name}:"
    yield value


def _other(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, list) and value and isinstance(value[0], Part):
        yield f"{name}:"
        yield from (f"  {_part(each)}" for each in value)
    elif isinstance(value, list):
        yield f"{name}: {'; '.join(map(str, value))}"
    else:
        yield f"{name}: {value}"


def _part(part: BaseModel) -> str:
    known = part.model_dump(mode="json", exclude_defaults=True)
    return " · ".join(
        f"{name} {each if isinstance(each, str | int | float) else compact(each)}" if place else str(each)
        for place, (name, each) in enumerate(known.items())
    )


def _finding(finding: FindingPart) -> str:
    hint = f" (hint: {finding.hint})" if finding.hint else ""
    return f"{finding.line}:{finding.column}: {finding.severity}: {finding.message}{hint} [{finding.code}]"


def _table(table: TablePart) -> Iterator[str]:
    place = (
        f"rows {table.offset + 1} to {table.offset + len(table.rows)} of {table.total}"
        if table.rows
        else "no rows"
    )
    yield f"{table.name} ({table.kind}, {place})"
    if table.rows:
        yield " | ".join(f"{each.name} ({each.unit})" if each.unit else each.name for each in table.columns)
    yield from (" | ".join(map(_cell, row)) for row in table.rows)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else compact(value)
