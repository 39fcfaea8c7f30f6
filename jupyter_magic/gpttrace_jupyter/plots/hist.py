"""Histograms: one panel for each key, bars of equal width under real units, percentiles as the bounds that buckets give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gpttrace_jupyter.plots import palette, words
from gpttrace_jupyter.plots.buckets import Bucket, axis, bound, edges, log2_places, place_of, spans
from gpttrace_jupyter.plots.labels import label
from gpttrace_jupyter.plots.refusal import CannotDraw
from gpttrace_jupyter.plots.sheet import Field, Sheet, cumulative
from gpttrace_jupyter.plots.units import count
from gpttrace_jupyter.plots.wishes import Wishes, filled, grouping, meaning, measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 9
SHARES = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"))
NOTE = "p50, p90, p99: bounds, given by the bucket that each lies in"


@dataclass(frozen=True, slots=True)
class Panel:
    """One key's histogram: events in each bucket of the common axis."""

    label: str
    counts: list[int]

    @property
    def total(self) -> int:
        """All events."""
        return sum(self.counts)

    @property
    def amount(self) -> str:
        """All events as text."""
        return f"{count(self.total)} event{'' if self.total == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Panels, the largest first; `more` keys with `rest` events together are not shown."""

    title: str
    what: str
    unit: str | None
    buckets: list[Bucket]
    panels: list[Panel]
    more: int
    rest: int

    @property
    def note(self) -> str:
        """What must be said under the picture."""
        left_out = f"; not shown: {self.more} more with {count(self.rest)} events" if self.more else ""
        return NOTE + left_out


def read(sheet: Sheet, wishes: Wishes) -> Histogram:
    """Return what a frame of buckets holds, or the log2 histogram of a column of numbers."""
    counts, field = (_told if sheet.buckets else _counted)(filled(sheet), wishes)
    if not counts:
        raise CannotDraw(f"nothing to draw: all buckets of {sheet.name} are empty", hint="trace longer")
    buckets = axis(bucket for held in counts.values() for bucket in held)
    panels = [Panel(name, [held.get(bucket, 0) for bucket in buckets]) for name, held in counts.items()]
    panels.sort(key=lambda panel: -panel.total)
    shown = panels[: min(wishes.top or MOST_PANELS, MOST_PANELS)]
    title = sheet.title if wishes.title is None else wishes.title
    rest = sum(panel.total for panel in panels[len(shown) :])
    return Histogram(title, meaning(sheet, field), field.unit, buckets, shown, len(panels) - len(shown), rest)


Counts = dict[str, dict[Bucket, int]]


def _told(sheet: Sheet, wishes: Wishes) -> tuple[Counts, Field]:
    assert sheet.buckets is not None
    low, high, number = sheet.buckets
    sheet = _state(sheet)
    names = sheet.texts(grouping(sheet, wishes))
    counts: Counts = {}
    rows = zip(names, sheet.cells(low), sheet.cells(high), sheet.cells(number), strict=True)
    for name, start, end, events in rows:
        held = counts.setdefault(name, {})
        bucket = (None if start is None else int(start), None if end is None else int(end))
        held[bucket] = held.get(bucket, 0) + int(events or 0)
    return counts, low


def _state(sheet: Sheet) -> Sheet:
    # Of a map that goes on adding up the last state holds all; what is cleared at each interval is added up here.
    if sheet.time is None or not cumulative(sheet):
        return sheet
    when = sheet.frame.iloc[:, sheet.time.place]
    return sheet.only((when == when.max()).to_numpy())


def _counted(sheet: Sheet, wishes: Wishes) -> tuple[Counts, Field]:
    import numpy as np

    field = measure(sheet, wishes)
    values, there = sheet.numbers(field)
    codes, names = sheet.groups(grouping(sheet, wishes) if wishes.by is not None else [])
    if not there.any():
        return {}, field
    places, buckets = log2_places(values[there])
    grid = np.bincount(codes[there] * len(buckets) + places, minlength=len(names) * len(buckets))
    table: list[list[int]] = grid.reshape(len(names), len(buckets)).tolist()
    counts = {
        name: {bucket: n for bucket, n in zip(buckets, row, strict=True) if n}
        for name, row in zip(names, table, strict=True)
    }
    return {name: held for name, held in counts.items() if held}, field


