"""One table in sentences, by its kind: what is largest, how it adds up, how it spreads, how it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from gpttrace.explain.amounts import amount, bucket, share
from gpttrace.explain.labels import Labels
from gpttrace.trace.columns import ChunkedColumn
from gpttrace.trace.table import Column, Table

_ADDITIVE = ("count", "sum", "total", "value")
_LARGEST = 3
Key = tuple[str, ...]
Bucket = tuple[int | None, int | None, int]


def sentences_of(table: Table, labels: Labels, took_s: float) -> list[str]:
    """Return sentences about a table that has rows, the most telling first."""
    if table.kind == "events":
        return _events(table, labels, took_s)
    if table.kind == "hist":
        return _histograms(table, labels)
    if any(column.role == "time" for column in table.columns):
        return _series(table, labels)
    return _map(table, labels, took_s)


# ---------------------------------------------------------------------------------------------- events


def _events(table: Table, labels: Labels, took_s: float) -> list[str]:
    rows = len(table)
    rate = f", {rows / took_s:,.1f} per second" if took_s > 0 else ""
    lines = [f"{amount(rows, labels.noun)} in {amount(round(took_s * 1e9), 'ns')}{rate}."]
    for index, column in enumerate(table.columns):
        if column.unit in ("ns", "bytes") and (numbers := _numbers(table.data[index])):
            lines.append(_spread(column.name, numbers, column.unit))
        elif column.type == "string" or column.name in (
            "ret",
            "sig",
            "oldstate",
            "newstate",
            "dport",
            "syscall",
        ):
            lines += _most_frequent(table, labels, index)
    return lines


def _numbers(values: Sequence[Any]) -> list[float]:
    return [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


def _spread(name: str, numbers: Sequence[float], unit: str) -> str:
    low, middle, high = min(numbers), median(numbers), max(numbers)
    text = f"{name}: smallest {amount(low, unit, exact=False)}, median {amount(middle, unit, exact=False)}, "
    return text + f"largest {amount(high, unit, exact=False)}, in total {amount(sum(numbers), unit)}."


def _most_frequent(table: Table, labels: Labels, index: int) -> list[str]:
    cells = table.data[index]
    # A flood is counted as it came: as Python objects it would take seconds.
    flood = isinstance(cells, ChunkedColumn) and table.columns[index].type == "string"
    counts = cells.counted() if flood else Counter(map(_hashable, cells))
    if len(counts) == 1:
        return [f"{table.columns[index].name} is always {labels.text(table, index, table.data[index][0])}."]
    first = counts.most_common(_LARGEST)
    if first[0][1] == 1:
        return [f"{len(counts):,} different values of {table.columns[index].name}."]
    named = [f"{labels.text(table, index, value)} {n:,} ({share(n, len(table))})" for value, n in first]
    return [f"Most frequent {table.columns[index].name} of {len(counts):,}: {', '.join(named)}."]


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


# ------------------------------------------------------------------------------------------------ maps


def _map(table: Table, labels: Labels, took_s: float) -> list[str]:
    keys = [i for i, column in enumerate(table.columns) if column.role == "key"]
    index = _value_index(table)
    column = table.columns[index]
    pairs = [(_label(table, labels, row, keys), row[index]) for row in table.rows()]
    numbers = [(label, n) for label, n in pairs if isinstance(n, int | float)]
    if not numbers:
        return [f"{table.name}: {len(pairs):,} rows."]
    if not keys:
        return [_single(table, labels, column, numbers[0][1], took_s)]
    numbers.sort(key=lambda pair: -pair[1])
    if column.name not in _ADDITIVE:
        return [f"{len(numbers):,} rows; the largest {column.name}: {_listed(numbers, column.unit, None)}."]
    total = sum(n for _, n in numbers)
    unit = _unit(column, labels)
    rows = f"{len(numbers):,} row{'s' if len(numbers) != 1 else ''}"
    cut = labels.top is not None and len(numbers) >= labels.top
    lines = [
        f"{amount(total, unit)} in the {rows} shown; there may be more."
        if cut
        else f"In total {amount(total, unit)} in {rows}."
    ]
    if total > 0 and len(numbers) == 1 and not cut:
        lines = [f"In total {amount(total, unit)}, all of {numbers[0][0]}."]
    elif total > 0:
        lines.append(f"Largest are {_listed(numbers, column.unit, total)}.")
        lines += _concentration(numbers, total)
    return lines


def _unit(column: Column, labels: Labels) -> str | None:
    """Return the unit of a value; a count without one counts what the trace is about, other numbers may be anything."""
    return column.unit or (labels.noun if column.name == "count" else None)


def _single(table: Table, labels: Labels, column: Column, number: float, took_s: float) -> str:
    text = amount(number, _unit(column, labels))
    if column.name in _ADDITIVE and took_s > 0 and not column.unit:
        text += f", {number / took_s:,.1f} per second"
    return f"{table.name} is {text}." if labels.noun == "events" else f"{text}."


def _concentration(numbers: Sequence[tuple[str, float]], total: float) -> list[str]:
    """Say how few rows make up most of the total, when they are few."""
    if len(numbers) < 8:
        return []
    sofar, needed = 0.0, 0
    for _, number in numbers:
        sofar, needed = sofar + number, needed + 1
        if sofar >= 0.9 * total:
            break
    return [f"90 % is in {needed} of {len(numbers):,} rows."] if needed <= len(numbers) // 4 else []


def _listed(numbers: Sequence[tuple[str, float]], unit: str | None, total: float | None) -> str:
    first = numbers[:_LARGEST]
    parts = [f"{label}: {amount(n, unit)}" + (f", {share(n, total)}" if total else "") for label, n in first]
    return "; ".join(parts)


def _value_index(table: Table) -> int:
    """Return the column that says most: the total of stats, otherwise the last value."""
    values = [i for i, column in enumerate(table.columns) if column.role == "value"]
    totals = [i for i in values if table.columns[i].name == "total"]
    return (totals or values or [len(table.columns) - 1])[-1]


def _label(table: Table, labels: Labels, row: tuple[Any, ...], keys: Iterable[int]) -> str:
    return " ".join(labels.text(table, i, row[i]) for i in keys)


# ------------------------------------------------------------------------------------------ histograms


def _histograms(table: Table, labels: Labels) -> list[str]:
    names = table.names
    low, high, count = names.index("low"), names.index("high"), names.index("count")
    unit = table.columns[low].unit
    keys = [i for i, column in enumerate(table.columns) if column.role == "key"]
    spread: dict[str, list[Bucket]] = {}
    for row in table.rows():
        spread.setdefault(_label(table, labels, row, keys), []).append((row[low], row[high], row[count] or 0))
    # Several intervals give a bucket more than once; percentiles want them in order.
    merged = {label: _merged(buckets) for label, buckets in spread.items()}
    largest = sorted(merged.items(), key=lambda item: -_events_in(item[1]))
    total = sum(_events_in(buckets) for _, buckets in largest)
    lines = [f"{amount(total, labels.noun)} in {len(largest):,} histogram{'s' if len(largest) != 1 else ''}."]
    for label, buckets in largest[:_LARGEST]:
        lines.append(_percentiles(label, buckets, unit, total))
    return lines


def _merged(buckets: Sequence[Bucket]) -> list[Bucket]:
    counts: dict[tuple[int | None, int | None], int] = {}
    for low, high, count in buckets:
        counts[low, high] = counts.get((low, high), 0) + count
    ordered = sorted(counts.items(), key=lambda item: float("-inf") if item[0][0] is None else item[0][0])
    return [(low, high, count) for (low, high), count in ordered]


def _events_in(buckets: Sequence[Bucket]) -> int:
    return sum(count for _, _, count in buckets)


def _percentiles(label: str, buckets: Sequence[Bucket], unit: str | None, total: int) -> str:
    events = _events_in(buckets)
    at = {name: _percentile(buckets, part) for name, part in (("half", 0.5), ("90 %", 0.9), ("99 %", 0.99))}
    head = f"{label}: {events:,} ({share(events, total)})" if label else f"{events:,} in all"
    p50, p90, p99 = (bucket(low, high, unit) for low, high in at.values())
    return f"{head}; median in {p50}, 90th percentile in {p90}, 99th in {p99}."


def _percentile(buckets: Sequence[Bucket], part: float) -> tuple[int | None, int | None]:
    needed = part * _events_in(buckets)
    sofar = 0
    for low, high, count in buckets:
        sofar += count
        if count and sofar >= needed:
            return low, high
    return buckets[-1][0], buckets[-1][1]


# -------------------------------------------------------------------------------------------- series


def _series(table: Table, labels: Labels) -> list[str]:
    when = next(i for i, column in enumerate(table.columns) if column.role == "time")
    index = _value_index(table)
    column = table.columns[index]
    keys = [i for i, column in enumerate(table.columns) if column.role == "key"]
    per_interval: dict[Any, float] = {}
    per_key: Counter[str] = Counter()
    for row in table.rows():
        number = row[index] if isinstance(row[index], int | float) else 0
        per_interval[row[when]] = per_interval.get(row[when], 0) + number
        if keys:
            per_key[_label(table, labels, row, keys)] += int(number)
    if column.name not in _ADDITIVE:
        return [f"{len(per_interval):,} intervals, {len(table):,} rows of {column.name}."]
    whole = _whole_intervals(per_interval, labels.every)
    unit = _unit(column, labels)
    low, high = (amount(n, column.unit, exact=False) for n in (min(whole), max(whole)))
    mean = amount(sum(whole) / len(whole), unit, exact=False)
    lines = [
        f"{len(whole):,} interval{'s' if len(whole) != 1 else ''}: {low} to {high}, on average {mean} an interval; "
        f"in total {amount(sum(per_interval.values()), unit)}."
    ]
    if per_key and sum(per_key.values()) > 0:
        first = [(label, float(n)) for label, n in per_key.most_common(_LARGEST)]
        listed = "; ".join(f"{label} {share(n, sum(per_key.values()))}" for label, n in first)
        lines.append(f"Largest: {listed}.")
    return lines


def _whole_intervals(per_interval: dict[Any, float], every: int | None) -> list[float]:
    """Return the numbers of the intervals without the last one where the end of the run cut it short."""
    times, numbers = list(per_interval), list(per_interval.values())
    if every is None or len(times) < 2 or not isinstance(times[-1], datetime):
        return numbers
    cut = (times[-1] - times[-2]).total_seconds() * 1e9 < 0.9 * every
    return numbers[:-1] if cut else numbers
