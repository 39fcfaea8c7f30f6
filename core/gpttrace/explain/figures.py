"""Figures: every number that the tables hold or give: cells, and what a whole column or the rows of one key come to.

A citation names one of them; `resolve` finds it among all rows, or says that there is none. Nothing here trusts a citation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean, median
from typing import Any

from gpttrace.explain.claims import ROUGHLY, claims_of
from gpttrace.explain.labels import Labels
from gpttrace.spec.units import unit
from gpttrace.trace.table import Column, Table

STATS = ("sum", "count", "distinct", "min", "max", "mean", "median", "p99", "share")
# These add up; the averages, largest and smallest of several rows do not.
ADDITIVE = ("count", "sum", "total", "value")


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of the tables: in the base of its kind (`ns`, `bytes`, `%`, another unit's own name, ""), and the rows that it
    is of; no rows when it is of the whole table."""

    value: float
    kind: str
    table: str
    column: str
    rows: tuple[int, ...] = ()
    stat: str = ""
    is_key: bool = False


def is_number(value: Any) -> bool:
    """Tell whether a cell is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def adds_up(table: Table, column: Column) -> bool:
    """Tell whether the numbers of a column can be added up: not averages, largest ones, shares, keys, or edges of buckets."""
    if column.role in ("key", "bucket", "time") or column.unit == "%":
        return False
    return table.kind == "events" or column.name in ADDITIVE


def base_of(column: Column) -> tuple[str, float]:
    """Return the kind of a column's numbers and the factor that brings them to its base: `us` is ("ns", 1000)."""
    found = unit(column.unit) if column.unit else None
    return (found[0], float(found[1])) if found else (column.unit or "", 1.0)


