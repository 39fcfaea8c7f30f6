"""What arrives broken or not at all is never made up for by wrong numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gpttrace.trace.decode import Decoder
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.instrument import prepare
from gpttrace.trace.items import Lost, Output, Ready, Rows, Snapshot
from gpttrace.trace.mapping import CLEARING, EXIT, HEAD, ROW, TAIL
from gpttrace.trace.plan import END_REACHED, EXITING, Plan

NEW = Dialect(loops=True, wide_tuples=True, buf_is_array=True, signal_probes=True, config=True)
NONCE = "abcdefgh12345678"
COUNTS = "tracepoint:a:b { @[comm] = count(); } interval:s:1 { print(@); clear(@); }"


def value(plan: Plan, tag: int, *values: Any) -> bytes:
    texts = (f'"{each}"' if isinstance(each, str) else str(each) for each in values)
    return f'{{"type": "value", "data": [{",".join((str(plan.tag + tag), *texts))}]}}\n'.encode()


def dump(plan: Plan, why: int, rows: dict[str, int], *, when: int = 0, missing: Sequence[str] = ()) -> bytes:
    """A looped dump of map 0 of which the named parts are missing: `head`, `tail`, or the row of a key."""
    parts = {"head": value(plan, 400 + HEAD, when, 0, 0, why)}
    parts |= {key: value(plan, 400 + ROW, key, count) for key, count in rows.items()}
    parts["tail"] = value(plan, 400 + TAIL, len(rows))
    return b"".join(line for name, line in parts.items() if name not in missing)


@pytest.mark.parametrize("missing", [(), ("head",), ("tail",), ("a",), ("head", "a"), ("a", "b", "tail")])
def test_a_snapshot_that_loses_a_part_is_left_out_and_the_sum_stays_exact(missing: Sequence[str]) -> None:
    plan = prepare(COUNTS, dialect=NEW, nonce=NONCE)
    decoder = Decoder(plan)
    decoder.feed(dump(plan, CLEARING, {"a": 2, "b": 1}, when=1_000_000))
    decoder.feed(dump(plan, CLEARING, {"a": 5, "b": 1}, when=2_000_000, missing=missing))
    decoder.feed(dump(plan, CLEARING, {"a": 7, "b": 2, "c": 4}, when=3_000_000))
    decoder.feed(value(plan, END_REACHED, 9_000_000) + dump(plan, EXIT, {"a": 11, "b": 2, "c": 4}))
    decoder.close()
    (table,) = decoder.tables()
    sums: dict[str, int] = {}
    for _, comm, count in table.rows():
        sums[comm] = sums.get(comm, 0) + count
    assert sums == {"a": 11, "b": 2, "c": 4}
    assert len(set(table.column("time"))) == (4 if not missing else 3)


def test_a_last_dump_with_lost_rows_gives_way_to_the_line_of_bpftrace() -> None:
    plan = prepare("tracepoint:a:b { @[comm] = count(); }", dialect=NEW, nonce=NONCE)
    decoder = Decoder(plan)
    decoder.feed(value(plan, END_REACHED, 1) + dump(plan, EXIT, {"a": 1, "b": 2}, missing=("a",)))
    decoder.feed(b'{"type": "map", "data": {"@": {"a": 1, "b": 2}}}\n')
    decoder.close()
    assert list(decoder.tables()[0].rows()) == [("b", 2), ("a", 1)]
    assert any("were lost" in warning for warning in decoder.warnings)


def test_events_are_counted_against_what_the_program_emitted() -> None:
    plan = prepare(
        'tracepoint:a:b { printf("%d\\n", pid); } interval:s:1 { exit(); }', dialect=NEW, nonce=NONCE
    )
    decoder = Decoder(plan)
    decoder.feed(b"".join(value(plan, 1, n) for n in range(7)))
    assert decoder.lost == 0
    items = decoder.feed(b'{"type": "lost_events", "data": {"events": 2}}\n')
    assert items == [Lost(2)]
    assert decoder.lost == 2
    # 10 were emitted before exit(); what came after it, up to 12, nobody misses.
    decoder.feed(value(plan, EXITING, 10) + value(plan, END_REACHED, 1))
    decoder.feed(b'{"type": "map", "data": {"@__gpttrace_n1": 12}}\n')
    decoder.close()
    assert decoder.lost == 3
    assert [table.name for table in decoder.tables()] == ["printf:1"]


def test_what_becomes_known_is_told_at_once_in_order() -> None:
    plan = prepare('tracepoint:a:b { printf("%d\\n", pid); print(@x); @x = 1; }', dialect=NEW, nonce=NONCE)
    decoder = Decoder(plan)
    ready = f'{{"type": "printf", "data": "{plan.ready_marker}\\n"}}\n'.encode()
    items = decoder.feed(ready + b"child says hi\n" + value(plan, 1, 7) + value(plan, 1, 8))
    assert [type(item) for item in items] == [Ready, Output, Rows]
    assert decoder.feed(value(plan, 1, 9)[:-4]) == []
    (last,) = decoder.feed(value(plan, 1, 9)[-4:])
    assert isinstance(last, Rows)
    assert list(last.table.rows()) == [(9,)]
    decoder.feed(value(plan, 400 + HEAD, 5, 0, 0, 0))
    (snapshot,) = decoder.feed(b'{"type": "map", "data": {"@x": 1}}\n')
    assert isinstance(snapshot, Snapshot)
    assert decoder.ready
    assert list(decoder.output) == ["child says hi", "7", "8", "9"]
    assert decoder.rows == 3


def test_a_lost_print_of_a_map_that_is_never_empty_again_is_no_empty_snapshot() -> None:
    plan = prepare(
        "tracepoint:a:b { @[comm] = count(); } interval:s:1 { print(@); clear(@); }",
        dialect=Dialect(),
        nonce=NONCE,
    )
    decoder = Decoder(plan)
    line = b'{"type": "map", "data": {"@": {"a": %d}}}\n'
    head = value(plan, 400 + HEAD, 1000, 0, 0, CLEARING)
    decoder.feed(head + line % 3 + head + head + line % 8 + value(plan, END_REACHED, 1) + line % 9)
    decoder.close()
    assert [row[-1] for row in decoder.tables()[0].rows()] == [3, 5, 1]


def test_an_iterator_prints_bare_lines_which_are_events_all_the_same() -> None:
    program = 'iter:task { printf("%s %d\\n", ctx->task->comm, ctx->task->pid); }'
    plan = prepare(program, dialect=Dialect(), nonce=NONCE)
    assert f'{plan.separator}\\n"' in plan.text, "the copy ends its own line"
    decoder = Decoder(plan)
    names = ["systemd", 'a "quoted", \\x name', "tab\there"]
    for pid, name in enumerate(names):
        pieces = ("", str(plan.tag + 1), name, str(pid), "")
        decoder.feed((plan.separator.join(pieces) + "\n").encode())
    decoder.close()
    (table,) = decoder.tables()
    assert list(table.rows()) == [(name, pid) for pid, name in enumerate(names)]
