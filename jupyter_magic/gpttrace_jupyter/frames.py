"""Tables of a run as pandas DataFrames whose dtypes do not depend on what happened to be traced.

- whole numbers are `int64` (`uint64` above 2^63), nullable where cells are missing and always for the bounds of buckets;
- process names and other words of a small set are categories, other text is pandas' own string type;
- times are `datetime64[ns, UTC]`; values in ns, us, ms or s are `timedelta64` of that unit (integers with `raw`);
- stacks are lists of frames, the innermost first.
A map with one plain key is indexed by it, a series by its time; every other frame counts its rows. `reset_index()` gives the
columns as they were. `.attrs["gpttrace"]` says where a frame comes from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gpttrace.language import parse, symbols
from gpttrace.trace.arrow import framed
from gpttrace.trace.table import Column, Table

if TYPE_CHECKING:
    import pandas

    from gpttrace.trace import Result

# Words of a small set, by name, so that an empty frame has the same dtypes.
_CATEGORIES = re.compile(r"(?:\w*_)?p?comm(?:_\d+)?|probe|probetype|username|syscall|device", re.ASCII)
_CLOCKS = ("ns", "us", "ms", "s")
_PLAIN = ("int64", "uint64", "string", "bool")
_SMALLEST = -(1 << 63)  # what timedelta64 calls "not a time"
OUTPUT = "output"
_COUNTED = frozenset(("count", "sum", "avg", "min", "max", "average", "total", "low"))


class About(dict[str, Any]):
    """What `.attrs["gpttrace"]` holds: small scalars, and one short text per column.

    pandas copies attrs deeply at every step; these values never change, so that a flat copy is one.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> About:
        return About(self)


class Frames(dict[str, "pandas.DataFrame"]):
    """All tables of a run by name, shown one below the other."""

    def __repr__(self) -> str:
        return "\n\n".join(f"{name}\n{frame!r}" for name, frame in self.items()) or "no tables"

    def _repr_html_(self) -> str:
        from gpttrace_jupyter.markup import escaped

        return "".join(
            f"<b><code>{escaped(name)}</code></b>{frame.to_html(max_rows=10, show_dimensions=True)}"
            for name, frame in self.items()
        )


def frame_of(result: Result, name: str | None = None, *, raw: bool = False) -> pandas.DataFrame:
    """Return one table of a run, the one that answers its question unless `name` says another; KeyError when there is none."""
    table = main_table(result) if name is None else result.table(name)
    return _about(_frame(table, raw=raw), table, result)


def frames_of(result: Result, *, raw: bool = False) -> Frames:
    """Return all tables of a run by name, the one that answers its question first."""
    main = main_table(result)
    tables = [main, *(each for each in result.tables if each.name != main.name)]
    return Frames((each.name, _about(_frame(each, raw=raw), each, result)) for each in tables)


def main_table(result: Result) -> Table:
    """Return the table that answers; the text that was printed when there is none."""
    return main_of(result.tables, result.program) if result.tables else _text_table(result)


def main_of(tables: Sequence[Table], program: str) -> Table:
    """Return the table that answers: a share, else the first map of the program that counts, else its events."""
    maps = [each for each in tables if each.kind != "events"]
    order = list(symbols(parse(program)).maps)
    maps.sort(key=lambda each: (rank(each), order.index(each.name) if each.name in order else len(order)))
    return (maps or list(tables))[0]


def rank(table: Table) -> int:
    """Return how likely a map is what was asked for: a share (0), something counted (1), what a program remembers (2)."""
    if any(column.unit == "%" for column in table.columns):
        return 0
    return 1 if _COUNTED.intersection(table.names) else 2


def _text_table(result: Result) -> Table:
    return Table(OUTPUT, "events", (Column("text", "string"),), [[str(line) for line in result.output]])


def _columns(table: Table) -> dict[str, str]:
    return {each.name: f"{each.type}|{each.unit or ''}|{each.role}" for each in table.columns}


def _about(frame: pandas.DataFrame, table: Table, result: Result) -> pandas.DataFrame:
    frame.attrs["gpttrace"] = About(
        run_id=result.run_id,
        question=result.question,
        program=result.program,
        status=result.status,
        reason=result.reason,
        complete=result.complete,
        lost=result.lost,
        took_s=round(result.took, 6),
        probes=result.probes,
        began=result.began.isoformat(),
        table=table.name,
        kind=table.kind,
        columns=_columns(table),
    )
    return frame


