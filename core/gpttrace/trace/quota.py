"""Quota: the limit of rows, over all event tables together, in order of arrival."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from gpttrace.trace.columns import ChunkedColumn
from gpttrace.trace.items import Item, Rows
from gpttrace.trace.table import Table


class Quota:
    """Counts rows as they arrive; those beyond the limit are counted and left out of the tables."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.rows = 0
        self.beyond = 0
        self._kept: Counter[str] = Counter()

    @property
    def reached(self) -> bool:
        """Whether the limit is reached."""
        return self.rows >= self.limit

    def count(self, items: Iterable[Item]) -> list[Item]:
        """Count the rows among `items` and return the items without rows beyond the limit."""
        kept: list[Item] = []
        for item in items:
            if isinstance(item, Rows):
                fits = min(item.count, self.limit - self.rows)
                self.rows += fits
                self.beyond += item.count - fits
                self._kept[item.name] += fits
                if fits:
                    kept.append(item if fits == item.count else _fewer(item, fits))
            else:
                kept.append(item)
        return kept

    def cut(self, tables: Sequence[Table]) -> tuple[Table, ...]:
        """Return the tables with only the counted rows."""
        if not self.beyond:
            return tuple(tables)
        return tuple(
            _first(table, self._kept[table.name]) if table.kind == "events" else table for table in tables
        )


def _fewer(item: Rows, rows: int) -> Rows:
    return Rows(item.name, rows, lambda: _first(item.table, rows))


def _first(table: Table, rows: int) -> Table:
    # Blocks of a flood are shared: as Python objects a million rows would take ten times as much.
    data = [
        values.since(0, rows) if isinstance(values, ChunkedColumn) else values[:rows] for values in table.data
    ]
    return Table(table.name, table.kind, table.columns, data)
