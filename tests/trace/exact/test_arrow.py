"""Tables keep their types and meaning on the way to Arrow, pandas, Parquet and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pyarrow
import pyarrow.parquet
import pytest

from gpttrace.trace.arrow import from_arrow
from gpttrace.trace.decode import Decoder
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.instrument import prepare
from gpttrace.trace.table import Column, ColumnType, Table

WHEN = datetime(2026, 11, 22, 18, 0, 0, 123456, tzinfo=UTC)
ROWS: list[tuple[Any, ...]] = [
    (-1, (1 << 64) - 1, "é\\xff", b"\x00\xff", True, 1.5, WHEN, ["f+1", "g+2"], {"a": [1, "x"]}),
    (None, None, None, None, None, None, None, None, None),
]
TYPES: tuple[ColumnType, ...] = get_args(ColumnType)


def everything() -> Table:
    columns = tuple(Column(f"c_{kind}", kind, "ns" if kind == "int64" else None, "key") for kind in TYPES)
    table = Table("@all", "map", columns)
    table.extend(ROWS)
    return table


def test_a_table_comes_back_equal_from_arrow_and_from_parquet(tmp_path: Path) -> None:
    table = everything()
    arrow = table.to_arrow()
    assert from_arrow(arrow) == table
    pyarrow.parquet.write_table(arrow, tmp_path / "t.parquet")
    assert from_arrow(pyarrow.parquet.read_table(tmp_path / "t.parquet")) == table
    assert [str(field.type) for field in arrow.schema][:4] == ["int64", "uint64", "string", "binary"]
    metadata = arrow.schema.field("c_int64").metadata
    assert metadata is not None
    assert json.loads(metadata[b"gpttrace"]) == ["int64", "ns", "key"]


def test_a_frame_has_whole_numbers_and_times_even_where_cells_are_missing() -> None:
    frame = everything().to_pandas()
    kinds = [str(kind) for kind in frame.dtypes]
    assert kinds[:2] == ["Int64", "UInt64"]
    assert kinds[6] == "datetime64[ns, UTC]"
    assert frame["c_uint64"][0] == (1 << 64) - 1
    assert list(frame["c_stack"][0]) == ["f+1", "g+2"]
    assert frame["c_json"][0] == {"a": [1, "x"]}


def test_a_frame_without_missing_cells_has_plain_types() -> None:
    table = everything()
    table.data = [cells[:1] for cells in table.data]
    frame = table.to_pandas()
    assert [str(kind) for kind in frame.dtypes][:2] == ["int64", "uint64"]
    assert str(table.to_pandas().dtypes.iloc[4]) == "bool"


def test_columns_of_one_name_stay_two() -> None:
    table = Table("t", "events", (Column("a", "int64"), Column("a", "string")))
    table.append((1, "x"))
    assert from_arrow(table.to_arrow()) == table
    assert list(table.to_pandas().columns) == ["a", "a"]


def test_an_empty_table_keeps_its_types() -> None:
    table = Table("t", "events", tuple(Column(kind, kind) for kind in TYPES))
    assert from_arrow(table.to_arrow()) == table
    assert len(table.to_pandas()) == 0


def test_a_foreign_arrow_table_is_refused() -> None:
    with pytest.raises(ValueError, match="not made by GPTtrace"):
        from_arrow(pyarrow.table({"a": [1]}))


def test_a_flood_stays_in_arrow_until_somebody_looks_and_reads_like_single_lines() -> None:
    dialect = Dialect(loops=True, wide_tuples=True, buf_is_array=True)
    program = 'tracepoint:a:b { printf("%d %d %s\\n", pid, args->x, comm); print((nsecs, args->y)); }'
    plan = prepare(program, dialect=dialect, nonce="abcdefgh12345678")
    first, second = plan.sites
    names = ["python3", "Web Content", 'q\\"uote', "h\\uffffffc3\\uffffffa9", "new\\nline", "\\\\xff"]
    lines = [
        f'{{"type": "value", "data": [{first.tag},{i},{-i},"{names[i % len(names)]}"]}}' for i in range(5000)
    ]
    lines += [f'{{"type": "value", "data": [{second.tag},{i},"{i}"]}}' for i in range(10)]
    lines.insert(2500, '{"type": "time", "data": "now\\n"}')
    data = "\n".join(lines).encode() + b"\n"
    flood, single = Decoder(plan), Decoder(plan)
    flood.feed(data)
    for line in data.splitlines(keepends=True):
        single.feed(line)
    assert flood.tables() == single.tables()
    assert list(flood.output) == list(single.output)
    printed = flood.tables()[0]
    assert any(not isinstance(chunk, list) for chunk in printed.data[0].chunks)
    assert printed.column("comm")[:6] == ["python3", "Web Content", 'q"uote', "hé", "new\nline", "\\x5cxff"]
    assert from_arrow(printed.to_arrow()) == printed
    assert len(printed.to_pandas()) == 5000
    assert flood.rows == 5010
