"""Tables and findings as plain text for a terminal or a pipe: under 80 columns, nothing in it that a terminal obeys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gpttrace.language import Finding, Source
from gpttrace.trace.table import Column, Table

WIDTH = 79
MOST_ROWS = 20
_BAR = 32
_MOST_FRAMES = 12
_REST = " (all of them: --json, or -o FILE.csv)"


def printable(text: str) -> str:
    """Return `text` with everything that is not printable shown as an escape: a traced name must not drive the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def plural(number: int, word: str) -> str:
    """Return `1 row`, `2,000 rows`."""
    return f"{number:,} {word}{'s' if number != 1 else ''}"


def _escape(char: str) -> str:
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
    code = ord(char)
    return known.get(char) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def table_text(
    table: Table, *, width: int = WIDTH, most_rows: int | None = MOST_ROWS, rest: str = _REST
) -> str:
    """Render one table with its title; `most_rows` of None shows everything, `rest` says where rows that are left out are."""
    if table.kind == "scalar" and len(table) == 1 and len(table.columns) == 1:
        return f"{table.name}: {cell(table.data[0][0])}"
    if not len(table):
        return f"{table.name}: no rows"
    if table.kind == "hist":
        body = _histogram(table, rest)
    elif any(column.type == "stack" for column in table.columns):
        body = _stacks(table, most_rows, rest)
    else:
        body = _grid(table, width, most_rows, rest)
    return "\n".join([_title(table), *body])


def _title(table: Table) -> str:
    # A histogram's buckets are labels, not a column with a head: its unit stands in the title.
    unit = next((column.unit for column in table.columns if column.role == "bucket" and column.unit), None)
    return f"{table.name} ({unit})" if unit else table.name


def cell(value: Any) -> str:
    """Render one value: integers in full, times to the millisecond, text made printable."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, datetime):
        return value.strftime("%H:%M:%S.%f")[:-3]
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, list | dict | tuple):
        return printable(json.dumps(value, ensure_ascii=False, default=str))
    return str(value)


def is_number(column: Column) -> bool:
    """Tell whether a column holds numbers, which stand to the right."""
    return column.type in ("int64", "uint64", "float")


def _heads(table: Table) -> list[str]:
    return [f"{column.name} ({column.unit})" if column.unit else column.name for column in table.columns]


def _sorted_rows(table: Table) -> list[tuple[Any, ...]]:
    rows = list(table.rows())
    values = [i for i, column in enumerate(table.columns) if column.role == "value" and is_number(column)]
    if table.kind == "map" and values:
        place = values[0]
        rows.sort(key=lambda row: row[place] if row[place] is not None else -1, reverse=True)
    return rows


def _grid(table: Table, width: int, most_rows: int | None, rest: str) -> list[str]:
    rows = _sorted_rows(table)
    shown = rows if most_rows is None else rows[:most_rows]
    numeric = [is_number(column) for column in table.columns]
    lines = align([_heads(table), *[[cell(value) for value in row] for row in shown]], numeric, width)
    return lines + _more(len(rows) - len(shown), rest)


def align(cells: Sequence[Sequence[str]], numeric: Sequence[bool], width: int) -> list[str]:
    """Lay out rows in columns: numbers to the right, text to the left and shortened where the line would be too long."""
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    spare = width - 2 - sum(widths) - 2 * (len(widths) - 1)
    while spare < 0:
        wide = max((i for i in range(len(widths)) if not numeric[i]), key=lambda i: widths[i], default=None)
        if wide is None or widths[wide] <= 8:
            break
        cut = min(-spare, widths[wide] - 8)
        widths[wide] -= cut
        spare += cut
    return [_line(row, widths, numeric) for row in cells]


def _line(row: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    parts = []
    for text, width, number in zip(row, widths, numeric, strict=True):
        shown = text if len(text) <= width else text[: width - 1] + "…"
        parts.append(shown.rjust(width) if number else shown.ljust(width))
    return ("  " + "  ".join(parts)).rstrip()


def _more(hidden: int, rest: str) -> list[str]:
    return [f"  … and {hidden} more rows{rest}"] if hidden > 0 else []


def _histogram(table: Table, rest: str) -> list[str]:
    keys = [i for i, column in enumerate(table.columns) if column.role == "key" or column.role == "time"]
    low, high, count = (table.names.index(name) for name in ("low", "high", "count"))
    groups: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in table.rows():
        groups.setdefault(tuple(cell(row[i]) for i in keys), []).append(row)
    unit = table.columns[low].unit
    lines: list[str] = []
    ordered = sorted(groups.items(), key=lambda item: -sum(row[count] for row in item[1]))
    for key, rows in ordered[:MOST_ROWS]:
        if key:
            lines.append("  " + ", ".join(key))
        lines += _bars([(row[low], row[high], row[count]) for row in rows], unit)
    return lines + _more(len(ordered) - MOST_ROWS, rest)


def _bars(buckets: list[tuple[Any, Any, int]], unit: str | None) -> list[str]:
    labels = [_interval(low, high, unit) for low, high, _ in buckets]
    most = max(count for _, _, count in buckets) or 1
    wide, digits = max(map(len, labels)), max(len(str(count)) for _, _, count in buckets)
    return [
        f"    {label:<{wide}}  {count:>{digits}} |{'@' * round(_BAR * count / most):<{_BAR}}|"
        for label, (_, _, count) in zip(labels, buckets, strict=True)
    ]


def _interval(low: Any, high: Any, unit: str | None) -> str:
    # The table's `high` is the largest value in the bucket; people know bpftrace's half-open `[4K, 8K)`.
    if low is None:
        return f"< {quantity(high + 1, unit)}"
    if high is None:
        return f">= {quantity(low, unit)}"
    if high == low:
        return quantity(low, unit)
    return f"[{quantity(low, unit)}, {quantity(high + 1, unit)})"


def quantity(value: int, unit: str | None) -> str:
    """Render a bucket's edge shortly where that is exact: `4K` for 4096; nanoseconds stay in full."""
    if unit != "ns":
        for power, letter in ((30, "G"), (20, "M"), (10, "K")):
            if value and value % (1 << power) == 0:
                return f"{value >> power}{letter}"
    return str(value)


