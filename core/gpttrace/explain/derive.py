"""Derive: an operation carried out over all rows of a table; whole numbers stay exact at any size, what is empty stays empty.

Plain lists: a table keeps its columns so, and sums of 64-bit numbers must not wrap as they would in Arrow's own types.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from statistics import median
from typing import Any

from gpttrace.explain.figures import is_number
from gpttrace.explain.operation import Filter, Operation, column_of, measured_name
from gpttrace.trace.table import Column, ColumnType, Table

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda cell, value: cell < value,
    "<=": lambda cell, value: cell <= value,
    ">": lambda cell, value: cell > value,
    ">=": lambda cell, value: cell >= value,
}


def derive(table: Table, operation: Operation) -> Table:
    """Return a new table; the operation was checked against it (`check_operation`)."""
    rows = matching(table, operation.filters)
    if operation.measure is None:
        made = Table(
            table.name, table.kind, table.columns, [[cells[i] for i in rows] for cells in table.data]
        )
    else:
        made = _measured(table, operation, rows)
    return _cut(made, operation)


def matching(table: Table, filters: Sequence[Filter]) -> Sequence[int]:
    """Return the numbers of the rows that meet all conditions; a missing cell meets none but `!=`."""
    rows: Sequence[int] = range(len(table))
    for each in filters:
        test, cells = _test(each), table.column(each.column)
        rows = [row for row in rows if test(cells[row])]
    return rows


def _test(given: Filter) -> Callable[[Any], bool]:
    values, first = set(given.values), given.values[0]
    if given.op == "==":
        return lambda cell: (
            _plain(cell) in values if not isinstance(cell, list) else any(f in values for f in cell)
        )
    if given.op == "!=":
        return lambda cell: (
            _plain(cell) not in values if not isinstance(cell, list) else all(f not in values for f in cell)
        )
    if given.op in _ORDERED:
        compare = _ORDERED[given.op]
        return lambda cell: is_number(cell) and compare(cell, first)
    begins = given.op == "startswith"

    def holds(cell: Any) -> bool:
        texts = cell if isinstance(cell, list) else [cell]
        return any(
            isinstance(text, str)
            and any(text.startswith(str(v)) if begins else str(v) in text for v in values)
            for text in texts
        )

    return holds


def _plain(cell: Any) -> Hashable:
    return cell if isinstance(cell, Hashable) else str(cell)


def _measured(table: Table, operation: Operation, rows: Sequence[int]) -> Table:
    measure = operation.measure
    assert measure is not None
    keys = [column_of(table, name) for name in operation.group]
    key_cells = [table.column(name) for name in operation.group]
    groups: dict[tuple[Hashable, ...], list[int]] = {}
    if not keys:
        groups[()] = list(rows)
    for row in rows if keys else ():
        groups.setdefault(tuple(_key(cells[row]) for cells in key_cells), []).append(row)
    cells = table.column(measure.column) if measure.column else None
    whole = _whole(table, cells) if measure.how == "share" else 0
    values = [_come_to(measure.how, found, cells, whole) for found in groups.values()]
    column = _column(table, operation, values)
    made = Table(
        table.name,
        "map" if keys else "scalar",
        (*(Column(key.name, key.type, key.unit, "key") for key in keys), column),
        [[cells[found[0]] for found in groups.values()] for cells in key_cells] + [values],
    )
    return made if keys or values[0] is not None else Table(made.name, made.kind, made.columns)


def _key(cell: Any) -> Hashable:
    return tuple(cell) if isinstance(cell, list) else _plain(cell)


def _whole(table: Table, cells: Sequence[Any] | None) -> float:
    return sum(cell for cell in cells if is_number(cell)) if cells is not None else len(table)


def _come_to(how: str, rows: Sequence[int], cells: Sequence[Any] | None, whole: float) -> Any:
    """Return what rows come to; None where there is no number to say it of."""
    if cells is None:
        return len(rows) if how == "count" else (_percent(len(rows), whole) if whole else None)
    found = [cells[row] for row in rows if cells[row] is not None]
    if how in ("count", "distinct"):
        return len(found) if how == "count" else len({_key(cell) for cell in found})
    numbers = [cell for cell in found if is_number(cell)]
    if how == "sum":
        return sum(numbers)
    if how == "share":
        return _percent(sum(numbers), whole) if whole else None
    return _OF_NUMBERS[how](numbers) if numbers else None


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 4)  # more digits than these are noise to a reader


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


_OF_NUMBERS: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": _mean,
    "median": median,
    "min": min,
    "max": max,
}


def _column(table: Table, operation: Operation, values: Sequence[Any]) -> Column:
    measure = operation.measure
    assert measure is not None
    unit = column_of(table, measure.column).unit if measure.column else None
    if measure.how in ("count", "distinct"):
        unit = None
    elif measure.how == "share":
        unit = "%"
    return Column(measured_name(measure, operation.group), _type(values), unit, "value")


def _type(values: Sequence[Any]) -> ColumnType:
    if any(isinstance(value, float) for value in values):
        return "float"
    numbers = [value for value in values if value is not None]
    if all(-(2**63) <= value < 2**63 for value in numbers):
        return "int64"
    # Larger than any type of a table: kept as it is, as JSON can.
    return "uint64" if all(0 <= value < 2**64 for value in numbers) else "json"


def _cut(table: Table, operation: Operation) -> Table:
    if operation.sort is None:
        keep: Sequence[int] = range(len(table))
    else:
        cells = table.column(operation.sort)
        present = [row for row in range(len(table)) if cells[row] is not None]
        present.sort(key=lambda row: _sortable(cells[row]), reverse=operation.descending)
        keep = [*present, *(row for row in range(len(table)) if cells[row] is None)]
    if operation.top is not None:
        keep = keep[: operation.top]
    if operation.sort is None and operation.top is None:
        return table
    return Table(
        table.name, table.kind, table.columns, [[cells[row] for row in keep] for cells in table.data]
    )


def _sortable(cell: Any) -> Any:
    return tuple(map(str, cell)) if isinstance(cell, list) else str(cell) if isinstance(cell, dict) else cell
