"""The result of a run as one Markdown document, for clients that have no panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gpttrace_lsp.running.tables import MOST_ROWS, buckets

if TYPE_CHECKING:
    from gpttrace.trace import Result, Table

_BAR = 40


def result_markdown(result: Result) -> str:
    """Return how a run ended, its words, its tables and its warnings."""
    lines = ["# Result", "", escaped(result.reason)]
    lines += [f"Run `{result.run_id}`, {result.took:.1f} s, {result.rows:,} rows, {result.lost:,} lost."]
    if result.explanation:
        lines += ["", *(f"- {escaped(line)}" for line in result.explanation.splitlines())]
    lines += [line for each in result.warnings for line in ("", f"Warning: {escaped(each)}")]
    for table in result.tables:
        lines += ["", f"## `{table.name}`", "", *_table(table)]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> list[str]:
    shown = table.ranked()
    if table.kind == "hist":
        return _bars(shown)
    heads = [_head(column.name, column.unit) for column in table.columns]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for at, row in enumerate(shown.rows()):
        if at == MOST_ROWS:
            return [*lines, "", f"{len(table) - MOST_ROWS:,} more rows: `gpttrace runs show` has them all."]
        lines.append(_row([_cell(value) for value in row]))
    return lines


def _bars(table: Table) -> list[str]:
    keys = [table.data[at] for at, column in enumerate(table.columns) if column.role == "key"]
    lines = [_row(["bucket", "count", ""]), _row(["---", "---:", "---"])]
    last = None
    for at, bar in enumerate(buckets(table)[:MOST_ROWS]):
        key = ", ".join(_cell(column[at]) for column in keys)
        if key and key != last:
            lines.append(_row([f"**{key}**", "", ""]))
            last = key
        lines.append(_row([escaped(bar["label"]), f"{bar['count']}", "█" * round(_BAR * bar["share"])]))
    return lines


def _head(name: str, unit: str | None) -> str:
    return escaped(f"{name} ({unit})" if unit else name)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_cell(each) for each in value)
    return "" if value is None else escaped(str(value))


def escaped(text: str) -> str:
    """Return text of the traced world as Markdown that only shows it: no link, no picture, no markup, one line."""
    plain = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    safe = "".join(f"\\{char}" if char in "\\`*_[]<>#!|~&" else char for char in plain)
    return safe.replace("://", ":\\/\\/")