def marks(panel: Panel, buckets: list[Bucket], unit: str | None) -> list[tuple[str, int, str]]:
    """Return name, place of the bucket and bound in words of each percentile."""
    found = [(name, place_of(share, panel.counts)) for share, name in SHARES]
    return [(name, at, f"{name} {bound(buckets[at], unit)}") for name, at in found if at is not None]


def draw(data: Histogram) -> Figure:
    """Draw the panels, three side by side."""
    columns = min(3, len(data.panels))
    lines = -(-len(data.panels) // columns)
    made = palette.figure(0.9 + (3.4 if lines == 1 else 2.3 * lines), data.title, 9 if columns < 3 else 10.5)
    for place, panel in enumerate(data.panels):
        axes = made.add_subplot(lines, columns, place + 1)
        _panel(axes, data, panel, 8.2 / columns)
        lowest = place + columns >= len(data.panels)
        palette.named(axes, data.what if lowest else "", "" if place % columns else "events")
    palette.noted(made, data.note)
    return palette.settle(made)


def _panel(axes: Axes, data: Histogram, panel: Panel, inches: float) -> None:
    palette.plain(axes)
    axes.bar([i + 0.5 for i in range(len(panel.counts))], panel.counts, width=0.92, color=palette.BAR)
    axes.set_xlim(0, len(data.buckets))
    axes.set_ylim(0, max(panel.counts) * 1.12 or 1)
    texts = edges(data.buckets, data.unit)
    texts = [texts[0] or "less", *texts[1:-1], texts[-1] or "more"]
    at = palette.thinned(texts, inches)
    axes.set_xticks(at, [texts[i] for i in at])
    axes.yaxis.set_major_locator(_whole_numbers())
    axes.yaxis.set_major_formatter(lambda value, _: count(value))
    found = marks(panel, data.buckets, data.unit)
    _heads(axes, panel, "   ".join(text for _, _, text in found), inches)
    _lines(axes, data.buckets, found)


def _heads(axes: Axes, panel: Panel, bounds: str, inches: float) -> None:
    of = panel.amount
    if inches > 5:
        name = f"{label(panel.label)}\n" if panel.label else ""
        axes.set_title(f"{name}{of}   {bounds}", loc="left", fontsize=9, color=palette.INK)
    else:
        head = f"{label(panel.label, 26)}: {of}" if panel.label else of
        axes.set_title(f"{head}\n{bounds}", loc="left", fontsize=8, color=palette.INK)


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=True)


def _lines(axes: Axes, buckets: list[Bucket], found: list[tuple[str, int, str]]) -> None:
    # A bucket bounds from above, an open one from below. Names stand one under the other: lines may be near.
    for row, (name, place, _) in enumerate(found):
        at = place if buckets[place][1] is None else place + 1
        axes.axvline(at, color=palette.MARK, linewidth=1.1, linestyle="--")
        left = at > axes.get_xlim()[1] * 0.85
        axes.annotate(
            name, (at, 1), xycoords=("data", "axes fraction"), xytext=(-3 if left else 3, -2 - 10 * row),
            textcoords="offset points", va="top", ha="right" if left else "left", fontsize=8, color=palette.MARK,
            bbox={"facecolor": palette.PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.6},
        )  # fmt: skip


def text(data: Histogram) -> str:
    """Return the histograms as bars of text."""
    lines = words.titled(data.title)
    for panel in data.panels:
        bounds = ", ".join(words_ for _, _, words_ in marks(panel, data.buckets, data.unit))
        lines.append(f"{label(panel.label) + ': ' if panel.label else ''}{panel.amount}, {bounds}")
        held = [place for place, n in enumerate(panel.counts) if n]
        rows = list(zip(spans(data.buckets, data.unit), panel.counts, strict=True))
        lines += words.bars([(name, n, count(n)) for name, n in rows[held[0] : held[-1] + 1]] if held else [])
    return "\n".join([*lines, data.note])
