"""Numbers of events, read from the tables of a run: those of the workload's process, or all where none tells whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gpttrace.prove.running import Ran
from gpttrace.prove.tellings import Telling, Who
from gpttrace.trace import Result, Table

Cells = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """What one table counted beside the canary (`own`) and beside its control; `who` as it could really be told."""

    telling: Telling
    who: Who
    own: int
    control: int


def counts_of(tellings: Sequence[Telling], canary: Ran, control: Ran, *, by_process: bool) -> list[Count]:
    """Return what each telling table counted in both runs; a table that is not there counted nothing.

    `by_process` says that the events are the workload's own process's, and not those of another that it makes act.
    """
    return [_count(each, canary, control, by_process) for each in tellings]


def _count(telling: Telling, canary: Ran, control: Ran, by_process: bool) -> Count:
    named = any(run.called in row for run in (canary, control) for row in _rows(telling, run))
    who: Who = ("comm" if named else telling.who) if by_process else ""
    return Count(telling, who, _number(telling, who, canary), _number(telling, who, control))


def _number(telling: Telling, who: Who, run: Ran) -> int:
    table = _table(telling, run.result)
    if table is None:
        return 0
    rows = [row for row in _rows(telling, run) if _is_own(row, telling, who, run, table)]
    if telling.what != "number":
        return len(rows)
    amount = table.names.index("count") if "count" in table.names else len(table.columns) - 1
    return sum(int(row[amount] or 0) for row in rows)


def _is_own(row: Cells, telling: Telling, who: Who, run: Ran, table: Table) -> bool:
    if who == "comm":
        return run.called in row
    if who == "pid":
        columns = [at for at, column in enumerate(table.columns) if column.role == "key"]
        at = columns[telling.at] if telling.what != "rows" else telling.at
        return bool(row[at] == run.pid)
    return True


def _rows(telling: Telling, run: Ran) -> Iterator[Cells]:
    """Yield the rows that add up: all times of a map that is emptied each time, else only the last."""
    table = _table(telling, run.result)
    if table is None:
        return
    if table.kind != "series" or telling.clears:
        yield from table.rows()
        return
    last = max(table.data[0], default=None)
    yield from (row for row in table.rows() if row[0] == last)


def _table(telling: Telling, result: Result) -> Table | None:
    return next((table for table in result.tables if table.name == telling.table), None)


def empty_columns(tellings: Sequence[Telling], results: Sequence[Result]) -> Iterator[tuple[Telling, str]]:
    """Yield the columns of text that held nothing in any row of any run, with their tables."""
    for telling in tellings:
        tables = [each for result in results if (each := _table(telling, result)) is not None and len(each)]
        for name in _texts(tables):
            cells = (cell for table in tables if name in table.names for cell in table.column(name))
            if not any(cells):
                yield telling, name


def _texts(tables: Iterable[Table]) -> list[str]:
    names = (column.name for table in tables for column in table.columns if column.type == "string")
    return list(dict.fromkeys(names))
