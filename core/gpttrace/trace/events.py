"""The events of one printing statement, column by column: single rows as lists, floods as Arrow blocks.

A block of lines that are all events of one statement goes through Arrow's CSV reader (1 M rows/s); what that cannot
take through one JSON parse of the block (0.4 M rows/s). Python objects are made late, when somebody looks.
"""

from __future__ import annotations

import gc
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from gpttrace.trace.columns import ChunkedColumn, int_type
from gpttrace.trace.flood import Shape, as_csv, read_csv
from gpttrace.trace.formats import parts_of, render_value, renderer
from gpttrace.trace.plan import WHOLE, Field, Kind, Site
from gpttrace.trace.table import Column, Table
from gpttrace.trace.text import text_of
from gpttrace.trace.values import column_type, hex_escaped, reader
from gpttrace.trace.wire import is_quoted_integer

_BIG = 1 << 15  # bytes of a block from which Arrow's start-up is worth it
_BLOCK = 64  # lines from which they are parsed together


class EventStore:
    """Rows of one site. `prefix` is what a line of its events begins with, `suffix` what it ends with."""

    def __init__(self, site: Site, separator: str, clock: int) -> None:
        self.site = site
        self._separator = separator
        self._readers: list[Callable[[Any], Any]] = [reader(field.kind, clock) for field in site.fields]
        self.columns = [ChunkedColumn() for _ in site.fields]
        self.broken: list[
            tuple[int, str]
        ] = []  # lines that were no events after all, by their number among all
        if site.travels == "tuple":
            self.prefix, self.suffix = b'{"type": "value", "data": [%d,' % site.tag, b"]}"
        else:
            text = f"{separator}{site.tag}{separator}"
            self.prefix, self.suffix = (
                b'{"type": "printf", "data": "' + text.encode(),
                separator.encode() + b'"}',
            )

    def __len__(self) -> int:
        return len(self.columns[0])

    def add_lines(self, block: bytes, count: int) -> None:
        """Add `count` whole lines of this site; one that cannot be read is kept as text and is no row."""
        if count >= _BLOCK and self.add_block(block, count):
            return
        for line in block.split(b"\n")[:-1]:
            if not self.add_line(line):
                self.broken.append((len(self) + len(self.broken), text_of(line) + "\n"))

    def add_line(self, line: bytes) -> bool:
        """Add the event of one line; False when it is none."""
        try:
            row = self._cells(self._parse(line))
        except (ValueError, TypeError, OverflowError):
            return False
        self.add_row(row)
        return True

    def add_row(self, row: Sequence[Any]) -> None:
        """Add one row of cells."""
        for column, value in zip(self.columns, row, strict=True):
            column.append(value)

    def add_block(self, block: bytes, count: int) -> bool:
        """Add `count` events, whole lines of this site only; False when one is broken, nothing is added then."""
        if len(block) >= _BIG and self._add_flood(block, count):
            return True
        try:
            rows = self._parse_block(block)
            cells = zip(*rows, strict=True)
            columns = [list(map(read, values)) for read, values in zip(self._readers, cells, strict=True)]
        except (ValueError, TypeError, OverflowError):
            return False
        if len(rows) != count or len(columns) != len(self.columns):
            return False
        for column, values in zip(self.columns, columns, strict=True):
            column.extend(values)
        return True

    # ---------------------------------------------------------------------------- one line, one block

    def _parse(self, line: bytes) -> list[Any]:
        raw = line.decode(errors="surrogateescape")
        if self.site.travels == "tuple":
            return list(json.loads("[" + raw[len(self.prefix) : -1]))
        return self._split(json.loads(raw[len('{"type": "printf", "data": ') : -1]))

    def _cells(self, values: list[Any]) -> list[Any]:
        return [read(value) for read, value in zip(self._readers, values, strict=True)]

    def _split(self, text: str) -> list[Any]:
        values: list[Any] = text.split(self._separator)[2:-1]
        for i, field in enumerate(self.site.fields):
            if field.kind == "bytes":
                values[i] = list(hex_escaped(values[i]))
        return values

    def _parse_block(self, block: bytes) -> list[list[Any]]:
        raw = block.rstrip(b"\n")
        # The cyclic collector would walk the growing result again and again (measured: half of the time).
        enabled = gc.isenabled()
        gc.disable()
        try:
            if self.site.travels == "tuple":
                inner = raw[len(self.prefix) : -len(self.suffix)].replace(
                    self.suffix + b"\n" + self.prefix, b"],["
                )
                return list(json.loads((b"[[" + inner + b"]]").decode(errors="surrogateescape")))
            head = b'{"type": "printf", "data": '
            inner = raw[len(head) : -1].replace(b"}\n" + head, b",")
            return [
                self._split(text)
                for text in json.loads((b"[" + inner + b"]").decode(errors="surrogateescape"))
            ]
        finally:
            if enabled:
                gc.enable()

    def _add_flood(self, block: bytes, count: int) -> bool:
        kinds = self._kinds(block[: block.index(b"\n")])
        if kinds is None:
            return False
        separator = None if self.site.travels == "tuple" else self._separator.encode()
        text = as_csv(block, Shape(self.prefix, self.suffix, separator))
        arrays = None if text is None else read_csv(text, kinds, count)
        if arrays is None:
            return False
        for column, array in zip(self.columns, arrays, strict=True):
            column.add_arrow(array)
        return True

    def _kinds(self, line: bytes) -> list[Kind] | None:
        # Fields of unknown kind are what the first line of the block shows; only numbers and texts can be read fast.
        kinds = [field.kind for field in self.site.fields]
        if "any" in kinds:
            try:
                values = self._parse(line)
            except ValueError:
                return None
            kinds = [
                _shown(value) if kind == "any" else kind for kind, value in zip(kinds, values, strict=False)
            ]
        fast = len(kinds) == len(self.columns) and all(kind in (*WHOLE, "string") for kind in kinds)
        return kinds if fast else None

    # ---------------------------------------------------------------------------------------- results

    def table(self, start: int = 0, count: int | None = None) -> Table:
        """Return the rows from the line on that came as number `start`, those of `count` lines or all."""
        first = self._row(start)
        rows = None if count is None else self._row(start + count) - first
        columns = [column.since(first, rows) for column in self.columns]
        described = tuple(
            Column(
                field.name, self._type(field, column), field.unit, "time" if field.kind == "time" else "value"
            )
            for field, column in zip(self.site.fields, columns, strict=True)
        )
        return Table(self.site.table, "events", described, list(columns))

    def _row(self, number: int) -> int:
        return number - sum(at < number for at, _ in self.broken)

    @staticmethod
    def _type(field: Field, column: ChunkedColumn) -> Any:
        known = int_type(column) if field.kind in (*WHOLE, "any") and len(column) else None
        return known or column.arrow_type() or column_type(field.kind, column)

    def lines(self, start: int = 0, clean: Callable[[str], str] | None = None) -> Iterator[str]:
        """Yield the text that bpftrace would have printed for each line from number `start` on, in order.

        `clean` is applied to every traced text before it is laid out.
        """
        broken = {at: text for at, text in self.broken if at >= start}
        rendered = self._rendered(self._row(start), clean)
        for number in itertools.count(start) if broken else ():
            if number in broken:
                yield broken.pop(number)
                if not broken:
                    break
            else:
                yield next(rendered)
        yield from rendered

    def _rendered(self, first: int, clean: Callable[[str], str] | None) -> Iterator[str]:
        parts = None if self.site.format is None else parts_of(self.site.format)
        line = _value_line if parts is None else renderer(parts)
        forms = [field.form for field in self.site.fields]
        columns: list[Iterable[Any]] = []
        for column, form in zip(self.columns, forms, strict=True):
            cells: Iterable[Any] = column.since(first)
            if clean is not None:
                cells = map(partial(_cleaned, clean), cells)
            columns.append(cells if form is None else map(partial(_clock, form), cells))
        yield from map(line, zip(*columns, strict=True))


def _value_line(row: Sequence[Any]) -> str:
    return render_value(row if len(row) > 1 else row[0]) + "\n"


def _cleaned(clean: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return [_cleaned(clean, each) for each in value] if isinstance(value, list) else value


def _shown(value: Any) -> Kind:
    if type(value) is int:
        return "int"
    return "string" if isinstance(value, str) and not is_quoted_integer(value) else "any"


def _clock(form: str, value: Any) -> str:
    return str(value.astimezone().strftime(form))
