"""Tables of a run as a client in JavaScript can hold and draw them: few rows, and no number that it would round.

The shape is TABLE of docs/json.md with more beside: there are `total` rows, of which `first` stand before those that are sent
(events: the newest are sent; maps and stacks: the largest values). An integer beyond 2**53 - 1 is sent as a text of its digits:
the column's type says that it is a number. A float that is no number is null. A histogram has `buckets`, one a row: `label`
(`1 µs to 2 µs`), `count`, and `share` of the fullest bucket of the same key, 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpttrace.trace import Table

MOST_ROWS = 200
SAFE = (1 << 53) - 1  # JavaScript holds every integer up to it


def table_json(table: Table, *, first: int = 0, total: int | None = None) -> dict[str, Any]:
    """Return a table cut to its rows that matter most; `first` and `total` count rows that were left out before."""
    total = first + len(table) if total is None else total
    table = table.ranked()
    cut = len(table) - MOST_ROWS
    if cut > 0:
        newest = table.kind in ("events", "series")
        rows = slice(cut, None) if newest else slice(None, MOST_ROWS)
        first += cut if newest else 0
        table = table.picked(range(*rows.indices(len(table))))
    whole = table.to_json()
    whole["rows"] = [[cell(value) for value in row] for row in whole["rows"]]
    whole |= {"first": first, "total": total}
    if table.kind == "hist":
        whole["buckets"] = buckets(table)
    return whole


def cell(value: Any) -> Any:
    """Return one cell as JSON that JavaScript reads without loss."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if -SAFE <= value <= SAFE else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): cell(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [cell(each) for each in value]
    return str(value)


def buckets(table: Table) -> list[dict[str, Any]]:
    """Return the bars of a histogram, one for each row."""
    from gpttrace.explain.amounts import bucket  # words come with the first histogram

    names = table.names
    if not {"low", "high", "count"} <= set(names):
        return []
    low, high, counts = (table.column(name) for name in ("low", "high", "count"))
    unit = next((column.unit for column in table.columns if column.name == "low"), None)
    keys = [table.data[at] for at, column in enumerate(table.columns) if column.role == "key"]
    of = [tuple(str(column[row]) for column in keys) for row in range(len(table))]
    most: dict[tuple[str, ...], int] = {}
    for key, number in zip(of, counts, strict=True):
        most[key] = max(most.get(key, 0), number or 0)
    return [
        {
            "label": bucket(low[row], high[row], unit),
            "count": cell(counts[row]),
            "share": round((counts[row] or 0) / most[of[row]], 4) if most[of[row]] else 0.0,
        }
        for row in range(len(table))
    ]
