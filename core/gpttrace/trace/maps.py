"""One map during a run: what is printed about it, typed dumps and bpftrace's own lines, -> snapshots and its
table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gpttrace.trace.dialect import Dialect
from gpttrace.trace.items import Snapshot, Why
from gpttrace.trace.keys import cells_of, split_key, unescape_key
from gpttrace.trace.mapping import ASKED, CLEARING, EXIT, FINAL, HIDDEN, SERIES
from gpttrace.trace.plan import MapPlan
from gpttrace.trace.table import Table
from gpttrace.trace.tabulate import Key, Raw, logical, tabulate, top
from gpttrace.trace.text import wire_text
from gpttrace.trace.values import any_value, frames_of, frozen, narrow
from gpttrace.trace.wire import Pairs, integer


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a dump: when, how many rows (0: all) divided by what, and why."""

    when: datetime | None
    top: int = 0
    div: int = 0
    why: int = ASKED


State = tuple[datetime | None, Mapping[Key, list[tuple[Any, ...]]]]


@dataclass(slots=True)
class MapState:
    """What is known of one map so far."""

    plan: MapPlan
    dialect: Dialect
    separator: int
    head: Head | None = None
    rows: Raw = field(default_factory=dict)
    got: int = 0
    base: Raw = field(default_factory=dict)
    last: Raw = field(default_factory=dict)
    series: list[State] = field(default_factory=list)
    in_end: dict[Key, list[tuple[Any, ...]]] | None = None
    dumped: Raw | None = None
    dump_whole: bool = True
    printed: Raw | None = None
    ended_at: datetime | None = None
    cut_short: int = 0
    ambiguous: int = 0

    def begin(self, head: Head) -> Snapshot | None:
        """Take the head of a dump; one that is still open ends (its map was empty and printed nothing)."""
        done = self.end()
        self.head, self.rows, self.got = head, {}, 0
        return done

    def row(self, key: Any, value: Any) -> None:
        """Take one row of a typed dump."""
        cell = any_value(value)
        parts = key if isinstance(key, list) and len(self.plan.keys) + self.plan.inner != 1 else [key]
        cells = tuple(map(self._key_cell, parts, self._kinds()))
        self._check(cells, cell)
        self.rows[cells] = cell
        self.got += 1

    def end(self, count: int | None = None) -> Snapshot | None:
        """Take the end of a dump of `count` rows (None: its tail did not arrive); return what is to be shown of it."""
        head, self.head = self.head, None
        if head is None:
            return None
        whole = count == self.got if self.plan.looped else self._believable(self.rows)
        rows, self.rows = self.rows, {}
        if head.why == EXIT:
            self.dumped, self.dump_whole = rows, whole
        elif not whole:
            # bpftrace throws away what is unread when it is stopped. Nothing is missing from the sums: differences
            # are taken from whole dumps only.
            self.cut_short += head.why != HIDDEN
        elif head.why == FINAL:
            self.in_end = top(self._since_clear(rows), self.plan, head.top, head.div)
            return Snapshot(tabulate(self.plan, [(None, self.in_end)], timed=False), "last")
        else:
            return self._snapshot(head, rows)
        return None

    def _believable(self, rows: Raw) -> bool:
        # Nothing after its head: an empty map, or a print that was lost. What is never cleared does not become empty.
        return bool(rows) or not (self.plan.cumulative and self.last)

    def _snapshot(self, head: Head, rows: Raw) -> Snapshot | None:
        shown = top(self._since_clear(rows), self.plan, head.top, head.div)
        if head.why != ASKED:
            self.last = rows
        if head.why in (CLEARING, HIDDEN):
            self.base = rows
        if head.why in (SERIES, CLEARING):
            self.series.append((head.when, shown))
        if head.why == HIDDEN:
            return None
        table = tabulate(self.plan, [(head.when, shown)], timed=True)
        return Snapshot(table, "asked" if head.why == ASKED else "printed")

    def native(self, value: Any, *, at_exit: bool) -> Snapshot | None:
        """Take bpftrace's own line about the map; return the snapshot that it is, unless it is the last one."""
        if at_exit:
            if self.dumped is None or not self.dump_whole:
                self.printed = self._native_rows(value)
            return None
        rows = self._native_rows(value)
        if self.head is not None and not self.plan.looped:
            self.rows = rows
            return self.end()
        # Without signal probes (0.17) bpftrace itself prints all maps on SIGUSR1; what programs print has a head.
        why: Why = "printed" if self.dialect.signal_probes else "asked"
        return Snapshot(tabulate(self.plan, [(None, self._since_clear(rows))], timed=False), why)

    def table(self) -> Table | None:
        """Return the map's table: all snapshots of one that was printed in between, the last state otherwise."""
        self.end()
        last = self._last()
        if self.series:
            more: list[State] = [(self.ended_at, last)] if last else []
            return tabulate(self.plan, [*self.series, *more], timed=True)
        if last is None and self.plan.kind == "values":
            return None
        if not last and self.plan.kind == "count" and not self.plan.keys:
            last = {(): [(0,)]}
        return tabulate(self.plan, [(None, last or {})], timed=False)

    def final(self) -> Snapshot | None:
        """Return the last state of a map that was printed in between: the last rows of its table."""
        last = self._last() if self.series else None
        return Snapshot(tabulate(self.plan, [(self.ended_at, last)], timed=True), "last") if last else None

    def _last(self) -> dict[Key, list[tuple[Any, ...]]] | None:
        # What is there at the exit; what END printed of a map that it then cleared.
        if self.dumped is not None and (self.dump_whole or self.printed is None):
            return self._since_clear(self.dumped)
        if self.printed is not None and (self.in_end is None or not self.plan.ended):
            return self._since_clear(self.printed)
        return self.in_end

    @property
    def incomplete(self) -> bool:
        """True when rows of the last dump were lost, and bpftrace's own line with joined keys had to serve."""
        return self.dumped is not None and not self.dump_whole

    def _since_clear(self, rows: Raw) -> dict[Key, list[tuple[Any, ...]]]:
        if self.plan.cumulative:
            rows = {key: value - self.base.get(key, 0) for key, value in rows.items()}
            rows = {key: value for key, value in rows.items() if value or not key}
        return logical(rows, self.plan)

    def _kinds(self) -> list[str]:
        return [*(each.kind for each in self.plan.keys), *(["int"] if self.plan.inner else [])] or ["any"]

    @staticmethod
    def _key_cell(part: Any, kind: str) -> Any:
        if kind == "stack" and isinstance(part, str):
            return tuple(frames_of(wire_text(part)))
        if kind == "string" and isinstance(part, str):
            return wire_text(part)
        return narrow(any_value(part)) if kind == "int32" else frozen(any_value(part))

    def _check(self, key: Key, value: Any) -> None:
        # What we keep in the copy are whole numbers; a line with anything else is not about it.
        wrong = (self.plan.inner or self.plan.cumulative) and not isinstance(value, int)
        if wrong or (self.plan.inner and (not key or not isinstance(key[-1], int))):
            raise ValueError(f"no value of {self.plan.name}")

    def _native_rows(self, value: Any) -> Raw:
        if not isinstance(value, Pairs) or not (self.plan.keys or self.plan.inner):
            self._check((), cell := self._native_value(value))
            return {(): cell}
        rows: Raw = {}
        for key, each in value:
            cells, cell = self._split(unescape_key(key, self.dialect)), self._native_value(each)
            self._check(cells, cell)
            while cells in rows:  # other keys with the same text: all are shown
                cells = (*cells, len(rows))
            rows[cells] = cell
        return rows

    def _split(self, text: str) -> Key:
        parts = split_key(text, self.plan, self.separator)
        if parts is None:
            self.ambiguous += 1
            return (wire_text(text), *[None] * (len(self.plan.keys) - 1))
        cells = cells_of(parts, self.plan.keys)
        return (*cells, integer(parts[-1])) if self.plan.inner else cells

    def _native_value(self, value: Any) -> Any:
        if isinstance(value, str) and self.plan.kind != "values":
            number = integer(value)
            return value if number is None else number
        if isinstance(value, list) and any(isinstance(each, Pairs) for each in value):
            return [{name: self._native_value(cell) for name, cell in bucket} for bucket in value]
        return any_value(value)
