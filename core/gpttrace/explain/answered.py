"""Answered: a derived table in a sentence that is computed from it; what can be asked, when a question was not understood."""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.explain.amounts import amount, shown
from gpttrace.explain.figures import base_of
from gpttrace.explain.operation import NUMERIC, Filter, Operation, column_of
from gpttrace.trace.table import Column, Table

_OPS = {
    "==": "is", "!=": "is not", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least",
    "startswith": "starts with", "contains": "contains",
}  # fmt: skip
_HOW = {
    "count": "number",
    "distinct": "number of different values",
    "mean": "average",
    "min": "smallest",
    "max": "largest",
}
_MOST_NAMED = 6


def sentence_of(operation: Operation, table: Table, made: Table) -> str:
    """Return what was derived, in one sentence with the exact numbers."""
    where = " and ".join(_condition(each, table) for each in operation.filters)
    suffix = f", only where {where}" if where else ""
    if operation.measure is None:
        return _rows(operation, table, made, where)
    what = _measured(operation)
    if operation.group:
        groups = f"{len(made):,} row{'s' if len(made) != 1 else ''}"
        cut = ", the first of them by " + str(operation.sort) if operation.top is not None else ""
        return f"{what} by {' and '.join(operation.group)}{suffix}: {groups}{cut}."
    if not len(made):
        return f"{what}{suffix}: there is no row to say it of."
    return f"{what}{suffix}: {value_text(made.data[-1][0], made.columns[-1])}."


def value_text(value: object, column: Column) -> str:
    """Return one number with its unit; a share with two digits behind the point."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return shown(value)
    if column.unit == "%":
        return f"{value:.2f} %" if isinstance(value, float) else f"{value} %"
    kind, factor = base_of(column)
    if kind in ("ns", "bytes"):
        scaled = value * factor
        return amount(int(scaled) if scaled == int(scaled) else scaled, kind)
    return amount(value, column.unit)


def _measured(operation: Operation) -> str:
    measure = operation.measure
    assert measure is not None
    if measure.column is None:
        return "Number of rows" if measure.how == "count" else "Share of the rows"
    if measure.how == "share":
        return f"Share of the whole {measure.column}"
    how = _HOW.get(measure.how, measure.how)
    return (
        f"{how[0].upper()}{how[1:]} of {measure.column}"
        if measure.how in ("count", "distinct")
        else f"{how[0].upper()}{how[1:]} {'of ' if measure.how == 'sum' else ''}{measure.column}"
    )


def _rows(operation: Operation, table: Table, made: Table, where: str) -> str:
    whole = f"{len(table):,} row{'s' if len(table) != 1 else ''} of {table.name}"
    if not len(table):
        return f"{table.name} has no rows."
    if where and not len(made):
        return f"None of the {whole} has it: {where}."
    order = ""
    if operation.sort is not None:
        order = f", by {operation.sort}, the {'largest' if operation.descending else 'smallest'} first"
    return f"{len(made):,} of the {whole}{f', where {where}' if where else ''}{order}."


def _condition(given: Filter, table: Table) -> str:
    column = column_of(table, given.column)
    values = [
        value_text(value, column) if column.type in NUMERIC and column.unit else shown(value)
        for value in given.values[:_MOST_NAMED]
    ]
    if len(given.values) > _MOST_NAMED:
        values.append(f"{len(given.values) - _MOST_NAMED} more")
    return f"{given.column} {_OPS[given.op]} {' or '.join(values)}"


def can_be_asked(tables: Sequence[Table]) -> str:
    """Return what the tables can be asked for, with their own columns."""
    if not tables:
        return "There are no tables."
    named = "; ".join(f"{table.name} ({', '.join(table.names)})" for table in tables[:4])
    return (
        f"The tables hold {named}. Ask for rows by a value (`only NAME`, `more than 1 MB`), the top or bottom N by a column, the "
        "sum, average, median or share of a column, also by another column, or how many different values there are."
    )
