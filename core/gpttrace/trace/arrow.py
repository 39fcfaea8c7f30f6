"""Table <-> Arrow and pandas, with exact types; what a column means travels in the schema's metadata, through
Parquet too."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gpttrace.trace.columns import ChunkedColumn
from gpttrace.trace.table import Column, ColumnType, Table

if TYPE_CHECKING:
    import pandas
    import pyarrow

_KEY = b"gpttrace"


def to_arrow(table: Table) -> pyarrow.Table:
    """Return a pyarrow Table of exact types; times are UTC, `json` columns hold JSON text."""
    import pyarrow

    arrays = [_array(column.type, values) for column, values in zip(table.columns, table.data, strict=True)]
    fields = [
        pyarrow.field(
            column.name, array.type, metadata={_KEY: json.dumps([column.type, column.unit, column.role])}
        )
        for column, array in zip(table.columns, arrays, strict=True)
    ]
    schema = pyarrow.schema(fields, metadata={_KEY: json.dumps([table.name, table.kind])})
    return pyarrow.Table.from_arrays(arrays, schema=schema)


def from_arrow(arrow: pyarrow.Table) -> Table:
    """Return the Table that `to_arrow` turned into `arrow`; raises ValueError for an Arrow table that is not ours."""
    if _KEY not in (arrow.schema.metadata or {}):
        raise ValueError("this Arrow table was not made by GPTtrace")
    name, kind = json.loads(arrow.schema.metadata[_KEY])
    columns, data = [], []
    for field, values in zip(arrow.schema, arrow.columns, strict=True):
        column = Column(field.name, *json.loads((field.metadata or {})[_KEY]))
        columns.append(column)
        data.append(_cells(column.type, values))
    return Table(name, kind, tuple(columns), data)


def to_pandas(table: Table) -> pandas.DataFrame:
    """Return a DataFrame: whole numbers stay whole (nullable where cells are missing), times are datetimes of UTC."""
    return framed(table, lambda column, values: _series(column.type, values))


def framed(table: Table, series_of: Callable[[Column, Any], Any]) -> pandas.DataFrame:
    """Return a DataFrame whose columns `series_of` makes from Column and Arrow values; two may have the same name."""
    import pandas

    arrow = to_arrow(table)
    series = {
        i: series_of(column, values)
        for i, (column, values) in enumerate(zip(table.columns, arrow.columns, strict=True))
    }
    frame = pandas.DataFrame(series, copy=False)
    frame.columns = pandas.Index([column.name for column in table.columns])
    return frame


def _type(kind: ColumnType) -> Any:
    import pyarrow

    return {
        "int64": pyarrow.int64(),
        "uint64": pyarrow.uint64(),
        "string": pyarrow.string(),
        "bytes": pyarrow.binary(),
        "bool": pyarrow.bool_(),
        "float": pyarrow.float64(),
        "time": pyarrow.timestamp("ns", tz="UTC"),
        "stack": pyarrow.list_(pyarrow.string()),
        "json": pyarrow.string(),
    }[kind]


def _array(kind: ColumnType, values: Sequence[Any]) -> Any:
    import pyarrow

    wanted = _type(kind)
    if isinstance(values, ChunkedColumn):
        chunks: list[Any] = []
        for chunk in values.chunks:
            chunks += (
                [_plain_array(kind, chunk, wanted)] if isinstance(chunk, list) else chunk.cast(wanted).chunks
            )
        return pyarrow.chunked_array(chunks, type=wanted)
    return pyarrow.chunked_array([_plain_array(kind, values, wanted)], type=wanted)


def _plain_array(kind: ColumnType, values: Sequence[Any], wanted: Any) -> Any:
    import pyarrow

    cells = list(values)
    if kind == "json":
        cells = [
            None if cell is None else json.dumps(cell, ensure_ascii=False, default=_other) for cell in cells
        ]
    return pyarrow.array(cells, type=wanted)


def _other(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value.hex()


def _cells(kind: ColumnType, values: Any) -> list[Any]:
    import pyarrow

    if kind == "time":
        # Python's datetime has microseconds; what is finer was never there.
        values = values.cast(pyarrow.timestamp("us", tz="UTC"))
    cells: list[Any] = values.to_pylist()
    return [None if cell is None else json.loads(cell) for cell in cells] if kind == "json" else cells


def _series(kind: ColumnType, values: Any) -> Any:
    import pandas

    if kind in ("int64", "uint64") and values.null_count:
        nullable = {"int64": pandas.Int64Dtype(), "uint64": pandas.UInt64Dtype()}[kind]
        return pandas.Series(pandas.array(values.to_pylist(), dtype=nullable))
    if kind == "bool" and values.null_count:
        return pandas.Series(pandas.array(values.to_pylist(), dtype=pandas.BooleanDtype()))
    if kind in ("stack", "json", "bytes"):
        cells = values.to_pylist()
        loaded = [None if cell is None else json.loads(cell) for cell in cells] if kind == "json" else cells
        return pandas.Series(loaded, dtype=object)
    return values.to_pandas()
