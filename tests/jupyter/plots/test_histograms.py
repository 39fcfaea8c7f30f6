"""What stands in a histogram and a heat map: bars, edges with units, percentiles as bounds, panels, cells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas
import pytest

from gpttrace_jupyter.plots.buckets import axis, log2_places
from gpttrace_jupyter.plots.units import edge, quantity

HIST = "low:int64:ns:bucket high:int64:ns:bucket count:int64"
START = datetime(2026, 11, 27, 8, 0, 0, tzinfo=UTC)

pytestmark = pytest.mark.computes


def drawn_text(picture: Any) -> list[str]:
    """All text of a matplotlib figure."""
    from matplotlib.text import Text

    picture._repr_png_()
    return [text.get_text() for text in picture.figure.findobj(Text) if text.get_text()]


def heights(axes: Any) -> list[float]:
    """The heights of the bars."""
    return [patch.get_height() for patch in axes.patches]


def test_bars_stand_under_edges_in_real_units_and_percentiles_are_bounds(framed: Any) -> None:
    rows = [(1024, 2047, 50), (2048, 4095, 45), (4096, 8191, 4), (8192, 16383, 1)]
    picture = framed("@latency", "hist", HIST, rows, question="read latency").gpttrace.plot()
    assert heights(picture.figure.axes[0]) == [50, 45, 4, 1]
    shown = drawn_text(picture)
    assert {"read latency", "latency", "1.02 µs", "16.4 µs", "p50", "p90", "p99"} <= set(shown)
    assert "100 events   p50 < 2.05 µs   p90 < 4.1 µs   p99 < 8.19 µs" in shown
    assert "p50, p90, p99: bounds, given by the bucket that each lies in" in shown


def test_buckets_between_that_hold_nothing_are_drawn_as_nothing(framed: Any) -> None:
    keyed = f"comm:string::key {HIST}".replace(":ns:", ":bytes:")
    rows = [("cat", 1024, 2047, 3), ("dd", 16384, 32767, 5)]
    picture = framed("@bytes", "hist", keyed, rows).gpttrace.plot()
    assert [panel.label for panel in picture.data.panels] == ["dd", "cat"]
    assert picture.data.panels[1].counts == [3, 0, 0, 0, 0]
    assert {"1 KiB", "32 KiB", "cat: 3 events\np50 < 2 KiB   p90 < 2 KiB   p99 < 2 KiB"} <= set(
        drawn_text(picture)
    )


def test_of_many_keys_the_nine_largest_are_shown_and_the_rest_is_said(framed: Any) -> None:
    rows = [(f"p{i}", 1, 1, i + 1) for i in range(12)]
    picture = framed("@", "hist", f"comm:string::key {HIST}", rows).gpttrace.plot()
    assert [panel.label for panel in picture.data.panels] == [f"p{i}" for i in range(11, 2, -1)]
    assert len(picture.figure.axes) == 9
    assert any("not shown: 3 more with 6 events" in text for text in drawn_text(picture))


def test_open_ends_of_linear_buckets_bound_from_the_other_side(framed: Any) -> None:
    rows = [(None, -1, 1), (0, 9, 1), (10, 19, 0), (20, None, 98)]
    picture = framed("@n", "hist", HIST.replace(":ns:", "::"), rows).gpttrace.plot()
    shown = drawn_text(picture)
    assert "100 events   p50 ≥ 20   p90 ≥ 20   p99 ≥ 20" in shown
    assert {"less", "0", "20", "more"} <= set(shown)
    assert "under 0" in picture.text


@pytest.mark.parametrize(
    ("held", "whole"),
    [
        ([(1, 1), (8, 15)], [(1, 1), (2, 3), (4, 7), (8, 15)]),
        ([(0, 9), (30, 39)], [(0, 9), (10, 19), (20, 29), (30, 39)]),
        ([(16, 19), (20, 23), (32, 39)], [(16, 19), (20, 23), (24, 27), (28, 31), (32, 39)]),
        ([(None, -1), (4, 7)], [(None, -1), (0, 0), (1, 1), (2, 3), (4, 7)]),
    ],
)
def test_an_axis_has_no_gaps(held: list[Any], whole: list[Any]) -> None:
    assert axis(reversed(held)) == whole


@pytest.mark.parametrize(
    "values",
    [
        np.array([-5, 0, 1, 2, 3, 4, 2**62, 2**63 - 1], dtype=np.int64),
        np.array([0, 1, 2**63 - 1, 2**63, 2**64 - 1], dtype=np.uint64),
    ],
)
def test_log2_buckets_of_raw_numbers_are_exact_to_64_bits(values: Any) -> None:
    places, buckets = log2_places(values)
    for value, place in zip(values.tolist(), places.tolist(), strict=True):
        low, high = buckets[place]
        assert low is None or low <= value
        assert value <= high
    assert len(set(buckets)) == len(buckets)


def test_units_go_by_1000_for_time_and_by_1024_for_bytes() -> None:
    assert [quantity(v, "ns") for v in (999, 1500, 2_000_000, 3 * 10**9)] == [
        "999 ns",
        "1.5 µs",
        "2 ms",
        "3 s",
    ]
    assert [quantity(v, "bytes") for v in (1023, 1536, 1 << 20)] == ["1,023 B", "1.5 KiB", "1 MiB"]
    assert quantity(1500, "us") == "1.5 ms"
    assert [edge(v, None) for v in (0, 1000, 4096, 3 << 20)] == ["0", "1,000", "4K", "3M"]
    assert quantity(12345, "pages") == "12,345 pages"


SERIES = f"time:time::time comm:string::key {HIST}"


def snapshots(counts: list[int]) -> list[Any]:
    """One bucket's count at each second."""
    return [(START + timedelta(seconds=i), "cat", 1024, 2047, count) for i, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("program", "cells", "total"),
    [
        ("interval:s:1 { print(@latency); clear(@latency); }", [5, 7, 7], 19),
        ("interval:s:1 { print(@latency); }", [5, 2, 0], 7),
    ],
)
def test_a_map_that_is_never_cleared_shows_what_is_new_in_each_interval(
    framed: Any, program: str, cells: list[int], total: int
) -> None:
    frame = framed("@latency", "hist", SERIES, snapshots([5, 7, 7]), program=program)
    heat = frame.gpttrace.plot()
    assert heat.kind == "heat"
    assert heat.data.counts.tolist() == [cells]
    assert heat.data.times == [0.0, 1.0, 2.0, 3.0]
    assert "seconds since 2026-11-27 07:59:59 UTC" in drawn_text(heat)
    assert frame.gpttrace.plot("hist").data.panels[0].total == total


