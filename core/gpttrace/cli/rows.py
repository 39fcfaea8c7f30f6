"""Printing events as they come: rows under a header that is repeated when another table speaks, other text as it is; or
the text of a user's own program, as bpftrace lays it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gpttrace.cli.text import align, cell, printable, table_text
from gpttrace.trace import Output, Rows, Snapshot
from gpttrace.trace.table import Table

_LAYOUT = re.compile("([\n\t])")
_WIDE_TEXT, _WIDE_NUMBER = 16, 7


class RowPrinter:
    """Remembers which table spoke last and how wide its columns are."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._speaking: str | None = None
        self._widths: dict[str, list[int]] = {}

    def show(self, item: Rows | Output | Snapshot) -> None:
        """Print one item of a batch."""
        if isinstance(item, Rows):
            self._rows(item.table)
            return
        if isinstance(item, Snapshot) and item.why != "printed":
            return  # asked for by the live view, or shown with the result
        self._speaking = None
        if isinstance(item, Output):
            for line in item.text.removesuffix("\n").split("\n"):
                self._write(printable(line) + "\n")
        else:
            self._write(table_text(item.table) + "\n")

    def _rows(self, table: Table) -> None:
        rows = [[cell(value) for value in row] for row in table.rows()]
        numeric = [column.type in ("int64", "uint64", "float") for column in table.columns]
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
                shown.append(("\n" if self._within_line else "") + table_text(piece) + "\n")
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


__all__ = ["RowPrinter", "TextPrinter", "align", "laid_out", "padded"]
