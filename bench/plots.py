"""Pictures of large frames: a heat map of five million events, a flame graph of ten thousand stacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.figures import Figure, median, seconds, spread

if TYPE_CHECKING:
    import pandas

EVENTS, STACKS, DEEP = 5_000_000, 10_000, 40


def figures() -> Iterator[Figure]:
    """Yield the time from a frame to a picture's bytes."""
    from gpttrace_jupyter.plots import plot

    events, stacks, bars = _events(), _stacks(), _bars()
    plot(bars)._repr_png_()  # the first picture imports matplotlib
    yield Figure("histogram to PNG", median(spread(lambda: plot(bars)._repr_png_(), 5)), "s", 0.5)
    yield Figure("heat map of 5 M events to PNG", seconds(lambda: plot(events, "heat")._repr_png_()), "s", 5)
    yield Figure("lines of 5 M events to PNG", seconds(lambda: plot(events, "line")._repr_png_()), "s", 5)
    yield Figure("bars of 5 M events to PNG", seconds(lambda: plot(events, "bar")._repr_png_()), "s", 5)
    drawn = plot(stacks)
    yield Figure("flame graph of 10,000 stacks to SVG", seconds(lambda: drawn.svg), "s", 2)
    yield Figure("size of that SVG", len(drawn.svg) / 1024, "KiB", 1024)


def _events() -> pandas.DataFrame:
    import numpy as np
    import pandas

    random = np.random.default_rng(4)
    comms = np.array([f"process{i}" for i in range(8)])[random.integers(0, 8, EVENTS)]
    return pandas.DataFrame(
        {
            "time": pandas.to_datetime(np.arange(EVENTS) * 1000, unit="ns", utc=True),
            "comm": pandas.Categorical(comms),
            "latency": pandas.to_timedelta(np.exp(random.normal(9, 2, EVENTS)).astype(np.int64), unit="ns"),
        }
    )


def _stacks() -> pandas.DataFrame:
    import random

    import pandas

    dice = random.Random(4)
    stacks = [[f"function_{dice.randint(0, 60)}+{i}" for i in range(DEEP)] for _ in range(STACKS)]
    return pandas.DataFrame({"ustack": stacks, "count": range(1, STACKS + 1)})


def _bars() -> pandas.DataFrame:
    import pandas

    lows = [1 << power for power in range(8, 24)]
    return pandas.DataFrame({"low": lows, "high": [2 * low - 1 for low in lows], "count": range(16)})