def table_frame(table: Table, *, raw: bool = False) -> pandas.DataFrame:
    """Return a table that belongs to no run that ended, such as a snapshot."""
    frame = _frame(table, raw=raw)
    frame.attrs["gpttrace"] = About(
        status="running", table=table.name, kind=table.kind, columns=_columns(table)
    )
    return frame


def _frame(table: Table, *, raw: bool) -> pandas.DataFrame:
    frame = framed(table, lambda column, values: _series(column, values, raw))
    index = _index(table)
    return frame.set_index(index) if index is not None else frame


def _index(table: Table) -> str | None:
    times = [each.name for each in table.columns if each.role == "time"]
    if table.kind == "series" and len(times) == 1:
        return times[0]
    keys = [each for each in table.columns if each.role == "key"]
    if table.kind == "map" and len(keys) == 1 and keys[0].type in _PLAIN:
        return keys[0].name
    return None


def _series(column: Column, values: Any, raw: bool) -> Any:
    import pandas
    import pyarrow

    if column.type == "string" and _CATEGORIES.fullmatch(column.name):
        return _category(values)
    if column.type in ("int64", "uint64"):
        if not raw and column.role == "value" and column.unit in _CLOCKS:
            return _durations(values, str(column.unit))
        if values.null_count or column.role == "bucket":
            return pandas.Series(_nullable(values, column.type), copy=False)
    if column.type == "bool" and values.null_count:
        return pandas.Series(pandas.array(values.to_pylist(), dtype=pandas.BooleanDtype()))
    if column.type in ("stack", "json", "bytes"):
        return pandas.Series(_objects(column, values), dtype=object)
    if column.type == "string" and not len(values):
        values = pyarrow.chunked_array([pyarrow.array([], type=pyarrow.string())])
    return values.to_pandas()


def _objects(column: Column, values: Any) -> list[Any]:
    import json

    cells: list[Any] = values.to_pylist()
    if column.type == "json":
        return [None if cell is None else json.loads(cell) for cell in cells]
    return cells


def _category(values: Any) -> Any:
    import numpy
    import pandas

    if not len(values):
        return pandas.Series(pandas.Categorical([], categories=pandas.Index([], dtype="str")))
    coded = values.dictionary_encode().unify_dictionaries()
    words = pandas.Index(coded.chunk(0).dictionary.to_pandas(), dtype="str")
    codes = numpy.empty(len(coded), numpy.min_scalar_type(-max(len(words), 1)))
    at = 0
    for chunk in coded.chunks:
        codes[at : at + len(chunk)] = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        at += len(chunk)
    return pandas.Series(pandas.Categorical.from_codes(codes, categories=words), copy=False)


def _nullable(values: Any, kind: str) -> Any:
    import numpy
    import pandas

    whole = values.combine_chunks()
    missing = whole.is_null().to_numpy(zero_copy_only=False)
    numbers = whole.fill_null(0).to_numpy(zero_copy_only=False).astype(kind, copy=False)
    return pandas.arrays.IntegerArray(numpy.array(numbers), numpy.array(missing))


def _durations(values: Any, unit: str) -> Any:
    """Return whole numbers as durations; as they are when one of them is too large to be one."""
    import numpy
    import pandas

    missing = values.null_count
    whole = values.combine_chunks()
    numbers = whole.fill_null(0).to_numpy(zero_copy_only=False) if missing else values.to_numpy()
    if numbers.dtype.kind == "u":
        if len(numbers) and int(numbers.max()) >= 1 << 63:
            return pandas.Series(_nullable(values, "uint64")) if missing else pandas.Series(numbers)
        numbers = numbers.astype("int64")
    elif len(numbers) and int(numbers.min()) == _SMALLEST:
        return pandas.Series(_nullable(values, "int64")) if missing else pandas.Series(numbers)
    spans = numbers.view(f"timedelta64[{unit}]")
    if missing:
        spans = numpy.where(
            whole.is_null().to_numpy(zero_copy_only=False), numpy.array("NaT", f"m8[{unit}]"), spans
        )
    return pandas.Series(spans, copy=False)
