"""The tables of a result as a prompt shows them: columns, what each comes to over all rows, the largest rows, a bounded sample.

Everything here was seen in the traced world; the caller puts it into a fence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from gpttrace.explain.amounts import shown
from gpttrace.explain.figures import adds_up, is_number, stat_of
from gpttrace.explain.labels import Labels
from gpttrace.trace.table import Column, Table, plain

MOST_TABLES = 6
MOST_COLUMNS = 16
_LARGEST = 8
_SAMPLE = 12


def summary_of(tables: Sequence[Table], labels: Labels) -> str:
    """Return what the tables hold, within some thousand characters however many rows there are."""
    told = [_table(table, labels) for table in tables[:MOST_TABLES]]
    if len(tables) > MOST_TABLES:
        told.append(f"{len(tables) - MOST_TABLES} more tables are not shown.")
    return "\n\n".join(told) or "no tables"


def columns_of(table: Table) -> str:
    """Return a table's columns on a line each: name, type, unit, role, what it comes to."""
    return "\n".join(
        _column(table, column, table.data[index]) for index, column in enumerate(table.columns[:MOST_COLUMNS])
    )


def _table(table: Table, labels: Labels) -> str:
    lines = [f"table {json.dumps(table.name)}, kind {table.kind}, {len(table):,} rows", columns_of(table)]
    if len(table):
        lines += [
            "rows (row number: cells in the order of the columns), the largest first, then from all over the table:"
        ]
        lines += [_row(table, labels, row) for row in _chosen(table)]
    return "\n".join(lines)


def _column(table: Table, column: Column, cells: Sequence[Any]) -> str:
    text = f"- {column.name}: {column.type}, unit {column.unit or 'none'}, {column.role}"
    numbers = [cell for cell in cells if is_number(cell)]
    if column.type in ("int64", "uint64", "float") and numbers and column.role != "key":
        names = (*(("sum",) if adds_up(table, column) else ()), "min", "median", "p99", "max")
        return text + "; " + ", ".join(f"{name} {stat_of(name, numbers):g}" if isinstance(stat_of(name, numbers), float)
                                       else f"{name} {stat_of(name, numbers)}" for name in names)  # fmt: skip
    if column.type in ("string", "int64", "uint64"):
        return text + f"; {len(set(cells)):,} different"
    return text


def _chosen(table: Table) -> Iterable[int]:
    values = [
        i for i, c in enumerate(table.columns) if c.role == "value" and c.type in ("int64", "uint64", "float")
    ]
    totals = [i for i in values if table.columns[i].name == "total"]
    best = next(reversed(totals or values), None)
    largest: list[int] = []
    if best is not None and table.kind != "events":
        cells = table.data[best]
        largest = sorted(range(len(table)), key=lambda i: -cells[i] if is_number(cells[i]) else 0)[:_LARGEST]
    step = max(1, len(table) // _SAMPLE)
    return list(dict.fromkeys([*largest, *range(0, len(table), step)]))[: _LARGEST + _SAMPLE]


def _row(table: Table, labels: Labels, row: int) -> str:
    cells = []
    for index in range(min(len(table.columns), MOST_COLUMNS)):
        cell = table.data[index][row]
        told = cell if is_number(cell) or cell is None else shown(plain(cell))
        named = labels.text(table, index, cell) if isinstance(cell, int) else ""
        cells.append(
            f"{told} ({named})"
            if named and named not in (str(cell), str(told))
            else json.dumps(told, ensure_ascii=False)
        )
    return f"{row + 1}: " + ", ".join(cells)
