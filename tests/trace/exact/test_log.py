"""Events are only counted while they arrive; whenever they are looked at, they are all there, exact and in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gpttrace.trace import log
from gpttrace.trace.decode import Decoder
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.formats import parts_of, render, renderer
from gpttrace.trace.instrument import prepare
from gpttrace.trace.items import Item, Output, Rows, Snapshot
from gpttrace.trace.mapping import ASKED, FINAL, HEAD, ROW, SERIES, TAIL
from gpttrace.trace.plan import END_REACHED, Plan
from gpttrace.trace.quota import Quota
from gpttrace.trace.table import Table

NEW = Dialect(loops=True, wide_tuples=True, buf_is_array=True, signal_probes=True, config=True)
OLD = Dialect()
TWO = 'tracepoint:a:b { printf("%d %s\\n", pid, comm); } tracepoint:a:c { printf("[%d]", tid); @m[comm] = count(); }'


def plan_for(program: str, dialect: Dialect = NEW) -> Plan:
    return prepare(program, dialect=dialect, nonce="abcdefgh12345678")


def event(plan: Plan, tag: int, *values: Any) -> bytes:
    if plan.sites and 1 <= tag <= len(plan.sites) and plan.sites[tag - 1].travels == "text":
        text = plan.separator.join(["", str(plan.tag + tag), *map(str, values), ""])
        return f'{{"type": "printf", "data": "{text}"}}\n'.encode()
    texts = (f'"{each}"' if isinstance(each, str) else str(each) for each in values)
    return f'{{"type": "value", "data": [{",".join((str(plan.tag + tag), *texts))}]}}\n'.encode()


def said(text: str) -> bytes:
    return f'{{"type": "printf", "data": "{text}"}}\n'.encode()


def rows_of(items: list[Item]) -> list[tuple[str, int, list[tuple[Any, ...]]]]:
    return [(item.name, item.count, list(item.table.rows())) for item in items if isinstance(item, Rows)]


def stream(plan: Plan, events: int) -> tuple[bytes, str]:
    """Two statements and other text, mixed, and what bpftrace would print of it."""
    lines, shown = [], []
    for n in range(events):
        if n % 3 == 2:
            lines.append(event(plan, 2, n))
            shown.append(f"[{n}]")
        else:
            lines.append(event(plan, 1, n, f"c{n % 7}"))
            shown.append(f"{n} c{n % 7}\n")
        if n % 50 == 49:
            lines.append(said("mark\\n"))
            shown.append("mark\n")
    return b"".join(lines), "".join(shown)


@pytest.mark.parametrize("dialect", [NEW, OLD])
@pytest.mark.parametrize("size", [7, 1000, 1 << 20])
def test_all_events_are_there_in_order_for_any_size_of_chunks(dialect: Dialect, size: int) -> None:
    plan = plan_for(TWO, dialect)
    data, shown = stream(plan, 1000)
    decoder, counted = Decoder(plan), 0
    for start in range(0, len(data), size):
        items = decoder.feed(data[start : start + size])
        counted += sum(item.count for item in items if isinstance(item, Rows))
    decoder.close()

    assert counted == decoder.rows == 1000
    first, second, _ = decoder.tables()
    assert list(first.rows()) == [(n, f"c{n % 7}") for n in range(1000) if n % 3 != 2]
    assert second.column("tid") == [n for n in range(1000) if n % 3 == 2]
    assert "\n".join(decoder.output) + "\n" == shown + ("" if shown.endswith("\n") else "\n")


def test_pieces_are_told_once_in_order_whenever_they_are_asked_for() -> None:
    plan = plan_for(TWO)
    data, shown = stream(plan, 300)
    decoder, pieces = Decoder(plan), list[str | Table]()
    for at, start in enumerate(range(0, len(data), 333)):
        decoder.feed(data[start : start + 333])
        if at % 3 == 0:
            pieces += decoder.fresh_pieces()
    decoder.close()
    pieces += decoder.fresh_pieces()

    assert "".join(map(str, pieces)) == shown
    assert list(decoder.fresh_pieces()) == []


def test_rows_may_be_looked_at_long_after_they_arrived() -> None:
    plan = plan_for(TWO)
    decoder = Decoder(plan)
    early = decoder.feed(event(plan, 1, 1, "a") + event(plan, 1, 2, "b"))
    late = decoder.feed(event(plan, 1, 3, "c"))
    decoder.close()

    assert rows_of(late) == [("printf:1", 1, [(3, "c")])]
    assert rows_of(early) == [("printf:1", 2, [(1, "a"), (2, "b")])]


def test_nothing_is_decoded_before_somebody_looks_and_what_waits_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_for(TWO)
    block = b"".join(event(plan, 1, n, "c") for n in range(100))
    monkeypatch.setattr(log, "SEGMENT", len(block))
    monkeypatch.setattr(log, "BACKLOG", 3 * len(block))
    decoder = Decoder(plan)
    decoded = decoder._stores[0]
    for _ in range(3):
        decoder.feed(block)
    assert len(decoded) == 0
    decoder.feed(block)

    assert len(decoded) == 100
    assert decoder.rows == 400
    assert len(decoder.tables()[0]) == 400


def test_a_line_that_was_cut_is_text_and_no_row() -> None:
    plan = plan_for(TWO)
    decoder = Decoder(plan)
    whole = [event(plan, 1, n, "c") for n in range(200)]
    items = decoder.feed(b"".join(whole[:100]) + whole[100][:-9] + b"\n" + b"".join(whole[101:]))

    assert decoder.rows == 199
    (text,) = [item.text for item in items if isinstance(item, Output)]
    assert text == whole[100][:-9].decode() + "\n"
    assert list(decoder.output)[100] == text.rstrip("\n")
    assert decoder.tables()[0].column("pid") == [n for n in range(200) if n != 100]


def test_a_line_that_only_looks_whole_is_text_when_it_is_read_and_later_rows_stay_what_they_are() -> None:
    plan = plan_for(TWO)
    decoder = Decoder(plan)
    odd = event(plan, 1, 7, "c").replace(b"7,", b'7,"x}')
    before = decoder.feed(event(plan, 1, 1, "a") + odd + event(plan, 1, 2, "b"))
    after = decoder.feed(event(plan, 1, 3, "d"))

    assert rows_of(after)[0][2] == [(3, "d")]
    assert rows_of(before)[0][2] == [(1, "a"), (2, "b")]
    assert list(decoder.output) == ["1 a", odd.decode().rstrip("\n"), "2 b", "3 d"]
    assert decoder.rows == 3
    assert list(decoder.fresh_pieces()) == ["1 a\n", odd.decode(), "2 b\n", "3 d\n"]


def test_the_limit_of_rows_needs_their_number_only() -> None:
    plan = plan_for(TWO)
    decoder, quota = Decoder(plan), Quota(5)
    kept = quota.count(decoder.feed(b"".join(event(plan, 1, n, "c") for n in range(8))))

    assert len(decoder._stores[0]) == 0
    assert (quota.rows, quota.beyond) == (5, 3)
    assert rows_of(kept) == [("printf:1", 5, [(n, "c") for n in range(5)])]
    assert len(quota.cut(decoder.tables())[0]) == 5


def dump(plan: Plan, why: int, when: int, count: int) -> bytes:
    return (
        event(plan, 400 + HEAD, when, 0, 0, why)
        + event(plan, 400 + ROW, "a", count)
        + event(plan, 400 + TAIL, 1)
    )


def test_maps_stand_where_the_program_printed_them_and_those_we_asked_for_do_not() -> None:
    program = (
        'interval:s:1 { printf("%d\\n", pid); @m[comm] = count(); print(@m); } END { printf("bye\\n"); }'
    )
    plan = plan_for(program)
    decoder = Decoder(plan)
    items = decoder.feed(event(plan, 1, 1) + dump(plan, SERIES, 1000, 1) + dump(plan, ASKED, 1500, 2))
    items += decoder.feed(event(plan, 1, 2) + said("bye\\n") + event(plan, END_REACHED, 9000))
    decoder.feed(dump(plan, 4, 9000, 3))
    decoder.close()
    pieces = list(decoder.fresh_pieces())

    assert [item.why for item in items if isinstance(item, Snapshot)] == ["printed", "asked"]
    shown = [piece if isinstance(piece, str) else piece.column("count") for piece in pieces]
    assert shown == ["1\n", [1], "2\n", "bye\n", [3]]  # the last is the map at the exit


def test_what_end_prints_of_a_map_stands_among_its_texts() -> None:
    program = 'tracepoint:a:b { @m[comm] = count(); } END { printf("top\\n"); print(@m, 1); clear(@m); printf("."); }'
    plan = plan_for(program)
    decoder = Decoder(plan)
    decoder.feed(said("top\\n") + dump(plan, FINAL, 1000, 5) + said(".") + event(plan, END_REACHED, 2000))
    decoder.close()
    pieces = list(decoder.fresh_pieces())

    assert [piece if isinstance(piece, str) else list(piece.rows()) for piece in pieces] == [
        "top\n",
        [("a", 5)],
        ".",
    ]
    assert [list(table.rows()) for table in decoder.tables()] == [[("a", 5)]]


def test_traced_text_is_cleaned_before_it_is_laid_out_and_the_format_is_not() -> None:
    plan = plan_for('tracepoint:a:b { printf("%6s|\\n", comm); print((pid, comm)); }')
    clean: Callable[[str], str] = lambda text: text.replace("\n", "\\n")  # noqa: E731
    decoder = Decoder(plan)
    decoder.feed(event(plan, 1, "a\\nb") + event(plan, 2, 1, "c\\n"))

    assert list(decoder.fresh_pieces(clean)) == ["  a\\nb|\n", "(1, c\\n)\n"]
    assert list(decoder.output) == ["   a", "b|", "(1, c", ")"]


@pytest.mark.parametrize(
    "form", ["%d %s", "%-5d|%5s", "%05lld %-3s%%", "%u %.2s", "%x %s", "%c %s", "%r %s", "%+d %s"]
)
@pytest.mark.parametrize(
    "row", [(5, "abc"), (-5, "abc"), (True, "abc"), (1 << 63, None), (5, ["f", "g"]), (b"\x01", "")]
)
def test_a_prepared_format_prints_what_an_unprepared_one_does(form: str, row: tuple[Any, ...]) -> None:
    parts = parts_of(form)
    assert parts is not None
    assert renderer(parts)(row) == render(parts, row)
