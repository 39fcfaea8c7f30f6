"""Log: all that a run printed, in the order of printing. Events stay raw bytes, only counted, until somebody looks.

Decoding a flood costs more than everything else that we do while a trace runs (measured: four fifths of it). What
waits is bounded by BACKLOG; beyond that the oldest is decoded.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import RLock

from gpttrace.trace.events import EventStore
from gpttrace.trace.items import Snapshot
from gpttrace.trace.table import Table

BACKLOG = 64 << 20  # bytes: half a million to a million rows of four columns
SEGMENT = 2 << 20  # bytes that are decoded together: larger blocks are no faster, and cost memory
GIVE_BACK = 16 << 20  # bytes of lines after whose decoding their memory is given back to the system

Clean = Callable[[str], str]


@dataclass(slots=True)
class Segment:
    """Consecutive events: raw lines and how many of which store, or, once decoded, the store of each in `order`."""

    raw: list[bytes | memoryview] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    size: int = 0
    order: array[int] | None = None


class Log:
    """Texts, snapshots and events of some stores; `store_of` tells the index of the store of one whole line.

    Events are read in one thread and may be looked at in another.
    """

    def __init__(self, stores: Sequence[EventStore], store_of: Callable[[bytes], int]) -> None:
        self.stores = stores
        self.arrived = [0] * len(stores)
        self._store_of = store_of
        self._entries: list[str | Snapshot | Segment] = []
        self._open: Segment | None = None  # the last entry, when it is raw events and may grow
        self._waiting: deque[Segment] = deque()
        self._backlog = 0
        self._seen = 0
        self._told = [0] * len(stores)
        self._lock = RLock()

    # ------------------------------------------------------------------------------------- writing

    def add(self, entry: str | Snapshot) -> None:
        """Add a text or a snapshot."""
        with self._lock:
            self._open = None
            self._entries.append(entry)

    def add_row(self, index: int) -> None:
        """Add one event that its store has already."""
        with self._lock:
            if self._open is None or self._open.order is None:
                self._open = Segment(order=array("H"))
                self._entries.append(self._open)
            assert self._open.order is not None
            self._open.order.append(index)
            self.arrived[index] += 1

    def add_events(self, raw: bytes | memoryview, counts: Mapping[int, int]) -> None:
        """Add whole lines that are all events, `counts` of each store."""
        with self._lock:
            fits = (
                self._open is not None and self._open.order is None and self._open.size + len(raw) <= SEGMENT
            )
            if self._open is None or not fits:
                self._open = Segment()
                self._entries.append(self._open)
                self._waiting.append(self._open)
            self._open.raw.append(raw)
            self._open.size += len(raw)
            self._backlog += len(raw)
            for index, count in counts.items():
                self._open.counts[index] = self._open.counts.get(index, 0) + count
                self.arrived[index] += count
            while self._backlog > BACKLOG:
                self._decode_oldest()

    # ------------------------------------------------------------------------------------- decoding

    def settle(self) -> None:
        """Decode all that waits."""
        with self._lock:
            given = self._backlog
            while self._waiting:
                self._decode_oldest()
                if given - self._backlog > GIVE_BACK:
                    given = self._backlog
                    _give_back()

    def _decode_oldest(self) -> None:
        segment = self._waiting.popleft()
        if segment is self._open:
            self._open = None
        self._backlog -= segment.size
        block, segment.raw = b"".join(segment.raw), []
        counts, segment.counts = segment.counts, {}
        if len(counts) == 1:
            ((index, count),) = counts.items()
            self.stores[index].add_lines(block, count)
            segment.order = array("H", [index]) * count
            return
        lines = [line + b"\n" for line in block.split(b"\n")[:-1]]
        segment.order = array("H", map(self._store_of, lines))
        mine: dict[int, list[bytes]] = {}
        for index, line in zip(segment.order, lines, strict=True):
            mine.setdefault(index, []).append(line)
        for index, each in mine.items():
            self.stores[index].add_lines(b"".join(each), len(each))

    # -------------------------------------------------------------------------------------- reading

    def table(self, index: int, start: int, count: int) -> Table:
        """Return `count` of the events of a store from the one on that arrived as number `start`."""
        self.settle()
        return self.stores[index].table(start, count)

    def pieces(self) -> Iterator[str]:
        """Yield all texts and events as bpftrace prints them, without maps."""
        self.settle()
        shown = [store.lines() for store in self.stores]
        for piece in self._render(self._entries, shown):
            if isinstance(piece, str):
                yield piece

    def fresh(self, clean: Clean) -> Iterator[str | Table]:
        """Yield what was not yielded before, maps in their places; `clean` is applied to texts that were traced."""
        with self._lock:
            self.settle()
            self._open = None
            entries, told = self._entries[self._seen :], self._told
            self._seen, self._told = len(self._entries), list(self.arrived)
        shown = [store.lines(start, clean) for store, start in zip(self.stores, told, strict=True)]
        yield from self._render(entries, shown)

    @staticmethod
    def _render(
        entries: Sequence[str | Snapshot | Segment], shown: list[Iterator[str]]
    ) -> Iterator[str | Table]:
        for entry in entries:
            if isinstance(entry, Segment):
                for index in entry.order or ():
                    yield next(shown[index])
            elif isinstance(entry, str):
                yield entry
            elif entry.why != "asked":
                yield entry.table


def _give_back() -> None:
    # glibc keeps what was freed between other blocks: raw lines and tables together would be four times the data.
    import ctypes

    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