def _stacks(table: Table, most_rows: int | None, rest: str) -> list[str]:
    rows = _sorted_rows(table) if table.kind == "map" else sorted(table.rows(), key=_weight, reverse=True)
    shown = rows if most_rows is None else rows[:most_rows]
    lines: list[str] = []
    for row in shown:
        frames = [value for value, column in zip(row, table.columns, strict=True) if column.type == "stack"]
        others = [
            f"{column.name} {cell(value)}"
            for value, column in zip(row, table.columns, strict=True)
            if column.type != "stack"
        ]
        lines.append("  " + ", ".join(others))
        for stack in frames:
            lines += [
                f"      {printable(str(frame))}"[:WIDTH] for frame in (stack or ["(no stack)"])[:_MOST_FRAMES]
            ]
            if len(stack or []) > _MOST_FRAMES:
                lines.append(f"      … {len(stack) - _MOST_FRAMES} more frames")
    return lines + _more(len(rows) - len(shown), rest)


def _weight(row: tuple[Any, ...]) -> int:
    return max((value for value in row if isinstance(value, int)), default=0)


def finding_text(finding: Finding, source: Source, name: str) -> str:
    """Render a finding as compilers do: place, severity, message, the line with a mark under it, the hint."""
    if finding.end == 0:  # about the whole program: bpftrace named no place
        hint = f"\n    hint: {finding.hint}" if finding.hint else ""
        return f"{name}: {finding.severity}: {printable(finding.message)}{hint}"
    line, column = source.line_column(finding.start)
    head = f"{name}:{line}:{column}: {finding.severity}: {printable(finding.message)}"
    start = source.line_start(line)
    end = source.text.find("\n", start)
    whole = source.text[start : end if end >= 0 else len(source.text)]
    length = max(1, min(finding.end, start + len(whole)) - finding.start)
    lead = "".join("\t" if char == "\t" else " " for char in whole[: column - 1])
    parts = [head]
    if len(whole) <= 200:
        parts += [f"    {printable(whole.expandtabs(4))}", f"    {lead.expandtabs(4)}{'^' * length}"]
    if finding.hint:
        parts.append(f"    hint: {finding.hint}")
    return "\n".join(parts)
