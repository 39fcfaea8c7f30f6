"""Sheet: a frame read as what it shows: which columns are keys, times, buckets, stacks or values, and in what unit.

What GPTtrace wrote into `frame.attrs["gpttrace"]` counts where it is there; after a groupby or a concat it is gone, and
the types and names of the columns tell as much as they can.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gpttrace_jupyter.plots.labels import cell_text

if TYPE_CHECKING:
    import numpy as np
    import pandas

# What a map's value columns are called; a frame with a time and none of these holds events.
_SUMMED = frozenset(["count", "sum", "total", "average", "avg", "min", "max", "value"])
_NAMES = frozenset(
    ("pid tid ppid tgid cpu uid gid fd ret error errno id inode ino dev port sport dport nsecs").split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its place in the sheet's frame, its type (`number` `duration` `time` `stack` `text`), unit and role."""

    name: str
    place: int
    type: str
    unit: str | None
    role: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A frame without an index of meaning, and what its columns are; `kind` is that of a table of the core."""

    frame: pandas.DataFrame
    fields: tuple[Field, ...]
    kind: str
    meta: dict[str, Any]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def name(self) -> str:
        """The table's name, or `this frame`."""
        return str(self.meta.get("table") or "this frame")

    @property
    def title(self) -> str:
        """What stands above a picture: the question, else the table's name, else nothing."""
        return str(self.meta.get("question") or self.meta.get("table") or "")

    def of(self, role: str, *types: str) -> list[Field]:
        """Return the fields of a role, of these types where some are named."""
        return [each for each in self.fields if each.role == role and (not types or each.type in types)]

    def named(self, name: str) -> Field | None:
        """Return the field of that name."""
        return next((each for each in self.fields if each.name == name), None)

    @property
    def buckets(self) -> tuple[Field, Field, Field] | None:
        """`low`, `high` and `count` of a histogram, or None."""
        low, high, count = self.named("low"), self.named("high"), self.named("count")
        return (low, high, count) if low and high and count else None

    @property
    def stacks(self) -> list[Field]:
        """The columns that hold stacks."""
        return [each for each in self.fields if each.type == "stack"]

    @property
    def time(self) -> Field | None:
        """The column that says when: an interval's, or an event's."""
        return next((each for each in self.fields if each.type == "time"), None)

    def cells(self, field: Field) -> list[Any]:
        """Return the cells as Python objects: whole numbers exact, durations in ns, None where nothing is."""
        series = self.frame.iloc[:, field.place]
        if field.type in ("duration", "number") and str(series.dtype) != "object":
            values, there = self.numbers(field)
            return [value if ok else None for value, ok in zip(values.tolist(), there.tolist(), strict=True)]
        missing = series.isna().tolist()
        return [None if gone else value for value, gone in zip(series.tolist(), missing, strict=True)]

    def texts(self, fields: Sequence[Field]) -> list[str]:
        """Return one text a row: the cells of these columns joined by commas."""
        columns = [[key_text(field, value) for value in self.cells(field)] for field in fields]
        return [", ".join(row) for row in zip(*columns, strict=True)] if columns else [""] * len(self)

    def groups(self, fields: Sequence[Field]) -> tuple[np.ndarray[Any, Any], list[str]]:
        """Return a number per row and the text of each number: rows with equal cells in `fields` are one group."""
        import numpy as np
        import pandas

        codes, names = np.zeros(len(self), dtype=np.int64), [""]
        for field in fields:
            # Millions of rows with few names: each name becomes text once.
            series = self.frame.iloc[:, field.place]
            own, distinct = pandas.factorize(series, use_na_sentinel=False)
            joined, first = np.unique(codes * len(distinct) + own, return_inverse=True)
            texts = [key_text(field, None if _gone(each) else each) for each in distinct]
            names = [
                ", ".join(filter(None, [names[code // len(distinct)], texts[code % len(distinct)]]))
                for code in joined.tolist()
            ]
            codes = first
        return codes, names

    def numbers(self, field: Field) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return the numbers of a column (ns for durations and times; 0 where nothing is) and where there is one."""
        import numpy as np

        series = self.frame.iloc[:, field.place]
        there = series.notna().to_numpy(dtype=bool)
        if field.type in ("duration", "time"):
            plain = series.dt.tz_convert(None) if getattr(series.dt, "tz", None) else series
            values = plain.dt.as_unit("ns").to_numpy().astype(np.int64)
            return np.where(there, values, 0), there
        if str(series.dtype) == "object":
            series = series.astype("float64")
        # Whole numbers stay whole: 2**63 - 1 is another bucket than 2**63.
        kind = {"i": "int64", "u": "uint64", "b": "int64"}.get(getattr(series.dtype, "kind", "f"), "float64")
        return (series if there.all() else series.fillna(0)).to_numpy(dtype=kind), there

    def only(self, rows: Any) -> Sheet:
        """Return the sheet with those rows (a mask) only."""
        return replace(self, frame=self.frame[rows])


def key_text(field: Field, value: Any) -> str:
    """Return one key as text; a number says what it is: `pid 4242`."""
    text = cell_text(value)
    return f"{field.name} {text}" if field.type == "number" else text


def _gone(value: Any) -> bool:
    import pandas

    return bool(pandas.api.types.is_scalar(value) and pandas.isna(value))


def read(frame: pandas.DataFrame) -> Sheet:
    """Return what a frame shows."""
    meta = dict(frame.attrs.get("gpttrace") or {})
    inner = [name for name in frame.index.names if name is not None]
    flat = frame.reset_index(allow_duplicates=True) if inner else frame
    told = meta.get("columns")
    known: dict[str, str] = told if isinstance(told, dict) else {}
    fields = tuple(
        _field(str(name), place, flat.iloc[:, place], known.get(str(name)), str(name) in inner)
        for place, name in enumerate(flat.columns)
    )
    kind = meta.get("kind") if set(known) <= {field.name for field in fields} else None
    return Sheet(flat, fields, str(kind or _kind(fields)), meta)


def _field(name: str, place: int, series: Any, told: str | None, inner: bool) -> Field:
    of, unit, role = (*str(told or "").split("|"), "", "")[:3]
    kind = _type(series, of)
    unit = "ns" if kind == "duration" else "" if unit == "None" else unit
    return Field(name, place, kind, unit or None, role or _role(name, kind, inner))


def _type(series: Any, told: str) -> str:
    letter = getattr(series.dtype, "kind", "O")
    if letter in "mM":
        return "duration" if letter == "m" else "time"
    if str(series.dtype) == "category":
        return "text"
    if letter in "iufb":
        return "number"
    first = next(iter(series.dropna().head(1)), None)
    if told == "stack" or (isinstance(first, Sequence) and not isinstance(first, str | bytes)):
        return "stack"
    if type(first).__name__ == "ndarray":  # what Parquet gives back
        return "stack"
    return "number" if isinstance(first, int | float) else "text"


def _role(name: str, kind: str, inner: bool) -> str:
    if kind == "time":
        return "time"
    if name in ("low", "high"):
        return "bucket"
    return "key" if inner or kind in ("text", "stack") or name in _NAMES else "value"


def _kind(fields: Sequence[Field]) -> str:
    names, types = {field.name for field in fields}, {field.type for field in fields}
    if "stack" in types:
        return "stacks"
    if {"low", "high", "count"} <= names:
        return "hist"
    if "time" not in types:
        return "map"
    return "series" if names & _SUMMED else "events"


def measures(sheet: Sheet) -> list[Field]:
    """Return the columns of numbers that measure something: not keys, not buckets, not process ids and their like."""
    found = [each for each in sheet.fields if each.type in ("number", "duration") and each.role == "value"]
    if sheet.kind != "events":
        return found
    return [each for each in found if each.name not in _NAMES]


def keys(sheet: Sheet) -> list[Field]:
    """Return the columns that say whose a row is: of events, the text columns."""
    if sheet.kind == "events":
        return [each for each in sheet.fields if each.type == "text"]
    return [each for each in sheet.of("key") if each.type != "stack"]


def with_unit(sheet: Sheet, unit: str | None) -> Sheet:
    """Return the sheet with a unit for what is measured that has none: the columns' own is not known after a groupby."""
    if unit is None:
        return sheet
    fields = [
        replace(field, unit=unit)
        if field.role in ("bucket", "value") and field.type == "number" and field.name != "count"
        else field
        for field in sheet.fields
    ]
    return replace(sheet, fields=tuple(fields))


def cumulative(sheet: Sheet) -> bool:
    """Tell whether a map that is printed at intervals goes on adding up: its program is known and never clears it."""
    program, name = sheet.meta.get("program"), sheet.meta.get("table")
    if not program or not name or sheet.named("interval_start"):
        return False
    return not re.search(rf"\b(clear|zero)\s*\(\s*{re.escape(str(name))}\s*\)", str(program))
