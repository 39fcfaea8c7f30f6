"""Table: one typed result of a run, column by column.

Values are Python objects of the column's type: `int` (64 bits, never cut), `str`, `bytes`, `bool`, `float`,
`datetime` for times, a list of frames for stacks, `None` where there is nothing. Text holds exactly the bytes that
the kernel saw: UTF-8 where it is UTF-8, each other byte as `\\xNN` (a backslash that would read as such is `\\x5c`;
`gpttrace.trace.text.bytes_of` gives the bytes back).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas
    import pyarrow

Kind = Literal["events", "map", "hist", "stacks", "series", "scalar"]
ColumnType = Literal["int64", "uint64", "string", "bytes", "bool", "float", "time", "stack", "json"]
Role = Literal["key", "value", "bucket", "time"]
NUMERIC: tuple[ColumnType, ...] = ("int64", "uint64", "float")


@dataclass(frozen=True, slots=True)
class Column:
    """Name, type, unit (`ns`, `bytes`, `pages` … or None when unknown) and role of one column."""

    name: str
    type: ColumnType
    unit: str | None = None
    role: Role = "value"


@dataclass(slots=True)
class Table:
    """Rows of one map, one printing statement or one scalar; `name` is `@bytes`, `printf:1`, `print:2` …

    `data` holds a sequence of cells per column: a list, or a view of what arrived as a flood.
    """

    name: str
    kind: Kind
    columns: tuple[Column, ...]
    data: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.data:
            self.data = [[] for _ in self.columns]

    def __len__(self) -> int:
        return len(self.data[0]) if self.data else 0

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> list[Any]:
        """Return the values of one column; KeyError when there is none of that name."""
        try:
            cells = self.data[self.names.index(name)]
        except ValueError:
            raise KeyError(name) from None
        return cells if isinstance(cells, list) else list(cells)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Iterate over rows as tuples."""
        return zip(*self.data, strict=True)

    def picked(self, rows: Sequence[int]) -> Table:
        """Return the table of these rows, in this order."""
        return Table(
            self.name, self.kind, self.columns, [[cells[row] for row in rows] for cells in self.data]
        )

    def ranked(self) -> Table:
        """Return a map with its largest values first; other tables, and one without numbers, as they are."""
        numbers = (
            cells
            for column, cells in zip(self.columns, self.data, strict=True)
            if column.role == "value" and column.type in NUMERIC
        )
        cells = next(numbers, None)
        if self.kind not in ("map", "stacks") or cells is None:
            return self
        return self.picked(
            sorted(range(len(self)), key=lambda row: (cells[row] is not None, cells[row] or 0), reverse=True)
        )

    def append(self, row: Sequence[Any]) -> None:
        """Add one row."""
        for values, value in zip(self.data, row, strict=True):
            values.append(value)

    def extend(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add many rows."""
        for row in rows:
            self.append(row)

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of a table; times are ISO 8601, 64-bit integers stay integers."""
        return {
            "name": self.name,
            "kind": self.kind,
            "columns": [
                {"name": c.name, "type": c.type, "unit": c.unit, "role": c.role} for c in self.columns
            ],
            "rows": [[plain(value) for value in row] for row in self.rows()],
        }

    def to_csv(self) -> str:
        """Return RFC 4180 text with a header; stacks are frames joined by `;`."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.names)
        writer.writerows([_cell(value) for value in row] for row in self.rows())
        return out.getvalue()

    def to_arrow(self) -> pyarrow.Table:
        """Return a pyarrow Table with exact types and units in the schema's metadata."""
        from gpttrace.trace.arrow import to_arrow

        return to_arrow(self)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a DataFrame; needs pandas (`pip install 'gpttrace[jupyter]'`)."""
        from gpttrace.trace.arrow import to_pandas

        return to_pandas(self)


def plain(value: Any) -> Any:
    """Turn one cell into a JSON value."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return ";".join(str(part) for part in value)
    if isinstance(value, dict | tuple):
        return json.dumps(value, ensure_ascii=False)
    return plain(value)
