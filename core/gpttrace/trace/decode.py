"""Decoder: what a bpftrace prints -> typed tables, text in order, losses and problems; bytes in chunks of any size.

Never raises on what arrives: a line that is no JSON of bpftrace's is text of the traced command, half a line is
kept as text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from gpttrace.language.findings import Finding
from gpttrace.trace.events import EventStore
from gpttrace.trace.formats import Lines
from gpttrace.trace.items import Item, Lost, Output, Problem, Ready, Rows, Snapshot
from gpttrace.trace.log import Clean, Log
from gpttrace.trace.messages import problem_of
from gpttrace.trace.plan import END_REACHED, EXITING, Field, Plan, Site
from gpttrace.trace.run_maps import EXACT, RunMaps
from gpttrace.trace.table import Table
from gpttrace.trace.text import text_of, wire_text
from gpttrace.trace.values import any_value
from gpttrace.trace.wire import Pairs, Record, Wire, integer

_OURS = "@__gpttrace_"
_VALUE, _PRINTF = b'{"type": "value", "data": [', b'{"type": "printf", "data": "'
_TEXTS = frozenset(("time", "cat", "join", "syscall"))
_MAPS = frozenset(("map", "stats", "hist", "tseries", "lhist"))
_PROBLEMS = frozenset(("helper_error", "runtime_error", "errorf", "warnf"))


class Decoder:
    """Reads the output of one run of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ready = False
        self.problems: list[Finding] = []
        self.reported_lost = 0
        self._wire = Wire(plan.dialect)
        self._rest = b""
        self._ended = False
        self._counts: dict[str, int] = {}
        self._at_exit: dict[str, int | None] = {}
        self._seen_problems: dict[Any, int] = {}
        travelling = [site for site in plan.sites if site.travels != "plain"]
        plain = [site for site in plan.sites if site.travels == "plain"]
        alone = (
            plain[0] if len(plain) == 1 else Site(0, "print", "plain", None, (Field("value"),), None, 0, 0)
        )
        self._by_number = {site.tag - plan.tag: index for index, site in enumerate(travelling)}
        self._stores = [EventStore(site, plan.separator, plan.clock) for site in (*travelling, alone)]
        self._plain = len(travelling)
        self._log = Log(self._stores, self._store_of)
        self._maps = RunMaps(plan)
        self._value_head = _VALUE + str(plan.tag // 1000).encode()
        self._bare_head = f"{plan.separator}{plan.tag // 1000}".encode()
        self._text_head = _PRINTF + self._bare_head
        self._heads = re.compile(
            b"(?:%b|%b)([0-9]{3})" % (re.escape(self._value_head), re.escape(self._text_head))
        )
        prefixes = [re.escape(store.prefix) for store in self._stores[: self._plain]]
        self._event = re.compile(b"|".join(prefixes) or b"(?!)")
        self._other = re.compile(b"\n(?!%b)" % self._event.pattern) if prefixes else re.compile(b"\n")

    # ------------------------------------------------------------------------------------ reading

    def feed(self, chunk: bytes) -> list[Item]:
        """Take output as it arrives; return what became known with it."""
        first, cut = 0, chunk.rfind(b"\n") + 1
        if not cut:
            self._rest += chunk
            return []
        before = list(self._log.arrived)
        items: list[Item] = []
        if self._rest:  # only the line that is now whole is put together: a large chunk is not copied
            first = chunk.index(b"\n") + 1
            whole = self._rest + chunk[:first]
            self._read(whole, 0, len(whole), items)
        self._read(chunk, first, cut, items)
        self._rest = chunk[cut:]
        return [*items, *self._rows_since(before)]

    def close(self) -> list[Item]:
        """Take the end of the output; half a line is kept as text."""
        items = self.feed(b"\n") if self._rest else []
        for snapshot in (*self._maps.end_all(None), *self._maps.finals()):
            self._show(snapshot, items)
        return items

    def settle(self) -> None:
        """Decode the events that were only counted; happens by itself where they are looked at."""
        self._log.settle()

    def _rows_since(self, before: list[int]) -> Iterator[Rows]:
        for index, (start, now) in enumerate(zip(before, self._log.arrived, strict=True)):
            if now > start:
                read = partial(self._log.table, index, start, now - start)
                yield Rows(self._stores[index].site.table, now - start, read)

    def _read(self, data: bytes, start: int, stop: int, items: list[Item]) -> None:
        # A flood is nearly always of one statement: no line of it is looked at one by one.
        if self._take_events(data, start, stop):
            return
        while start < stop:
            if self._event.match(data, start, stop):
                other = self._other.search(data, start, stop)
                end = other.end() if other else stop
                if not self._take_events(data, start, end):
                    self._take_lines(data[start:end], items)
            else:
                end = data.index(b"\n", start) + 1
                self._read_line(data[start : end - 1], items)
            start = end

    def _take_lines(self, block: bytes, items: list[Item]) -> None:
        # One of them was cut short: output was dropped because nobody read it.
        for line in block.split(b"\n")[:-1]:
            if not self._take_events(line + b"\n", 0, len(line) + 1):
                self._say(text_of(line) + "\n", items)

    def _take_events(self, data: bytes, start: int, stop: int) -> bool:
        # Whole events only; what makes one whole is what it begins and ends with, the rest is looked at later.
        number = self._number(data, start)
        index = None if number is None else self._by_number.get(number)
        if index is None:
            return False
        store, lines = self._stores[index], data.count(b"\n", start, stop)
        end = store.suffix + b"\n"
        alone = data.startswith(store.prefix, start) and data.endswith(end, start, stop)
        alone = alone and data.count(end + store.prefix, start, stop) == lines - 1
        counts = {index: lines} if alone else self._counted(data, start, stop, lines)
        if counts is None:
            return False
        self._wire.saw(data, start, stop)
        # A view, not a copy; but a small part would keep a large chunk alive.
        large = stop - start > len(data) // 2
        self._log.add_events(memoryview(data)[start:stop] if large else data[start:stop], counts)
        return True

    def _counted(self, data: bytes, start: int, stop: int, lines: int) -> Mapping[int, int] | None:
        # Quotes inside of values are escaped, so a head is nowhere but at the beginning of an event.
        if lines < 2:
            return None
        ends: Counter[bytes] = Counter()
        counts: dict[int, int] = {}
        for digits, count in Counter(self._heads.findall(data, start, stop)).items():
            index = self._by_number.get(int(digits))
            if index is None:
                return None
            counts[index] = count
            ends[self._stores[index].suffix] += count
        whole = all(data.count(end + b"\n", start, stop) == count for end, count in ends.items())
        return counts if whole and sum(counts.values()) == lines else None

    def _store_of(self, line: bytes) -> int:
        number = self._number(line)
        assert number is not None  # such lines only are among the log's events
        return self._by_number[number]

    def _number(self, line: bytes, start: int = 0) -> int | None:
        # The last three digits of an event's tag, None when the line is no event of ours.
        match = self._heads.match(line, start)
        return int(match[1]) if match else None

    def _read_line(self, line: bytes, items: list[Item]) -> None:
        if line.startswith(self._bare_head):
            event = _wrapped(line)
            if self._take_events(event, 0, len(event)):
                return
        number = self._number(line)
        if number is None:
            self._read_record(line, items)
        else:
            self._wire.saw(line)
            self._read_map_event(number, line, items)

    # ---------------------------------------------------------------------------------- map events

    def _read_map_event(self, number: int, line: bytes, items: list[Item]) -> None:
        record = self._wire.read(line)
        values = record.data if record is not None and isinstance(record.data, list) else []
        if number == EXITING:
            names = [site.counter for site in self.plan.sites if site.counter is not None]
            self._at_exit = self._at_exit or dict(zip(names, map(integer, values[1:]), strict=False))
        elif number == END_REACHED:
            self._ended = True
            for snapshot in self._maps.end_all(integer(values[1]) if len(values) == 2 else None):
                self._show(snapshot, items)
        elif (shown := self._maps.event(number, values)) is not None:
            for snapshot in shown:
                self._show(snapshot, items)
        else:
            self._say(text_of(line) + "\n", items)

    # ------------------------------------------------------------------------------------- records

    def _read_record(self, line: bytes, items: list[Item]) -> None:
        record = self._wire.read(line)
        if record is None:
            if line:
                self._say(text_of(line) + "\n", items)
        elif record.kind == "printf":
            self._printf(record, items)
        elif record.kind == "value":
            self._value(record.data)
        elif record.kind in _MAPS and isinstance(record.data, Pairs):
            for name, value in record.data:
                if not self._map(name, record.kind, value, items):
                    self._say(text_of(line) + "\n", items)
        elif record.kind in _TEXTS:
            # join() alone ends its line by itself (measured: 0.17.0, 0.23.2, 0.27.1).
            end = "\n" if record.kind == "join" else ""
            self._say(wire_text(str(record.data)) + end, items)
        elif record.kind == "lost_events":
            count = integer(record.data.get("events")) or 0 if isinstance(record.data, Pairs) else 0
            self.reported_lost += count
            items.append(Lost(count))
        elif record.kind in _PROBLEMS and isinstance(record.data, Pairs):
            self._problem(record, items)
        elif record.kind != "attached_probes":
            self._say(text_of(line) + "\n", items)

    def _printf(self, record: Record, items: list[Item]) -> None:
        marker = self.plan.ready_marker
        if marker is not None and not self.ready and record.data == marker + "\n":
            self.ready = True
            items.append(Ready())
        else:
            self._say(wire_text(str(record.data)), items)

    def _value(self, data: Any) -> None:
        store = self._stores[self._plain]
        width = len(store.columns)
        row = (
            [any_value(each) for each in data] if width > 1 and isinstance(data, list) else [any_value(data)]
        )
        if len(row) != width:
            row = [*row, *[None] * width][:width]
        store.add_row(row)
        self._log.add_row(self._plain)

    def _map(self, name: str, kind: str, value: Any, items: list[Item]) -> bool:
        if name.startswith(_OURS):
            self._counts[name] = integer(value) or 0
            return True
        try:
            snapshot = self._maps.native(name, kind, value, at_exit=self._ended or self.plan.level < EXACT)
        except (ValueError, TypeError):
            return False
        if snapshot is not None:
            self._show(snapshot, items)
        return True

    def _problem(self, record: Record, items: list[Item]) -> None:
        found = problem_of(record.kind, record.data, self.plan)
        if found is None:
            return
        times = self._seen_problems.get(found, 0)
        self._seen_problems[found] = times + 1
        if not times:
            self.problems.append(found)
            items.append(Problem(found))

    def _say(self, text: str, items: list[Item]) -> None:
        self._log.add(text)
        items.append(Output(text))

    def _show(self, snapshot: Snapshot, items: list[Item]) -> None:
        self._log.add(snapshot)
        items.append(snapshot)

    # ------------------------------------------------------------------------------------- results

    @property
    def rows(self) -> int:
        """How many events became rows."""
        return sum(map(self._arrived, range(len(self._stores))))

    def _arrived(self, index: int) -> int:
        return self._log.arrived[index] - len(self._stores[index].broken)

    @property
    def lost(self) -> int:
        """How many events were emitted but did not arrive: exact at the end, before that what bpftrace admits.

        Those that bpftrace throws away unread when it is stopped in the middle of a flood are among them.
        """
        if not self._ended:
            return self.reported_lost
        lost = 0
        for index, store in enumerate(self._stores):
            if store.site.counter is not None:
                emitted = self._at_exit.get(store.site.counter)
                if emitted is None:
                    emitted = self._counts.get(store.site.counter, 0)
                lost += max(emitted - self._arrived(index), 0)
        return lost

    @property
    def warnings(self) -> list[str]:
        """What is less exact than it should be, as sentences."""
        return self._maps.warnings()

    def problem_counts(self) -> dict[Finding, int]:
        """Return how often each problem happened."""
        return dict(self._seen_problems)

    def tables(self) -> list[Table]:
        """Return all tables: printing statements in source order, then maps by name."""
        self.settle()
        printed = sorted(self._stores, key=lambda store: store.site.start)
        tables = [store.table() for store in printed if len(store) or store.site.travels != "plain"]
        return [*tables, *self._maps.tables()]

    @property
    def output(self) -> Lines:
        """What a terminal would have shown, line by line, maps left out; a view, rendered when it is read."""
        return Lines(self._log.pieces)

    def fresh_pieces(self, clean: Clean = str) -> Iterator[str | Table]:
        """Yield what was printed since the last call, in order: text as bpftrace lays it out, maps as tables.

        `clean` is applied to each traced text before it is laid out. Maps that were asked for from outside are left out.
        """
        return self._log.fresh(clean)


def _wrapped(line: bytes) -> bytes:
    # An iterator prints the bare text whatever the format (measured: 0.17.0, 0.23.2, 0.27.1); this is the line as JSON.
    plain = line.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    text = re.sub(rb"[\x00-\x1f]", lambda match: b"\\u%04x" % match[0][0], plain)
    return _PRINTF + text + b'"}\n'