def stat_of(name: str, numbers: Sequence[float]) -> float | None:
    """Return what numbers come to; None for none of them or an unknown stat."""
    if name == "count":
        return len(numbers)
    if not numbers:
        return None
    match name:
        case "sum":
            return sum(numbers)
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
        case "mean":
            return fmean(numbers)
        case "median":
            return median(numbers)
        case "p99":
            return sorted(numbers)[max(0, -(-99 * len(numbers) // 100) - 1)]
    return None


class Figures:
    """The tables of one result, to look numbers up in."""

    def __init__(self, tables: Sequence[Table], labels: Labels) -> None:
        self.tables = {table.name: table for table in tables}
        self._labels = labels
        self._stats: dict[tuple[str, str, str], float | None] = {}
        self._rows_by: dict[tuple[str, int], Mapping[str, Sequence[int]]] = {}

    def resolve(self, cite: Any) -> tuple[Fact, ...]:
        """Return the fact that a citation names, with the key cells of its row; () when there is none or its value is another."""
        where = cite.get("where") if isinstance(cite, dict) else None
        table = self.tables.get(str(where.get("table"))) if isinstance(where, dict) else None
        if table is None or not isinstance(where, dict):
            return ()
        rows = self._rows(table, where)
        fact = self._fact(table, where, rows) if rows is not None else None
        if fact is None or not _equal(cite, fact):
            return ()
        return (fact, *self._keys(table, fact.rows))

    def key_words(self, fact: Fact) -> tuple[str, ...]:
        """Return the key cells of a fact's row as they may be written: raw, and in the words of our own sentences."""
        table = self.tables[fact.table]
        found: list[str] = []
        for index in _key_columns(table):
            for row in fact.rows[:1]:
                cell = table.data[index][row]
                told = [cell] if isinstance(cell, str) else (cell or [])[:1] if isinstance(cell, list) else []
                found += [str(each) for each in (*told, self._labels.text(table, index, cell))]
        return tuple(dict.fromkeys(each for each in found if each))

    def labels_of(self, table: Table, column: str) -> Iterable[str]:
        """Return the words that stand for the whole numbers of a column; nothing where they stand for themselves."""
        index = table.names.index(column)
        for cell in set(table.data[index]):
            told = self._labels.text(table, index, cell)
            if told != str(cell):
                yield told

    def words_with(self, fact: Fact) -> Iterable[str]:
        """Return the names of the rows whose cell is a fact's number."""
        factor = self._factor(fact)
        for row, cell in enumerate(self.tables[fact.table].column(fact.column)):
            if is_number(cell) and cell * factor == fact.value:
                yield from self.key_words(replace(fact, rows=(row,)))

    def largest(self, fact: Fact) -> bool:
        """Tell whether no other row has a larger number in the fact's column."""
        return fact.value >= (self._whole(fact.table, fact.column, "max") or 0) * self._factor(fact)

    def smallest(self, fact: Fact) -> bool:
        """Tell whether no other row has a smaller number in the fact's column."""
        return fact.value <= (self._whole(fact.table, fact.column, "min") or 0) * self._factor(fact)

    def _factor(self, fact: Fact) -> float:
        return base_of(_column(self.tables[fact.table], fact.column))[1]

    def _whole(self, table: str, column: str, stat: str) -> float | None:
        place = (table, column, stat)
        if place not in self._stats:
            cells = self.tables[table].column(column)
            self._stats[place] = _stat(stat, cells)
        return self._stats[place]

    def _rows(self, table: Table, where: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Return the rows that are meant, () for all of them, None when there is no such row."""
        row, key = where.get("row"), where.get("key")
        if isinstance(row, int) and not isinstance(row, bool):
            return (row - 1,) if 1 <= row <= len(table) else None
        if key in (None, "", {}, []):
            return ()
        return self._keyed(table, key) or None

    def _keyed(self, table: Table, key: Any) -> tuple[int, ...]:
        columns = _key_columns(table)
        if isinstance(key, dict):
            wanted = [(table.names.index(name), value) for name, value in key.items() if name in table.names]
            if len(wanted) != len(key):
                return ()
            return self._where(table, wanted)
        parts = key if isinstance(key, list) else [key]
        if len(parts) == len(columns):
            return self._where(table, list(zip(columns, parts, strict=True)))
        return next((found for c in columns if (found := self._where(table, [(c, key)]))), ())

    def _where(self, table: Table, wanted: Sequence[tuple[int, Any]]) -> tuple[int, ...]:
        found: set[int] | None = None
        for column, value in wanted:
            rows = set(self._index(table, column).get(str(value), ()))
            found = rows if found is None else found & rows
        return tuple(sorted(found or ()))

    def _index(self, table: Table, column: int) -> Mapping[str, Sequence[int]]:
        """Return the rows by the text of their cell, and by the word for it in our sentences."""
        place = (table.name, column)
        if place not in self._rows_by:
            rows_by: dict[str, list[int]] = {}
            cells: dict[str, Any] = {}
            for row, cell in enumerate(table.data[column]):
                rows_by.setdefault(str(cell), []).append(row)
                cells.setdefault(str(cell), cell)
            for text, cell in cells.items():
                rows_by.setdefault(self._labels.text(table, column, cell), rows_by[text])
            self._rows_by[place] = rows_by
        return self._rows_by[place]

    def _fact(self, table: Table, where: Mapping[str, Any], rows: tuple[int, ...]) -> Fact | None:
        name, stat = where.get("column"), str(where.get("stat") or "")
        if stat == "count" and name not in table.names:
            return Fact(len(rows) or len(table), "", table.name, "", rows, stat)
        if name not in table.names:
            return None
        column = _column(table, str(name))
        kind, factor = base_of(column)
        cells = table.column(column.name)
        if not stat:
            found = rows if rows else (0,) if len(table) == 1 else ()
            if len(found) != 1 or not is_number(cells[found[0]]):
                return None
            return Fact(
                cells[found[0]] * factor, kind, table.name, column.name, rows, "", column.role == "key"
            )
        if stat in ("sum", "mean", "share") and not adds_up(table, column):
            return None
        if stat == "share":
            whole = self._whole(table.name, column.name, "sum")
            part = _stat("sum", [cells[row] for row in rows]) if rows else None
            return (
                Fact(100 * part / whole, "%", table.name, column.name, rows, stat)
                if part is not None and whole
                else None
            )
        value = (
            _stat(stat, [cells[row] for row in rows]) if rows else self._whole(table.name, column.name, stat)
        )
        if value is None:
            return None
        counted = stat in ("count", "distinct")
        return Fact(
            value * (1 if counted else factor), "" if counted else kind, table.name, column.name, rows, stat
        )

    def _keys(self, table: Table, rows: tuple[int, ...]) -> tuple[Fact, ...]:
        if not rows:
            return ()
        return tuple(
            Fact(float(cell), "", table.name, table.columns[index].name, rows[:1], "", True)
            for index in _key_columns(table)
            if is_number(cell := table.data[index][rows[0]])
        )


def _key_columns(table: Table) -> list[int]:
    if table.kind == "events":
        return [i for i, c in enumerate(table.columns) if c.type in ("string", "stack") or c.unit is None]
    return [i for i, column in enumerate(table.columns) if column.role in ("key", "time")]


def _column(table: Table, name: str) -> Column:
    return table.columns[table.names.index(name)]


def _stat(name: str, cells: Sequence[Any]) -> float | None:
    if name == "distinct":
        return len(
            {
                tuple(cell) if isinstance(cell, list) else str(cell) if isinstance(cell, dict) else cell
                for cell in cells
            }
        )
    if name == "count":
        return sum(cell is not None for cell in cells)
    if any(isinstance(cell, datetime) for cell in cells[:1]):
        return None
    return stat_of(name, [cell for cell in cells if is_number(cell)])


def _equal(cite: Mapping[str, Any], fact: Fact) -> bool:
    """Tell whether the value that is cited is the fact's, in the unit that is cited and as far as it was rounded."""
    value, named = cite.get("value"), cite.get("unit")
    if not is_number(value) or value is None:
        return False
    if named in (None, ""):
        return _near(float(value), fact.value)
    if named in ("%", "percent"):
        return fact.kind == "%" and _near(float(value), fact.value)
    found = unit(named) if isinstance(named, str) else None
    if found is None or found[1] == 1:
        return (found is None or found[0] == fact.kind or fact.kind == "") and _near(float(value), fact.value)
    told = claims_of(f"{value!r} {named}").amounts
    return found[0] == fact.kind and any(
        abs(fact.value - each) <= max(said.within, 1e-9) and abs(fact.value - each) <= ROUGHLY * abs(each)
        for said in told
        for each in said.values
    )


def _near(value: float, right: float) -> bool:
    if value == right:
        return True
    if value == int(value):
        return False
    # A share or a mean is cited with the decimals that its writer kept.
    return abs(value - right) <= 0.5 * 10.0 ** -len(repr(value).partition(".")[2]) + 1e-9 * abs(right)
