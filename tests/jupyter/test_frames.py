"""Frames: values exact, dtypes the same whatever was traced, an index that makes sense, attrs that stay and cost nothing."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas
import pytest

from gpttrace.trace import Result
from gpttrace.trace.table import Column, Table
from gpttrace_jupyter.frames import About, frame_of, frames_of, table_frame

pytestmark = pytest.mark.computes

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVENTS = (
    Column("pid", "int64"),
    Column("comm", "string"),
    Column("filename", "string"),
    Column("took", "int64", "ns"),
    Column("size", "int64", "bytes"),
    Column("at", "time", role="time"),
    Column("big", "uint64"),
    Column("ustack", "stack"),
)
ROWS: list[list[Any]] = [
    [1, 2],
    ["Web Content", "bash"],
    ["/a,b", "é\\xff"],
    [1_500, -1],
    [4096, None],
    [NOON, NOON + timedelta(microseconds=1)],
    [2**64 - 1, 0],
    [["leaf", "root"], []],
]
DTYPES = {
    "pid": "int64",
    "comm": "category",
    "filename": "str",
    "took": "timedelta64[ns]",
    "size": "int64",
    "at": "datetime64[ns, UTC]",
    "big": "uint64",
    "ustack": "object",
}


def a_result(*tables: Table, program: str = "BEGIN { }", **changes: Any) -> Result:
    """A result with those tables."""
    given: dict[str, Any] = {"output": (), "lost": 0, **changes}
    return Result(
        run_id="0123456789ab", status="time_limit", reason="the time limit of 1 s was reached", complete=True,
        tables=tables, warnings=(), findings=(), program=program, ran=program, probes=1, began=NOON, took=1.0, **given,
    )  # fmt: skip


def dtypes(frame: pandas.DataFrame) -> dict[str, str]:
    """The dtype of each column by name."""
    return {str(name): str(kind) for name, kind in frame.dtypes.items()}


def test_values_are_exact_and_typed() -> None:
    frame = table_frame(Table("printf:1", "events", EVENTS, ROWS))
    assert dtypes(frame) == DTYPES | {"size": "Int64"}
    assert list(frame["took"]) == [pandas.Timedelta(1_500, "ns"), pandas.Timedelta(-1, "ns")]
    assert list(frame["comm"]) == ["Web Content", "bash"]
    assert list(frame["filename"]) == ["/a,b", "é\\xff"]
    assert frame["size"][0] == 4096
    assert frame["size"][1] is pandas.NA
    assert frame["at"].diff()[1] == pandas.Timedelta(1, "us")
    assert list(frame["big"]) == [2**64 - 1, 0]
    assert list(frame["ustack"]) == [["leaf", "root"], []]
    assert isinstance(frame.index, pandas.RangeIndex)


def test_an_empty_table_has_the_same_columns_and_dtypes() -> None:
    frame = table_frame(Table("printf:1", "events", EVENTS))
    assert len(frame) == 0
    assert dtypes(frame) == DTYPES


def test_raw_leaves_durations_as_they_were() -> None:
    frame = table_frame(Table("printf:1", "events", EVENTS, ROWS), raw=True)
    assert list(frame["took"]) == [1_500, -1]
    assert frame.attrs["gpttrace"]["columns"]["took"] == "int64|ns|value"


@pytest.mark.parametrize("cells", [[2**63, 1], [-(2**63), 1], [2**63, None]])
def test_what_is_too_large_for_a_duration_stays_the_number_that_it_is(cells: list[int | None]) -> None:
    kind = "uint64" if max(each or 0 for each in cells) >= 2**63 else "int64"
    frame = table_frame(Table("@", "events", (Column("took", kind, "ns"),), [cells]))  # type: ignore[arg-type]
    assert [None if each is pandas.NA else int(each) for each in frame["took"]] == cells


@pytest.mark.parametrize(
    ("unit", "dtype"), [("us", "timedelta64[us]"), ("ms", "timedelta64[ms]"), ("s", "timedelta64[s]")]
)
def test_each_unit_of_time_is_kept(unit: str, dtype: str) -> None:
    frame = table_frame(Table("@", "scalar", (Column("avg", "int64", unit),), [[3]]))
    assert dtypes(frame) == {"avg": dtype}
    assert frame["avg"][0] == pandas.Timedelta(3, unit)  # type: ignore[arg-type]


KEYED = Table(
    "@n", "map", (Column("comm", "string", role="key"), Column("count", "int64")), [["b", "a"], [2, 1]]
)
PAIRS = Table(
    "@p", "map", (Column("comm", "string", role="key"), Column("pid", "int64", role="key"), Column("count", "int64")),
    [["b", "a"], [1, 2], [2, 1]],
)  # fmt: skip
HIST = Table(
    "@h", "hist",
    (Column("low", "int64", "ns", "bucket"), Column("high", "int64", "ns", "bucket"), Column("count", "int64")),
    [[None, 4], [3, None], [1, 2]],
)  # fmt: skip
SERIES = Table(
    "@s", "series", (Column("time", "time", role="time"), Column("comm", "string", role="key"), Column("sum", "int64", "bytes")),
    [[NOON, NOON], ["a", "b"], [1, 2]],
)  # fmt: skip
STACKS = Table(
    "@k", "stacks", (Column("kstack", "stack", role="key"), Column("count", "int64")), [[["f"], []], [2, 1]]
)


@pytest.mark.parametrize(
    ("table", "index"), [(KEYED, "comm"), (PAIRS, None), (HIST, None), (SERIES, "time"), (STACKS, None)]
)
def test_the_index_is_what_people_look_up_and_can_be_undone(table: Table, index: str | None) -> None:
    frame = table_frame(table)
    assert frame.index.name == index
    flat = frame.reset_index() if index else frame
    assert list(flat.columns) == list(table.names)
    for name, cells in zip(table.names, table.data, strict=True):
        assert [None if each is pandas.NA else each for each in flat[name]] == cells
    empty = table_frame(Table(table.name, table.kind, table.columns))
    assert dtypes(empty.reset_index() if index else empty) == dtypes(flat)


def test_a_frame_says_where_it_comes_from_through_every_step() -> None:
    frame = frame_of(a_result(KEYED, question="count", lost=3))
    about = frame.attrs["gpttrace"]
    assert (about["run_id"], about["question"], about["status"], about["lost"]) == (
        "0123456789ab",
        "count",
        "time_limit",
        3,
    )
    assert (about["table"], about["kind"]) == ("@n", "map")
    assert about["columns"] == {"comm": "string||key", "count": "int64||value"}
    for step in (
        frame.head(1),
        frame.query("count > 1"),
        frame.reset_index(),
        frame.copy(),
        copy.deepcopy(frame),
    ):
        assert step.attrs["gpttrace"] == about
    json.dumps(frame.attrs)  # as to_parquet does
    step = frame.head()
    step.attrs["gpttrace"]["status"] = "changed"
    assert frame.attrs["gpttrace"]["status"] == "time_limit"


def test_a_copy_of_what_a_frame_says_does_not_copy_its_values() -> None:
    about = About(program="x" * 1_000_000, columns={"a": "int64||value"})
    copied = copy.deepcopy(about)
    assert copied is not about
    assert copied["program"] is about["program"]
    assert copied["columns"] is about["columns"]


@pytest.mark.parametrize(
    ("program", "tables", "main"),
    [
        ("BEGIN { @p[comm, pid] = count(); @n[comm] = count(); }", (KEYED, PAIRS), "@p"),
        ("BEGIN { @n[comm] = count(); @p[comm, pid] = count(); }", (KEYED, PAIRS), "@n"),
        ('BEGIN { printf("%d", pid); @n[comm] = count(); }', (Table("printf:1", "events", EVENTS, ROWS), KEYED), "@n"),
        ('BEGIN { printf("%d", pid); }', (Table("printf:1", "events", EVENTS, ROWS),), "printf:1"),
        (
            "BEGIN { @start[tid] = nsecs; @n[comm] = count(); }",
            (Table("@start", "map", (Column("tid", "int64", role="key"), Column("value", "int64")), [[1], [2]]), KEYED),
            "@n",
        ),
        (
            "BEGIN { @n[comm] = count(); @failed[comm] = avg(1); }",
            (KEYED, Table("@failed", "map", (Column("comm", "string", role="key"), Column("avg", "int64", "%")), [["a"], [1]])),
            "@failed",
        ),
    ],
)  # fmt: skip
def test_the_table_that_answers_is_chosen_by_the_program_not_by_what_was_seen(
    program: str, tables: tuple[Table, ...], main: str
) -> None:
    assert frame_of(a_result(*tables, program=program)).attrs["gpttrace"]["table"] == main
    empty = tuple(Table(each.name, each.kind, each.columns) for each in tables)
    assert frame_of(a_result(*empty, program=program)).attrs["gpttrace"]["table"] == main
    assert next(iter(frames_of(a_result(*tables, program=program)))) == main


def test_text_that_no_table_holds_is_a_table() -> None:
    frame = frame_of(a_result(output=("hello", "you")))
    assert list(frame["text"]) == ["hello", "you"]
    assert dtypes(frame_of(a_result())) == {"text": "str"}


@pytest.mark.parametrize("many", [1, 127, 128, 129, 300])
def test_any_number_of_names_is_a_category_whatever_way_they_came(many: int) -> None:
    import pyarrow

    from gpttrace.trace.columns import ChunkedColumn

    names = [f"name{number}" for number in range(many)]
    column = ChunkedColumn()
    column.add_arrow(pyarrow.chunked_array([pyarrow.array(names)]))
    column.extend([None, *reversed(names)])
    frame = table_frame(Table("printf:1", "events", (Column("comm", "string"),), [column]))
    assert str(frame["comm"].dtype) == "category"
    assert [None if pandas.isna(each) else each for each in frame["comm"]] == [*names, None, *reversed(names)]


# Five million rows as a flood leaves them, in a process of its own for its memory; prints rows, bytes of the frame and the peak.
FLOOD = """
import json, numpy, pyarrow
from gpttrace.trace.columns import ChunkedColumn
from gpttrace.trace.table import Column, Table
from gpttrace_jupyter.frames import table_frame
ROWS, BLOCK = 5_000_000, 5_000
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024
columns = [ChunkedColumn() for _ in range(4)]
names = pyarrow.array(["Web Content", "bash", "python3", "sh"] * (BLOCK // 4))
for block in range(ROWS // BLOCK):
    numbers = numpy.arange(BLOCK) + block * BLOCK
    for column, array in zip(columns, [numbers, numbers % 4000, names, numbers], strict=True):
        column.add_arrow(pyarrow.chunked_array([pyarrow.array(array)]))
kinds = Column("nsecs", "int64", "ns"), Column("pid", "int64"), Column("comm", "string"), Column("size", "int64", "bytes")
table_frame(Table("x", "events", kinds, [[1], [1], ["a"], [1]]))
open("/proc/self/clear_refs", "w").write("5")
before = peak()
frame = table_frame(Table("printf:1", "events", kinds, columns))
print(json.dumps([len(frame), int(frame.memory_usage(deep=True).sum()), peak() - before, int(frame["size"].sum()),
                  sorted(frame["comm"].cat.categories)]))
"""


def test_five_million_rows_cost_less_than_three_times_their_size() -> None:
    done = subprocess.run([sys.executable, "-c", FLOOD], capture_output=True, check=True, timeout=100)
    rows, size, peak, total, names = json.loads(done.stdout)
    assert rows == 5_000_000
    assert total == rows * (rows - 1) // 2
    assert names == ["Web Content", "bash", "python3", "sh"]
    assert peak < 3 * size


def test_a_flood_is_cut_at_the_row_limit_and_counted_without_making_objects_of_it() -> None:
    import pyarrow

    from gpttrace.trace.columns import ChunkedColumn
    from gpttrace.trace.items import Rows
    from gpttrace.trace.quota import Quota

    column = ChunkedColumn()
    column.add_arrow(pyarrow.chunked_array([pyarrow.array(["b", "a", "b"])]))
    column.extend(["a", "c", "b"])
    assert list(column.counted().items()) == [("b", 3), ("a", 2), ("c", 1)]
    table = Table("printf:1", "events", (Column("comm", "string"),), [column])
    quota = Quota(2)
    quota.count([Rows.of(table)])
    (kept,) = quota.cut([table])
    assert list(kept.data[0]) == ["b", "a"]
    assert not any(isinstance(chunk, list) for chunk in kept.data[0].chunks)
