"""Lines -> tables, where that is safe: a header in capitals with rows that fit it, and histograms of powers of two.

A header is believed when every row below it has as many cells; one row that does not fit makes the whole table go, and the lines
remain. Only the last cell may hold blanks, and only when the others keep their types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gpttrace.trace.table import Column, ColumnType, Table

_HEAD_WORD = re.compile(r"[A-Z%][A-Z0-9_%/.#-]+[A-Za-z0-9_%/().]*|[A-Z]")
_CLOCK = re.compile(r"\[?\d\d:\d\d:\d\d\]?")
_BUCKET = re.compile(r"\s*(\d+)\s*->\s*(\d+)\s*:\s*(\d+)\s*\|.*\|\s*")
_BUCKET_HEAD = re.compile(r"\s+(\S[^:]*?)\s+: count\s+distribution")
_TALK = re.compile(r"(Tracing|Attaching|Attached|Detaching|Hit |Sampling|Summarizing|\[?\d\d:\d\d:\d\d\]?).*")
_INTEGER = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
FEWEST = 2  # columns


def read_tables(lines: Sequence[str], name: str) -> tuple[Table, ...]:
    """Return the tables that `lines` plainly hold, the columns' one named `name`."""
    columns = _columns(lines, name)
    return (*([columns] if columns else []), *_histograms(lines))


@dataclass(slots=True)
class _Grid:
    head: list[str]
    rows: list[tuple[int, str]] = field(default_factory=list)
    repeats: int = 0  # how often the header or a clock came again: each begins an interval


def _columns(lines: Sequence[str], name: str) -> Table | None:
    grid: _Grid | None = None
    for line in lines:
        words = line.split()
        if grid is None:
            if _is_head(words):
                grid = _Grid(words)
        elif words == grid.head:
            grid.repeats += bool(grid.rows) and grid.rows[-1][0] == grid.repeats
        elif not words or (_TALK.fullmatch(line.strip()) and len(words) < FEWEST + len(grid.head)):
            if _CLOCK.fullmatch(line.strip()) and grid.rows and grid.rows[-1][0] == grid.repeats:
                grid.repeats += 1
        elif _is_head(words):
            return None  # two kinds of rows
        else:
            grid.rows.append((grid.repeats, line))
    return _table(grid, name) if grid and grid.rows else None


def _is_head(words: Sequence[str]) -> bool:
    return len(words) >= FEWEST and all(_HEAD_WORD.fullmatch(word) for word in words)


def _table(grid: _Grid, name: str) -> Table | None:
    width = len(grid.head)
    split = [line.split(None, width - 1) for _, line in grid.rows]
    if any(len(cells) != width for cells in split):
        return None
    loose = any(" " in cells[-1].strip() for cells in split)
    kinds = [_type([cells[place] for cells in split]) for place in range(width)]
    if loose and not _keeps_types(split, kinds):
        return None
    columns = [Column(head, kind) for head, kind in zip(grid.head, kinds, strict=True)]
    data: list[Any] = [
        [_value(cells[place].strip(), kinds[place]) for cells in split] for place in range(width)
    ]
    if grid.repeats:
        columns.insert(0, Column("interval", "int64", role="key"))
        data.insert(0, [number for number, _ in grid.rows])
    return Table(name, "events", tuple(columns), data)


def _keeps_types(split: Sequence[Sequence[str]], kinds: Sequence[ColumnType]) -> bool:
    # A name with a blank in a middle column would move its second half into a number's place: at least one number must stand
    # before the last column and hold everywhere.
    return len(split) > 1 and any(kind != "string" for kind in kinds[1:-1]) and kinds[-1] == "string"


def _type(cells: Sequence[str]) -> ColumnType:
    if all(_INTEGER.fullmatch(cell.strip()) for cell in cells):
        return "int64"
    return "float" if all(_NUMBER.fullmatch(cell.strip()) for cell in cells) else "string"


def _value(cell: str, kind: ColumnType) -> Any:
    return int(cell) if kind == "int64" else float(cell) if kind == "float" else cell


def _histograms(lines: Sequence[str]) -> Iterator[Table]:
    found: dict[str, list[tuple[str, int, int, int]]] = {}
    title, unit, before = "", "", ""
    for line in lines:
        if head := _BUCKET_HEAD.fullmatch(line):
            unit, title, before = head[1], before, ""
        elif bucket := _BUCKET.fullmatch(line):
            low, high, count = (int(part) for part in bucket.groups())
            found.setdefault(unit or "value", []).append((title, low, high, count))
        elif line.strip() and not line.startswith("avg = "):
            before = line.strip()
    for unit, rows in found.items():
        titles = list(dict.fromkeys(row[0] for row in rows))
        key = [Column("of", "string", role="key")] if len(titles) > 1 else []
        columns = (
            *key,
            *(Column(part, "int64", role="bucket") for part in ("low", "high")),
            Column("count", "int64"),
        )
        table = Table(unit, "hist", columns)
        table.extend(row if key else row[1:] for row in rows)
        yield table