def test_a_heat_map_of_events_counts_each_once_and_takes_durations(framed: Any) -> None:
    rows = [(START + timedelta(milliseconds=i), i % 7, 1 << (i % 5 + 10)) for i in range(1000)]
    frame = framed("printf:1", "events", "time:time::time pid:int64 latency:int64:ns", rows)
    plain = frame.gpttrace.plot()
    frame["latency"] = pandas.to_timedelta(frame["latency"], unit="ns")
    timed = frame.gpttrace.plot()
    assert plain.kind == timed.kind == "heat"
    assert plain.data.counts.sum() == 1000
    assert timed.data.counts.tolist() == plain.data.counts.tolist()
    assert timed.data.buckets[0] == (1024, 2047)
    assert {"1.02 µs", "latency", "events"} <= set(drawn_text(timed))


def test_raw_numbers_make_a_histogram_by_key(framed: Any) -> None:
    rows = [("cat", 3), ("cat", 5), ("dd", 1000), ("dd", None)]
    frame = framed("printf:1", "events", "comm:string bytes:int64:bytes", rows)
    picture = frame.gpttrace.plot("hist", by="comm")
    assert {panel.label: panel.total for panel in picture.data.panels} == {"cat": 2, "dd": 1}
    assert picture.data.buckets[0] == (2, 3)
    assert picture.data.buckets[-1] == (512, 1023)


def test_narrow_buckets_have_edges_that_differ(framed: Any) -> None:
    rows = [(100_000, 100_009, 1), (100_010, 100_019, 2)]
    picture = framed("@", "hist", HIST, rows).gpttrace.plot()
    assert "100,010 ns" in drawn_text(picture)
    assert "100,000 to 100,010 ns" in picture.text
