"""Decoder: what a bpftrace prints -> typed tables, text in order, losses and problems; bytes in chunks of any size.

Never raises on what arrives: a line that is no JSON of bpftrace's is text of the traced command, half a line is
kept as text.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

from gpttrace.language.findings import Finding
from gpttrace.trace.events import EventStore
from gpttrace.trace.formats import Lines
from gpttrace.trace.items import Item, Lost, Output, Problem, Ready, Rows, Snapshot
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
_TEXT = 0  # in the order of what was printed: an index into texts; other numbers are stores
_BLOCK = 64  # lines of one site from which they are parsed together


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
        self._texts: list[str] = []
        self._order = array("H")
        self._counts: dict[str, int] = {}
        self._at_exit: dict[str, int | None] = {}
        self._seen_problems: dict[Any, int] = {}
        self._stores = [_text_store()]
        self._by_number: dict[int, int] = {}
        for site in plan.sites:
            if site.travels != "plain":
                self._by_number[site.tag - plan.tag] = self._add_store(site)
        plain = [site for site in plan.sites if site.travels == "plain"]
        alone = (
            plain[0] if len(plain) == 1 else Site(0, "print", "plain", None, (Field("value"),), None, 0, 0)
        )
        self._plain = self._add_store(alone)
        self._maps = RunMaps(plan)
        self._value_head = _VALUE + str(plan.tag // 1000).encode()
        self._text_head = _PRINTF + f"{plan.separator}{plan.tag // 1000}".encode()

    def _add_store(self, site: Site) -> int:
        self._stores.append(EventStore(site, self.plan.separator, self.plan.clock))
        return len(self._stores) - 1

    # ------------------------------------------------------------------------------------ reading

    def feed(self, chunk: bytes) -> list[Item]:
        """Take output as it arrives; return what became known with it."""
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            self._rest += chunk
            return []
        block = self._rest + chunk[:cut]
        self._rest = chunk[cut:]
        return self._read(block)

    def close(self) -> list[Item]:
        """Take the end of the output; half a line is kept as text."""
        rest, self._rest = self._rest, b""
        items = self._read(rest + b"\n") if rest else []
        return [*items, *map(Snapshot, self._maps.end_all(None))]

    def _read(self, block: bytes) -> list[Item]:
        sizes = [len(store) for store in self._stores]
        items: list[Item] = []
        if not self._read_uniform(block):
            self._read_mixed(block, items)
        fresh = (
            store.table(size) for store, size in zip(self._stores, sizes, strict=True) if len(store) > size
        )
        return [*items, *map(Rows, fresh)]

    def _read_uniform(self, block: bytes) -> bool:
        # A flood is nearly always of one statement: no line of it is looked at one by one.
        number = self._number(block[:128]) if len(block) >= 4096 else None
        index = self._by_number.get(number) if number is not None else None
        if index is None:
            return False
        store, count = self._stores[index], block.count(b"\n")
        if block.count(b"\n" + store.prefix) != count - 1 or not store.add_block(block, count):
            return False
        self._wire.saw(block)
        self._order.extend(array("H", [index]) * count)
        return True

    def _read_mixed(self, block: bytes, items: list[Item]) -> None:
        waiting: dict[int, list[bytes]] = {}
        lines = block.split(b"\n")
        lines.pop()
        for line in lines:
            number = self._number(line)
            if number is None:
                self._read_record(line, items)
            elif (index := self._by_number.get(number)) is not None:
                self._wire.saw(line)
                waiting.setdefault(index, []).append(line)
                self._order.append(index)
            else:
                self._wire.saw(line)
                self._read_map_event(number, line, items)
        for index, mine in waiting.items():
            self._store(index, mine, items)

    def _number(self, line: bytes) -> int | None:
        # The last three digits of an event's tag, None when the line is no event of ours.
        for head in (self._value_head, self._text_head):
            if line.startswith(head):
                digits = line[len(head) : len(head) + 3]
                return int(digits) if digits.isdigit() else None
        return None

    def _store(self, index: int, lines: list[bytes], items: list[Item]) -> None:
        store = self._stores[index]
        if len(lines) >= _BLOCK and store.add_block(b"\n".join(lines) + b"\n", len(lines)):
            return
        for line in lines:
            if not store.add_line(line):
                self._forget_last(index)
                self._say(text_of(line) + "\n", items)

    def _forget_last(self, index: int) -> None:
        for at in range(len(self._order) - 1, -1, -1):
            if self._order[at] == index:
                del self._order[at]
                return

    # ---------------------------------------------------------------------------------- map events

    def _read_map_event(self, number: int, line: bytes, items: list[Item]) -> None:
        record = self._wire.read(line)
        values = record.data if record is not None and isinstance(record.data, list) else []
        if number == EXITING:
            names = [site.counter for site in self.plan.sites if site.counter is not None]
            self._at_exit = self._at_exit or dict(zip(names, map(integer, values[1:]), strict=False))
        elif number == END_REACHED:
            self._ended = True
            items += map(Snapshot, self._maps.end_all(integer(values[1]) if len(values) == 2 else None))
        elif (tables := self._maps.event(number, values)) is not None:
            items += map(Snapshot, tables)
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
            self._say(wire_text(str(record.data)), items)
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
        self._order.append(self._plain)

    def _map(self, name: str, kind: str, value: Any, items: list[Item]) -> bool:
        if name.startswith(_OURS):
            self._counts[name] = integer(value) or 0
            return True
        try:
            table = self._maps.native(name, kind, value, at_exit=self._ended or self.plan.level < EXACT)
        except (ValueError, TypeError):
            return False
        if table is not None:
            items.append(Snapshot(table))
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
        self._texts.append(text)
        self._order.append(_TEXT)
        items.append(Output(text))

    # ------------------------------------------------------------------------------------- results

    @property
    def rows(self) -> int:
        """How many events became rows."""
        return sum(len(store) for store in self._stores[1:])

    @property
    def lost(self) -> int:
        """How many events were emitted but did not arrive: exact at the end, before that what bpftrace admits.

        Those that bpftrace throws away unread when it is stopped in the middle of a flood are among them.
        """
        if not self._ended:
            return self.reported_lost
        lost = 0
        for store in self._stores[1:]:
            if store.site.counter is not None:
                emitted = self._at_exit.get(store.site.counter)
                if emitted is None:
                    emitted = self._counts.get(store.site.counter, 0)
                lost += max(emitted - len(store), 0)
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
        printed = sorted(self._stores[1:], key=lambda store: store.site.start)
        tables = [store.table() for store in printed if len(store) or store.site.travels != "plain"]
        return [*tables, *self._maps.tables()]

    @property
    def output(self) -> Lines:
        """What a terminal would have shown, line by line, maps left out; a view, rendered when it is read."""
        return Lines(self._pieces)

    def _pieces(self) -> Iterator[str]:
        shown = [iter(self._texts), *(store.lines() for store in self._stores[1:])]
        for index in self._order:
            yield next(shown[index])


def _text_store() -> EventStore:
    return EventStore(Site(0, "", "plain", None, (Field("text"),), None, 0, 0), "", 0)
