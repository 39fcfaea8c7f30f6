"""Operation: the small set of things that are derived from a finished table, as a value: filter, group, measure, sort, top.

The offline reader and a model both make it; `read_operation` holds it against the tables' columns, `derive` carries it out.
No text is ever evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from gpttrace.errors import UsageError
from gpttrace.explain.figures import adds_up
from gpttrace.trace.table import Column, Table

Comparison = Literal["==", "!=", "<", "<=", ">", ">=", "startswith", "contains"]
How = Literal["count", "sum", "mean", "median", "min", "max", "distinct", "share"]
NUMERIC = ("int64", "uint64", "float")
_MOST_PARTS = 12


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows whose cell compares so; several values mean any of them. Numbers are in the column's own unit."""

    column: str
    op: Comparison
    values: tuple[int | float | str | bool, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """What rows come to; without a column the rows themselves are counted."""

    how: How
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """What to derive from one table, in this order; `sort` names a column of what came out so far."""

    table: str
    filters: tuple[Filter, ...] = ()
    group: tuple[str, ...] = ()
    measure: Measure | None = None
    sort: str | None = None
    descending: bool = True
    top: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of an operation, which `read_operation` reads."""
        return {
            "table": self.table,
            "filter": [
                {
                    "column": f.column,
                    "op": f.op,
                    "value": list(f.values) if len(f.values) != 1 else f.values[0],
                }
                for f in self.filters
            ],
            "group": list(self.group),
            "measure": {"column": self.measure.column, "how": self.measure.how} if self.measure else None,
            "sort": {"column": self.sort, "descending": self.descending} if self.sort else None,
            "top": self.top,
        }


def read_operation(given: Any, tables: Sequence[Table]) -> Operation:
    """Read an operation from plain JSON values, as a model writes them; UsageError says what is wrong."""
    if not isinstance(given, Mapping):
        raise UsageError("an operation is an object")
    known = ("table", "filter", "group", "measure", "sort", "top", "ask")
    if unknown := sorted(set(map(str, given)) - set(known)):
        raise UsageError(f"an operation has no {', '.join(unknown)[:100]}", hint=f"it has {', '.join(known)}")
    table = next((each for each in tables if each.name == given.get("table")), None)
    if table is None:
        raise UsageError("`table` is none of " + ", ".join(each.name for each in tables))
    sort = given.get("sort")
    sorted_by = sort if isinstance(sort, Mapping) else {"column": sort}
    operation = Operation(
        table.name,
        tuple(_filter(each) for each in _list(given, "filter")),
        tuple(str(each) for each in _list(given, "group")),
        _measure(given.get("measure")),
        str(sorted_by["column"]) if sorted_by.get("column") else None,
        sorted_by.get("descending") is not False,
        _top(given.get("top")),
    )
    check_operation(operation, table)
    return operation


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MOST_PARTS:
        raise UsageError(f"`{name}` is a list of at most {_MOST_PARTS}")
    return value


def _filter(given: Any) -> Filter:
    if not isinstance(given, Mapping) or not {"column", "op", "value"} <= set(given):
        raise UsageError("a filter has `column`, `op` and `value`")
    if given["op"] not in get_args(Comparison):
        raise UsageError(f"`op` is one of {' '.join(get_args(Comparison))}")
    value = given["value"]
    values = tuple(value) if isinstance(value, list) else (value,)
    if not values or not all(isinstance(each, int | float | str | bool) for each in values):
        raise UsageError("the value of a filter is a number or a text, or a list of them")
    return Filter(str(given["column"]), given["op"], values)


def _measure(given: Any) -> Measure | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or given.get("how") not in get_args(How):
        raise UsageError(f"`measure` has `column` and `how`, one of {', '.join(get_args(How))}")
    return Measure(given["how"], str(given["column"]) if given.get("column") else None)


def _top(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise UsageError("`top` is a whole number above 0")
    return given


# -------------------------------------------------------------------------------------------- checking


def check_operation(operation: Operation, table: Table) -> None:
    """Raise UsageError when the table does not have what the operation needs, or the answer would be no true number."""
    for each in operation.filters:
        _check_filter(each, column_of(table, each.column))
    for name in operation.group:
        column_of(table, name)
    if operation.group and operation.measure is None:
        raise UsageError("rows are grouped for a measure", hint="say which: count, sum, mean, max …")
    if operation.measure is not None:
        _check_measure(operation.measure, table)
    if operation.sort is not None and operation.sort not in columns_after(operation, table):
        raise UsageError(f"there is no column {operation.sort} to sort by", hint=_has(table))


def columns_after(operation: Operation, table: Table) -> tuple[str, ...]:
    """Return the names of the columns that come out."""
    if operation.measure is None:
        return table.names
    return (*operation.group, measured_name(operation.measure, operation.group))


def measured_name(measure: Measure, group: Sequence[str]) -> str:
    """Return the name of the column that a measure makes."""
    name = measure.how if measure.how != "distinct" else f"different_{measure.column}"
    return f"{name}_" if name in group else name


def column_of(table: Table, name: str) -> Column:
    """Return a column; UsageError with those that there are."""
    found = next((column for column in table.columns if column.name == name), None)
    if found is None:
        raise UsageError(f"{table.name} has no column {name[:60]}", hint=_has(table))
    return found


def _has(table: Table) -> str:
    return f"{table.name} has {', '.join(table.names)}"


def _check_filter(given: Filter, column: Column) -> None:
    numeric = column.type in NUMERIC
    ordered = given.op in ("<", "<=", ">", ">=")
    if ordered and not (numeric and len(given.values) == 1):
        raise UsageError(f"{given.op} compares one number, and {column.name} is {column.type}")
    if given.op in ("startswith", "contains") and column.type not in ("string", "stack"):
        raise UsageError(f"{given.op} is for texts, and {column.name} is {column.type}")
    for value in given.values:
        text = isinstance(value, str)
        fits = (
            (not text and not isinstance(value, bool))
            if numeric
            else isinstance(value, bool)
            if column.type == "bool"
            else text
        )
        if not fits:
            raise UsageError(
                f"{column.name} is {column.type} and cannot be compared with {str(value)[:60]!r}"
            )


def _check_measure(measure: Measure, table: Table) -> None:
    if measure.column is None:
        if measure.how not in ("count", "share"):
            raise UsageError(f"{measure.how} needs a column", hint=_has(table))
        return
    column = column_of(table, measure.column)
    if measure.how in ("count", "distinct"):
        return
    if column.type not in NUMERIC:
        raise UsageError(f"{column.name} is {column.type}, it has no {measure.how}")
    if column.role == "bucket" or (table.kind == "hist" and measure.how in ("mean", "median")):
        raise UsageError(
            f"{table.name} holds ranges, not values: they have no {measure.how}",
            hint="ask for the counts of its ranges",
        )
    if measure.how in ("sum", "share", "mean", "median") and not _may_add(table, column, measure.how):
        raise UsageError(
            f"the {column.name} of several rows of {table.name} cannot be added up",
            hint="ask for the largest or the smallest",
        )


def _may_add(table: Table, column: Column, how: str) -> bool:
    if how in ("mean", "median"):
        # The mean of averages, or of counts of buckets, is the mean of nothing that happened.
        return table.kind != "hist" and (table.kind == "events" or adds_up(table, column))
    return adds_up(table, column)
