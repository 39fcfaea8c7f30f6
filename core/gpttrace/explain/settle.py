"""Settle: what goes without saying in a follow-up question: which number is meant, and by what rows are told apart."""

from __future__ import annotations

from gpttrace.explain.asked import Reading
from gpttrace.explain.figures import adds_up, base_of
from gpttrace.explain.operation import NUMERIC, How


def settle(reading: Reading) -> None:
    """Fill in what goes without saying: which number is meant, and by what rows are told apart."""
    called, table = reading.called, reading.table
    if len({each.column for each in reading.filters}) > 1 and any(
        word.text.lower() == "or" for word in reading.words
    ):
        reading.problems.append("`or` is understood between values of one column")
    keys = [column.name for column in called.keys]
    if reading.how == "share" and not reading.filters and not reading.group:
        reading.group = [reading.entity] if reading.entity else ([] if table.kind == "events" else keys)
        reading.ranked = True
    if reading.ranked and not reading.group:
        _settle_ranking(reading, keys)
    if reading.group and reading.how is None:
        _settle_group(reading)
    if reading.how == "count" and table.kind != "events" and "count" in table.names:
        # The rows of a map are not what happened: their counts are.
        reading.how, reading.column = "sum", "count"
    if reading.how in ("sum", "mean", "median", "min", "max") and reading.column is None:
        _settle_column(reading)
    if reading.how == "share" and reading.column is None and table.kind != "events":
        reading.column = called.value.name if called.value is not None else None
    if reading.how is not None:
        _settle_order(reading)
    elif reading.ranked and reading.sort is None:
        _settle_sort(reading)


def _settle_ranking(reading: Reading, keys: list[str]) -> None:
    """`top 5 processes` of a table with more keys, or of events, is about the sums by process."""
    entity = reading.entity
    by_rows = reading.table.kind not in ("events", "hist") and (entity is None or keys == [entity])
    if entity is None and reading.table.kind == "hist" and keys:
        entity = keys[0]
    if reading.how is not None and reading.how != "share":
        if entity is None and (reading.top is not None or reading.sort is not None):
            reading.problems.append(f"say of what the {reading.how} is ranked: {', '.join(keys)}")
        reading.group = [entity] if entity is not None else []
    elif reading.how is None and entity is not None and not by_rows:
        reading.group = [entity]


def _settle_group(reading: Reading) -> None:
    column = None
    if reading.sort is None and reading.named is not None:
        column = next(c for c in reading.table.columns if c.name == reading.named)
        if reading.table.kind == "events" and base_of(column)[0] != "bytes" and not reading.ranked:
            reading.problems.append(
                f"say what of {column.name}: its sum, average, median, largest or smallest"
            )
    elif reading.sort is not None and reading.sort in reading.table.names:
        column = next(c for c in reading.table.columns if c.name == reading.sort)
    elif reading.table.kind == "hist":
        column = next((c for c in reading.table.columns if c.name == "count"), None)
    elif reading.table.kind != "events":
        column = reading.called.value
    if column is None:
        reading.how = "count"
        return
    most: How = "max" if reading.descending else "min"
    each = reading.implied and reading.entity is None  # `longest latency per process` is one for each
    if each:
        reading.top = None
    timed = base_of(column)[0] == "ns" and reading.table.kind == "events" and reading.top == 1
    reading.how = "sum" if adds_up(reading.table, column) and not timed and not each else most
    reading.column = column.name
    reading.ranked = True


def _settle_column(reading: Reading) -> None:
    value = reading.called.value
    if value is None:
        numbers = [
            c.name for c in reading.table.columns if c.type in NUMERIC and not reading.called.is_key(c)
        ]
        reading.problems.append(
            "say of which column: " + ", ".join(numbers) if numbers else "no column holds amounts"
        )
        return
    reading.column = value.name


def _settle_order(reading: Reading) -> None:
    """Sort what was measured by what it came to."""
    name = (reading.how or "") if reading.how != "distinct" else f"different_{reading.column}"
    if reading.group:
        asked = reading.sort in reading.group
        reading.sort = reading.sort if asked else (f"{name}_" if name in reading.group else name)
    else:
        reading.sort = reading.top = None


def _settle_sort(reading: Reading) -> None:
    value = reading.called.value
    if value is None:
        numbers = [
            c.name for c in reading.table.columns if c.type in NUMERIC and not reading.called.is_key(c)
        ]
        reading.problems.append("say by which column: " + ", ".join(numbers or reading.table.names))
        return
    reading.sort = value.name
