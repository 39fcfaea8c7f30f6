"""Heat map: time from left to right, log2 buckets from bottom to top, the darker the more events; empty cells stay white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gpttrace_jupyter.plots import palette, words
from gpttrace_jupyter.plots.buckets import Bucket, axis, edges, log2_places, spans
from gpttrace_jupyter.plots.labels import shortened
from gpttrace_jupyter.plots.moments import Clock, clock_of
from gpttrace_jupyter.plots.refusal import CannotDraw
from gpttrace_jupyter.plots.sheet import Field, Sheet, cumulative, keys
from gpttrace_jupyter.plots.units import axis_title, count
from gpttrace_jupyter.plots.wishes import Wishes, filled, meaning, measure

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Heat:
    """`counts[bucket, column]`; a column lasts from one of `times` (s after `clock`'s start) to the next."""

    title: str
    what: str
    unit: str | None
    clock: Clock
    times: list[float]
    buckets: list[Bucket]
    counts: np.ndarray[Any, Any]
    note: str


def read(sheet: Sheet, wishes: Wishes) -> Heat:
    """Return events by time and bucket: of histograms printed at intervals, or of events with a time and a number."""
    if filled(sheet).time is None:
        raise CannotDraw(
            f"{sheet.name} has no column of times", hint='ask with "every 1 s", or draw it as "hist"'
        )
    edges_ns, buckets, counts, field = (_told if sheet.buckets else _counted)(sheet, wishes)
    clock = clock_of(edges_ns[0])
    title = sheet.title if wishes.title is None else wishes.title
    note = _note(sheet)
    times = [clock.seconds(each) for each in edges_ns]
    return Heat(title, meaning(sheet, field), field.unit, clock, times, buckets, counts, note)


def _note(sheet: Sheet) -> str:
    if sheet.buckets is None or not keys(sheet):
        return ""
    return f"all of {', '.join(field.name for field in keys(sheet))} together"


Parts = tuple[list[int], list[Bucket], "np.ndarray[Any, Any]", Field]


def _told(sheet: Sheet, wishes: Wishes) -> Parts:
    import numpy as np

    assert sheet.buckets is not None
    assert sheet.time is not None
    low, high, number = sheet.buckets
    when, there = sheet.numbers(sheet.time)
    ends = sorted(set(when[there].tolist()))
    pairs = [
        (None if a is None else int(a), None if b is None else int(b))
        for a, b in zip(sheet.cells(low), sheet.cells(high), strict=True)
    ]
    buckets = axis(pairs)
    rows = {bucket: i for i, bucket in enumerate(buckets)}
    columns = {end: i for i, end in enumerate(ends)}
    counts = np.zeros((len(buckets), len(ends)))
    for pair, end, there_, events in zip(pairs, when.tolist(), there, sheet.cells(number), strict=True):
        if there_:
            counts[rows[pair], columns[end]] += events or 0
    if cumulative(sheet):
        # Each print holds all that was before: what is new in an interval is the difference.
        counts = np.maximum(np.diff(counts, axis=1, prepend=0), 0)
    starts, counts = _thinned(_starts(ends), counts)
    return starts, buckets, counts, low


def _starts(ends: list[int]) -> list[int]:
    # A print tells of the time since the one before; the first one's interval is as long as the second's.
    first = ends[0] - (ends[1] - ends[0] if len(ends) > 1 else 10**9)
    return [first, *ends]


def _thinned(starts: list[int], counts: Any) -> tuple[list[int], Any]:
    import numpy as np

    each = -(-counts.shape[1] // MOST_COLUMNS)
    at = list(range(0, counts.shape[1], each))
    return [*(starts[i] for i in at), starts[-1]], np.add.reduceat(counts, at, axis=1)


def _counted(sheet: Sheet, wishes: Wishes) -> Parts:
    import numpy as np

    assert sheet.time is not None
    field = measure(sheet, wishes)
    when, timed = sheet.numbers(sheet.time)
    values, valued = sheet.numbers(field)
    there = timed & valued
    if not there.any():
        raise CannotDraw(
            f"nothing to draw: no row of {sheet.name} has a time and a number", hint="name another by value="
        )
    when, values = (when, values) if there.all() else (when[there], values[there])
    places, buckets = log2_places(values)
    first, last = int(when.min()), int(when.max())
    step = max(1, -(-(last - first + 1) // MOST_COLUMNS))
    columns = (last - first) // step + 1
    cells = places * columns + (when - first) // step
    counts = np.bincount(cells, minlength=columns * len(buckets)).reshape(len(buckets), columns).astype(float)
    return [first + i * step for i in range(columns + 1)], buckets, counts, field


def draw(data: Heat) -> Figure:
    """Draw the map with a bar that tells what the colours mean."""
    import numpy as np

    made = palette.figure(min(6.5, 2.0 + 0.22 * max(10, len(data.buckets))), data.title)
    axes = made.add_subplot()
    palette.plain(axes, grid="")
    shown = np.ma.masked_equal(data.counts, 0)
    mesh = axes.pcolormesh(
        np.array(data.times),
        np.arange(len(data.buckets) + 1),
        shown,
        cmap=palette.HEAT,
        norm=_norm(data),
        linewidth=0,
    )
    texts = edges(data.buckets, data.unit)
    texts = [texts[0] or "less", *texts[1:-1], texts[-1] or "more"]
    step = -(-len(texts) // 16)
    at = list(range(0, len(texts), step))
    axes.set_yticks(at, [texts[i] for i in at])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    palette.named(
        axes, data.clock.title, axis_title(data.what, "" if data.unit in ("ns", "bytes") else data.unit or "")
    )
    bar = made.colorbar(mesh, ax=axes, pad=0.02)
    bar.ax.tick_params(colors=palette.INK, labelcolor=palette.INK, labelsize=9, labelfontfamily="DejaVu Sans")
    bar.ax.yaxis.set_major_formatter(lambda value, _: count(value))
    bar.ax.yaxis.set_minor_formatter(lambda value, _: "")
    bar.set_label("events", color=palette.INK, fontsize=10)
    palette.noted(made, data.note)
    return palette.settle(made)


def _norm(data: Heat) -> Any:
    from matplotlib.colors import LogNorm, Normalize

    most = max(float(data.counts.max()), 1.0)
    return LogNorm(1, most) if most > 50 else Normalize(0, most)


def text(data: Heat) -> str:
    """Return the map in shades, the largest values on top."""
    cells = min(52, data.counts.shape[1])
    each = [i * data.counts.shape[1] // cells for i in range(cells)]
    import numpy as np

    merged = np.add.reduceat(data.counts, each, axis=1)
    most = float(merged.max()) or 1.0
    names = [shortened(each, 24) for each in spans(data.buckets, data.unit)]
    wide = max(map(len, names))
    rows = [
        f"  {name:>{wide}} {words.shades(row, most)}".rstrip()
        for name, row in zip(names[::-1], merged[::-1].tolist(), strict=True)
    ]
    scope = f"{data.what} over {data.clock.title}: {data.times[0]:.3g} to {data.times[-1]:.3g}"
    return "\n".join([*words.titled(data.title), scope, *rows, *([data.note] if data.note else [])])
