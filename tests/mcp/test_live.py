"""What a running trace has shown is read by number of row, whatever blocks it came in."""

from __future__ import annotations

import pytest

from gpttrace.trace.items import Lost, Output, Rows, Snapshot
from gpttrace.trace.live import OUTPUT_PIECES, Live
from gpttrace.trace.table import Column, Table

COLUMNS = (Column("n", "int64"), Column("comm", "string"))


def block(first: int, count: int) -> Rows:
    """Return rows that know their numbers."""
    numbers = list(range(first, first + count))
    return Rows.of(Table("printf:1", "events", COLUMNS, [numbers, [f"c{n}" for n in numbers]]))


@pytest.fixture
def live() -> Live:
    """Ten rows in blocks of 3, 1, 5 and 1."""
    live = Live()
    for first, count in ((0, 3), (3, 1), (4, 5), (9, 1)):
        live.take((block(first, count),))
    return live


@pytest.mark.parametrize("start", range(11))
@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_every_page_has_its_rows(live: Live, start: int, count: int) -> None:
    page = live.events("printf:1", start, count)
    wanted = [(n, f"c{n}") for n in range(10)][start : start + count]
    assert (list(page.rows()) if page is not None else []) == wanted


def test_only_the_blocks_of_a_page_are_decoded() -> None:
    def never() -> Table:
        raise AssertionError("decoded")

    live = Live()
    live.take((Rows("printf:1", 5, never), block(5, 5), Rows("printf:1", 5, never)))
    page = live.events("printf:1", 6, 3)
    assert page is not None
    assert page.column("n") == [6, 7, 8]


def test_maps_are_the_newest_and_output_is_bounded(live: Live) -> None:
    for n in range(3):
        live.take((Snapshot(Table("@", "map", COLUMNS, [list(range(n)), ["x"] * n])), Lost(2)))
    live.take(tuple(Output(f"{n}\n") for n in range(OUTPUT_PIECES + 5)))
    assert live.counts == {"printf:1": 10, "@": 2}
    assert live.lost == 6
    assert live.output[0] == "5\n"
    assert live.events("@nosuch", 0, 1) is None
