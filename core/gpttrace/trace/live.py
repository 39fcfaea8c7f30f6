"""Live: what a running trace has shown so far, for whoever looks at it from time to time instead of following it.

Rows stay undecoded until somebody asks for them; a table is read by number of row, so that pages do not move while it grows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from gpttrace.language.findings import Finding
from gpttrace.trace.items import Lost, Output, Problem, Rows, Snapshot
from gpttrace.trace.run import Batch
from gpttrace.trace.table import Table

OUTPUT_PIECES = 200


@dataclass(slots=True)
class _Arrived:
    """The events of one printing statement: its blocks, and the number of the first row of each."""

    blocks: list[Rows] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    count: int = 0

    def add(self, rows: Rows) -> None:
        self.blocks.append(rows)
        self.firsts.append(self.count)
        self.count += rows.count


class Live:
    """Takes the batches of one run as they come."""

    def __init__(self) -> None:
        self.maps: dict[str, Table] = {}
        self.output: deque[str] = deque(maxlen=OUTPUT_PIECES)
        self.problems: list[Finding] = []
        self.lost = 0
        self._events: dict[str, _Arrived] = {}

    def take(self, batch: Batch) -> None:
        """Take one batch."""
        for item in batch:
            if isinstance(item, Rows):
                self._events.setdefault(item.name, _Arrived()).add(item)
            elif isinstance(item, Snapshot):
                self.maps[item.table.name] = item.table
            elif isinstance(item, Output):
                self.output.append(item.text)
            elif isinstance(item, Lost):
                self.lost += item.count
            elif isinstance(item, Problem):
                self.problems.append(item.finding)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each table has: printed events, then maps as they were last shown."""
        events = {name: arrived.count for name, arrived in self._events.items()}
        return events | {name: len(table) for name, table in self.maps.items()}

    def events(self, name: str, start: int, count: int) -> Table | None:
        """Return the rows of a printing statement from number `start` on, at most `count`; None when it has none there.

        Decodes what waits, which after a flood may take a second: call it in a thread.
        """
        arrived = self._events.get(name)
        if arrived is None or start >= arrived.count or count < 1:
            return None
        parts = list(self._blocks(arrived, start, start + count))
        cells = [
            list(chain.from_iterable(column)) for column in zip(*(part.data for part in parts), strict=True)
        ]
        skipped = start - arrived.firsts[max(bisect_right(arrived.firsts, start) - 1, 0)]
        data = [column[skipped : skipped + count] for column in cells]
        return Table(name, "events", parts[0].columns, data)

    @staticmethod
    def _blocks(arrived: _Arrived, start: int, stop: int) -> Iterator[Table]:
        for number in range(max(bisect_right(arrived.firsts, start) - 1, 0), len(arrived.blocks)):
            if arrived.firsts[number] >= stop:
                return
            yield arrived.blocks[number].table
