"""Values of a map by key -> a Table: one row per key, per bucket of a key, or per interval of a time series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from gpttrace.trace.buckets import hist_rows, lhist_rows
from gpttrace.trace.fields import distinct
from gpttrace.trace.keys import settle
from gpttrace.trace.plan import WHOLE, Field, MapPlan
from gpttrace.trace.table import Column, ColumnType, Kind, Table
from gpttrace.trace.values import column_type, thawed

Key = tuple[Any, ...]
# Key cells (stacks as tuples), the inner part last where there is one.
Raw = dict[Key, Any]
_VALUES: dict[str, tuple[str, ...]] = {
    "hist": ("low", "high", "count"),
    "lhist": ("low", "high", "count"),
    "stats": ("count", "average", "total"),
    "tseries": ("interval_start", "value"),
    "values": ("value",),
}


def logical(raw: Mapping[Key, Any], plan: MapPlan) -> dict[Key, list[tuple[Any, ...]]]:
    """Return the value rows of each key: several for histograms and series, one otherwise."""
    if not plan.inner:
        return {key: value_rows(value, plan) for key, value in raw.items()}
    grouped: dict[Key, dict[int, int]] = {}
    for key, value in raw.items():
        grouped.setdefault(key[:-1], {})[key[-1]] = value
    return {key: rows for key, parts in grouped.items() if (rows := _inner_rows(parts, plan))}


def _inner_rows(parts: dict[int, int], plan: MapPlan) -> list[tuple[Any, ...]]:
    if plan.kind == "hist":
        return list(hist_rows(parts, plan.span[0]))
    if plan.kind == "lhist":
        low, high, step = plan.span
        return list(lhist_rows(parts, low, high, step))
    count, total = parts.get(0, 0), parts.get(1, 0)
    # As bpftrace divides: towards zero.
    average = abs(total) // count * (-1 if total < 0 else 1) if count else 0
    if not count:
        return []
    return [(count, average, total)] if plan.kind == "stats" else [(average,)]


def value_rows(value: Any, plan: MapPlan) -> list[tuple[Any, ...]]:
    """Return the rows of one value as bpftrace itself prints it."""
    if plan.kind in ("hist", "lhist") and isinstance(value, list):
        return [(bucket.get("min"), bucket.get("max"), bucket.get("count")) for bucket in value]
    if plan.kind == "tseries" and isinstance(value, list):
        return [(_local_time(entry.get("interval_start")), entry.get("value")) for entry in value]
    if plan.kind == "stats" and isinstance(value, dict):
        return [(value.get("count"), value.get("average"), value.get("total"))]
    return [(value,)]


def _local_time(text: Any) -> datetime | None:
    # bpftrace writes local time without a zone, with nine digits.
    try:
        return datetime.fromisoformat(str(text)[:26]).astimezone()
    except ValueError:
        return None


def weight(rows: Sequence[tuple[Any, ...]], plan: MapPlan) -> Any:
    """Return the number by which keys are put in order: events of a histogram, the value otherwise."""
    if plan.kind in ("hist", "lhist"):
        return sum(row[2] or 0 for row in rows)
    if plan.kind == "tseries":
        return 0
    number = rows[0][-1] if rows else 0
    return number if isinstance(number, int | float) else 0


def ordered(
    values: Mapping[Key, list[tuple[Any, ...]]], plan: MapPlan
) -> list[tuple[Key, list[tuple[Any, ...]]]]:
    """Return keys and rows, the largest first, equal ones by key."""
    return sorted(values.items(), key=lambda item: (-weight(item[1], plan), str(item[0])))


def top(
    values: Mapping[Key, list[tuple[Any, ...]]], plan: MapPlan, count: int, div: int
) -> dict[Key, list[tuple[Any, ...]]]:
    """Return what print(@m, count, div) shows: the largest keys, each value divided."""
    kept = ordered(values, plan)[: count or None]
    if div > 1 and plan.kind not in ("hist", "lhist", "tseries"):
        return {key: [tuple(_divided(cell, div) for cell in row) for row in rows] for key, rows in kept}
    return dict(kept)


def _divided(cell: Any, div: int) -> Any:
    return abs(cell) // div * (-1 if cell < 0 else 1) if isinstance(cell, int) else cell


def columns_of(plan: MapPlan) -> tuple[list[Field], list[Field]]:
    """Return the key and value columns of a map."""
    names = _VALUES.get(plan.kind, (plan.kind,))
    bucket = plan.kind in ("hist", "lhist")
    values = [
        Field(
            n, unit=plan.unit if n not in ("count", "interval_start") and (bucket or n != "count") else None
        )
        for n in names
    ]
    return list(plan.keys), values


def tabulate(
    plan: MapPlan,
    snapshots: Iterable[tuple[datetime | None, Mapping[Key, list[tuple[Any, ...]]]]],
    *,
    timed: bool,
) -> Table:
    """Return one table of a map: of its one snapshot, or of several with the time of each."""
    keys, values = columns_of(plan)
    fields = [*([Field("time", "time")] if timed else []), *keys, *values]
    columns: list[list[Any]] = [[] for _ in fields]
    for row in _rows(plan, snapshots, timed=timed):
        for column, cell in zip(columns, row, strict=True):
            column.append(cell)
    first = 1 if timed else 0
    settle(columns[first : first + len(keys)], plan.keys)
    described = tuple(
        Column(name, _type(field, plan, column), field.unit, _role(i, first, len(keys), field, plan))
        for i, (name, field, column) in enumerate(
            zip(_names(fields[:first], keys, values), fields, columns, strict=True)
        )
    )
    return Table(plan.name, _kind(plan, timed=timed), described, columns)


def _names(time: list[Field], keys: list[Field], values: list[Field]) -> list[str]:
    # A key that happens to be called `count` or `value` gives way: the value columns have their names by contract.
    fixed = len(time) + len(values)
    names = distinct(field.name for field in [*time, *values, *keys])
    return [*names[: len(time)], *names[fixed:], *names[len(time) : fixed]]


def _rows(
    plan: MapPlan, snapshots: Iterable[tuple[datetime | None, Mapping[Key, Any]]], *, timed: bool
) -> Iterator[list[Any]]:
    width, values_width = len(plan.keys), len(columns_of(plan)[1])
    for when, values in snapshots:
        for key, rows in ordered(values, plan):
            cells = list(map(thawed, key[:width]))
            cells += [None] * (width - len(cells))
            for row in rows:
                padded = (*row, *[None] * values_width)[:values_width]
                yield [*([when] if timed else []), *cells, *padded]


def _type(field: Field, plan: MapPlan, column: list[Any]) -> ColumnType:
    if field.name == "interval_start" and plan.kind == "tseries":
        return "time"
    return column_type(field.kind if field.kind not in WHOLE else "any", column)


def _role(index: int, first: int, keys: int, field: Field, plan: MapPlan) -> Any:
    if index < first or (field.name == "interval_start" and plan.kind == "tseries"):
        return "time"
    if index < first + keys:
        return "key"
    return "bucket" if field.name in ("low", "high") and plan.kind in ("hist", "lhist") else "value"


def _kind(plan: MapPlan, *, timed: bool) -> Kind:
    if plan.kind in ("hist", "lhist"):
        return "hist"
    if timed or plan.kind == "tseries":
        return "series"
    if any(field.kind == "stack" for field in plan.keys):
        return "stacks"
    return "map" if plan.keys else "scalar"
