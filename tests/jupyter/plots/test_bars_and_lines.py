"""What stands in bars and lines: order, values, units, what is left out and what is added up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas
import pytest

START = datetime(2026, 11, 27, 8, 0, 0, tzinfo=UTC)
CLEARED = "interval:s:1 { print(@bytes); clear(@bytes); }"

pytestmark = pytest.mark.computes


def drawn_text(picture: Any) -> list[str]:
    """All text of a matplotlib figure."""
    from matplotlib.text import Text

    picture._repr_png_()
    return [text.get_text() for text in picture.figure.findobj(Text) if text.get_text()]


def test_bars_are_sorted_and_carry_their_values(framed: Any) -> None:
    rows = [("sh", 12), ("dd", 3 << 20), ("cat", 4096)]
    picture = framed("@bytes", "map", "comm:string::key sum:uint64:bytes", rows).gpttrace.plot()
    axes = picture.figure.axes[0]
    assert [patch.get_width() for patch in axes.patches] == [3, 4096 / (1 << 20), 12 / (1 << 20)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["dd", "cat", "sh"]
    assert {"3 MiB", "4 KiB", "12 B", "bytes, sum (MiB)"} <= set(drawn_text(picture))


def test_what_is_not_shown_is_said_with_its_sum(framed: Any) -> None:
    rows = [(i, i) for i in range(1, 31)]
    picture = framed("@", "map", "pid:int64::key count:int64", rows).gpttrace.plot(top=3)
    assert picture.data.rows == [("pid 30", 30), ("pid 29", 29), ("pid 28", 28)]
    assert "not shown: 27 more, 378 together" in drawn_text(picture)
    means = framed("@", "map", "pid:int64::key avg:int64", rows).gpttrace.plot(top=3)
    assert means.data.note == "not shown: 27 more"


def test_a_single_number_and_a_large_one_are_written_in_full(framed: Any) -> None:
    picture = framed("@total", "scalar", "count:int64", [(1_234_567,)]).gpttrace.plot()
    assert {"1,234,567", "@total"} <= set(drawn_text(picture))


def test_events_are_counted_by_their_first_text(framed: Any) -> None:
    rows = [(7, "cat", "/a"), (7, "cat", "/b"), (8, "sh", "/a")]
    frame = framed("printf:1", "events", "pid:int64 comm:string path:string", rows)
    assert frame.gpttrace.plot().data.rows == [("cat", 2), ("sh", 1)]
    assert frame.gpttrace.plot("bar", by="path").data.rows == [("/a", 2), ("/b", 1)]
    assert frame.gpttrace.plot("bar", by=["comm", "pid"]).data.rows == [("cat, pid 7", 2), ("sh, pid 8", 1)]


def series(framed: Any, rows: list[Any], value: str = "sum:uint64:bytes", program: str = CLEARED) -> Any:
    """A series of `@bytes` by process; rows are second, process, value."""
    timed = [(START + timedelta(seconds=second), name, number) for second, name, number in rows]
    return framed("@bytes", "series", f"time:time::time comm:string::key {value}", timed, program=program)


def test_a_key_that_was_not_there_counted_nothing_unless_only_the_top_was_printed(framed: Any) -> None:
    rows = [(0, "cat", 5), (1, "dd", 3), (2, "cat", 4)]
    lines = dict(series(framed, rows).gpttrace.plot().data.lines)
    assert lines == {"cat": [5, 0, 4], "dd": [0, 3, 0]}
    cut = series(framed, rows, program=CLEARED.replace("print(@bytes)", "print(@bytes, 1)"))
    assert dict(cut.gpttrace.plot().data.lines) == {"cat": [5, None, 4], "dd": [None, 3, None]}


def test_the_ten_largest_have_a_line_and_the_rest_one_together(framed: Any) -> None:
    rows = [(second, f"_p{i}", 1024 * (i + 1)) for second in range(3) for i in range(13)]
    picture = series(framed, rows).gpttrace.plot()
    assert [name for name, _ in picture.data.lines] == [*(f"_p{i}" for i in range(12, 2, -1)), "other"]
    assert picture.data.lines[-1][1] == [1024 * 6] * 3
    legend = [text.get_text() for text in picture.figure.legends[0].get_texts()]
    assert legend == [name for name, _ in picture.data.lines]
    assert {"other: 3 more, summed", "bytes, sum (KiB)"} <= set(drawn_text(picture))
    assert list(picture.figure.axes[0].lines[0].get_ydata()) == [13, 13, 13]


def test_averages_are_not_added_up(framed: Any) -> None:
    rows = [(0, f"p{i}", i) for i in range(12)]
    picture = series(framed, rows, value="avg:int64:ns").gpttrace.plot()
    assert len(picture.data.lines) == 10
    assert picture.data.note == "not shown: 2 more"


def test_events_over_time_are_all_counted_in_round_steps(framed: Any) -> None:
    rows = [(START + timedelta(milliseconds=13 * i), "cat") for i in range(777)]
    data = framed("printf:1", "events", "time:time::time comm:string", rows).gpttrace.plot("line").data
    assert sum(data.lines[0][1]) == 777
    assert data.what == "events in each 100 ms"


def test_the_index_that_groupby_leaves_names_the_bars() -> None:
    frame = pandas.DataFrame({"comm": ["a", "b", "a"], "pid": [1, 2, 1], "bytes": [10, 20, 30]})
    grouped: Any = frame.groupby("comm")["bytes"].sum().to_frame()
    assert grouped.gpttrace.meta == {}
    picture = grouped.gpttrace.plot(unit="bytes")
    assert (picture.kind, picture.data.rows, picture.data.unit) == ("bar", [("a", 40), ("b", 20)], "bytes")


@pytest.mark.parametrize("kind", ["bar", "line", "hist", "heat"])
def test_one_row_is_enough(framed: Any, kind: str) -> None:
    frame = series(framed, [(0, "cat", 5)])
    picture = frame.gpttrace.plot(kind)
    assert picture._repr_png_()[0].startswith(b"\x89PNG")
    assert all(len(line) <= 79 for line in picture.text.splitlines())


def test_a_hundred_thousand_keys_cost_no_more_cells_than_ten(framed: Any) -> None:
    rows = [(second, f"p{i}", i + 1) for second in (0, 1) for i in range(50_000)]
    picture = series(framed, rows).gpttrace.plot()
    assert picture.data.more == 50_000 - 10
    assert picture.data.lines[0] == ("p49999", [50_000, 50_000])
    assert picture.data.lines[-1] == ("other", [sum(range(1, 49_991))] * 2)
