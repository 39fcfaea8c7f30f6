"""Printing events as they come: rows under a header that is repeated when another table speaks, other text as it is; or
the text of a user's own program, as bpftrace lays it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gpttrace.cli.text import MOST_ROWS, cell, is_number, printable, table_text
from gpttrace.trace import Output, Rows, Snapshot
from gpttrace.trace.table import Table

_LAYOUT = re.compile("([\n\t])")
_WIDE_TEXT, _WIDE_NUMBER = 16, 7


class RowPrinter:
    """Remembers which table spoke last and how wide its columns are; `shown` names the maps shown in full."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.shown: set[str] = set()
        self._write = write
        self._speaking: str | None = None
        self._widths: dict[str, list[int]] = {}

    def show(self, item: Rows | Output | Snapshot) -> None:
        """Print one item of a batch."""
        if isinstance(item, Rows):
            self._rows(item.table)
            return
        if isinstance(item, Snapshot) and not _is_interval(item):
            return  # asked for by the live view, or shown with the result
        self._speaking = None
        if isinstance(item, Output):
            for line in item.text.removesuffix("\n").split("\n"):
                self._write(printable(line) + "\n")
        else:
            self.shown.add(item.table.name)
            self._write(snapshot_text(item.table) + "\n")

    def _rows(self, table: Table) -> None:
        rows = [[cell(value) for value in row] for row in table.rows()]
        numeric = [is_number(column) for column in table.columns]
        widths = self._widths.setdefault(
            table.name, [_WIDE_NUMBER if number else _WIDE_TEXT for number in numeric]
        )
        head = [list(table.names)] if self._speaking != table.name else []
        for row in [*head, *rows]:
            for place, text in enumerate(row):
                widths[place] = max(widths[place], min(len(text), 40))
        self._speaking = table.name
        for row in [*head, *rows]:
            self._write(padded(row, widths, numeric) + "\n")


class TextPrinter:
    """Prints pieces of text and maps in order; `maps` are the names of those shown."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._within_line = False
        self.maps: set[str] = set()

    def show(self, pieces: Iterable[str | Table]) -> None:
        """Print what is new; a map begins on a line of its own."""
        shown = []
        for piece in pieces:
            if isinstance(piece, Table):
                self.maps.add(piece.name)
                shown.append(
                    ("\n" if self._within_line else "") + snapshot_text(piece, most_rows=None) + "\n"
                )
                self._within_line = False
            elif piece:
                shown.append(laid_out(piece))
                self._within_line = not piece.endswith("\n")
        self._write("".join(shown))

    def end(self) -> None:
        """End a line that the program left open: what follows is ours."""
        if self._within_line:
            self._write("\n")
            self._within_line = False


def _is_interval(item: Snapshot) -> bool:
    # The rest of a series, printed when the trace ends, belongs to what was shown before it.
    return item.why == "printed" or (item.why == "last" and "time" in item.table.names)


def snapshot_text(table: Table, *, most_rows: int | None = MOST_ROWS) -> str:
    """Render a map as it was at one moment: the moment stands in the title instead of in every row."""
    place = next((i for i, column in enumerate(table.columns) if column.role == "time"), None)
    if place is None or table.kind not in ("series", "hist") or len(set(table.data[place])) != 1:
        return table_text(table, most_rows=most_rows)
    rest = [i for i in range(len(table.columns)) if i != place]
    at_once = Table(
        f"{table.name} at {cell(table.data[place][0])}",
        "hist" if table.kind == "hist" else "scalar" if len(rest) == 1 else "map",
        tuple(table.columns[i] for i in rest),
        [table.data[i] for i in rest],
    )
    return table_text(at_once, most_rows=most_rows)


def laid_out(text: str) -> str:
    """Return text with its own lines and tabs, and every other control character as an escape."""
    if text.removesuffix("\n").isprintable():
        return text
    return "".join(part if part in ("\n", "\t") else printable(part) for part in _LAYOUT.split(text))


def padded(row: list[str], widths: list[int], numeric: list[bool]) -> str:
    """Lay out one row; the last column is never padded and nothing is shortened: events are data."""
    parts = [
        text.rjust(width) if number else text.ljust(width)
        for text, width, number in zip(row, widths, numeric, strict=True)
    ]
    return "  ".join(parts).rstrip()
