"""Lines over time: one for each key, the largest ten; the rest is one line, `other`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gpttrace_jupyter.plots import palette, words
from gpttrace_jupyter.plots.bar import MEANS
from gpttrace_jupyter.plots.labels import label, one_line, shortened
from gpttrace_jupyter.plots.moments import Clock, clock_of
from gpttrace_jupyter.plots.refusal import CannotDraw
from gpttrace_jupyter.plots.sheet import Sheet, cumulative
from gpttrace_jupyter.plots.units import axis_title, count, quantity, scale
from gpttrace_jupyter.plots.wishes import Wishes, filled, grouping, meaning, measure

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

MOST_LINES = 10
_BINS, _MOST_MOMENTS = 120, 2000


@dataclass(frozen=True, slots=True)
class Lines:
    """Values by key at times (s after `clock`'s start), None where there is none; `more` keys are in `other` or left out."""

    title: str
    what: str
    unit: str | None
    clock: Clock
    times: list[float]
    lines: list[tuple[str, list[float | None]]]
    more: int
    summed: bool

    @property
    def note(self) -> str:
        """What must be said under the picture; '' when all is shown."""
        if not self.more:
            return ""
        return f"other: {self.more} more, summed" if self.summed else f"not shown: {self.more} more"


def read(sheet: Sheet, wishes: Wishes) -> Lines:
    """Return one line for each key of a series; of events without a column that was asked for, how many there were."""
    if filled(sheet).time is None:
        raise CannotDraw(
            f"{sheet.name} has no column of times", hint='ask with "every 1 s", or draw it as "bar" or "hist"'
        )
    counted = sheet.kind == "events" and wishes.value is None
    grid = (_events if counted else _values)(sheet, wishes)
    clock = clock_of(grid.moments[0])
    lines = list(zip(grid.names, grid.cells, strict=False))
    if grid.more and grid.adds:
        lines.append(("other", grid.cells[-1]))
    title = sheet.title if wishes.title is None else wishes.title
    times = [clock.seconds(each) for each in grid.moments]
    return Lines(title, grid.what, grid.unit, clock, times, lines, grid.more, grid.adds)


@dataclass(frozen=True, slots=True)
class _Grid:
    # A row of cells for each name, the largest first; the last row is of the `more` that have no name, where there are any.
    moments: list[int]
    names: list[str]
    cells: list[list[float | None]]
    more: int
    what: str
    unit: str | None
    adds: bool


def _ranked(
    codes: Any, weights: Any, names: list[str], wishes: Wishes
) -> tuple[np.ndarray[Any, Any], list[str], int]:
    # Before there are cells: of 100,000 keys ten have a line.
    import numpy as np

    most = min(wishes.top or MOST_LINES, MOST_LINES)
    order = np.argsort(-np.bincount(codes, weights, minlength=len(names)), kind="stable")[:most]
    place = np.full(len(names), len(order))
    place[order] = np.arange(len(order))
    return place[codes], [names[i] for i in order.tolist()], len(names) - len(order)


def _values(sheet: Sheet, wishes: Wishes) -> _Grid:
    import numpy as np

    time, field = sheet.time, measure(sheet, wishes)
    assert time is not None
    there = sheet.numbers(time)[1] & sheet.numbers(field)[1]
    if not there.any():
        raise CannotDraw(f"nothing to draw: column {field.name!r} is empty", hint="name another by value=")
    sheet = sheet if there.all() else sheet.only(there)
    values = sheet.numbers(field)[0].astype(float)
    codes, names = sheet.groups(grouping(sheet, wishes))
    codes, names, more = _ranked(codes, np.abs(values), names, wishes)
    moments, columns = _columns(sheet.numbers(time)[0])
    places, size = codes * len(moments) + columns, len(moments) * (len(names) + 1)
    rows = np.bincount(places, minlength=size)
    sums: Any = np.bincount(places, values, minlength=size)
    means = field.name.lower() in MEANS or sheet.kind == "events"
    if means:
        sums = sums / np.maximum(rows, 1)
    empty = _absent(sheet, field.name)
    flat = [total if held else empty for total, held in zip(sums.tolist(), rows.tolist(), strict=True)]
    cells = _rows(flat, len(moments), len(names) + bool(more))
    return _Grid(moments, names, cells, more, meaning(sheet, field), field.unit, not means)


def _rows(flat: list[float | None], width: int, count: int) -> list[list[float | None]]:
    return [flat[i * width : (i + 1) * width] for i in range(count)]


def _columns(when: Any) -> tuple[list[int], Any]:
    # Intervals as they are; where there are too many to tell apart, equal stretches of time.
    import numpy as np

    moments, columns = np.unique(when, return_inverse=True)
    if len(moments) <= _MOST_MOMENTS:
        return moments.tolist(), columns
    first, step = int(moments[0]), _round_step(int(moments[-1] - moments[0]) / _BINS)
    first -= first % step
    columns = (when - first) // step
    return [first + i * step for i in range(int(columns.max()) + 1)], columns


def _absent(sheet: Sheet, what: str) -> float | None:
    # A key that is not in a map that is printed whole and then cleared had nothing to count in that interval.
    import re

    program, table = str(sheet.meta.get("program") or ""), re.escape(str(sheet.meta.get("table") or ""))
    cut = re.search(rf"\bprint\s*\(\s*{table}\s*,", program)
    whole = bool(program) and not cut and not cumulative(sheet)
    return 0.0 if whole and what in ("count", "sum", "total") else None


def _events(sheet: Sheet, wishes: Wishes) -> _Grid:
    import numpy as np

    assert sheet.time is not None
    when, there = sheet.numbers(sheet.time)
    if not there.any():
        raise CannotDraw(f"nothing to draw: column {sheet.time.name!r} is empty", hint="trace again")
    codes, names = sheet.groups(grouping(sheet, wishes)[: None if wishes.by is not None else 1])
    codes, names, more = _ranked(codes[there], None, names, wishes)
    first, last = int(when[there].min()), int(when[there].max())
    step = _round_step((last - first) / _BINS)
    first -= first % step
    bins = (last - first) // step + 1
    places = codes * bins + (when[there] - first) // step
    flat = np.bincount(places, minlength=bins * (len(names) + 1)).astype(float).tolist()
    cells = _rows(flat, bins, len(names) + bool(more))
    moments = [first + i * step for i in range(bins)]
    return _Grid(moments, names, cells, more, f"events in each {quantity(step, 'ns')}", None, True)


def _round_step(least: float) -> int:
    # 1, 2 or 5 and zeros, so that the axis can say it.
    ten: int = 10 ** max(0, len(str(int(least))) - 1)
    return next(step * ten for step in (1, 2, 5, 10, 20) if step * ten >= least)


def draw(data: Lines) -> Figure:
    """Draw the lines; their names stand beside the picture."""
    made = palette.figure(4.2, data.title)
    axes = made.add_subplot()
    palette.plain(axes)
    highest = max((abs(v) for _, line in data.lines for v in line if v is not None), default=1)
    size, unit = scale(highest, data.unit)
    drawn = [
        axes.plot(
            data.times, [None if v is None else v / size for v in line], **_style(i, name, data)  # type: ignore[arg-type]
        )[0]
        for i, (name, line) in enumerate(data.lines)
    ]  # fmt: skip
    if all(v is None or v >= 0 for _, line in data.lines for v in line):
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: count(value))
    palette.named(axes, data.clock.title, axis_title(data.what, unit))
    if [name for name, _ in data.lines] != [""]:
        _legend(made, drawn, [label(name, 28) for name, _ in data.lines])
    palette.noted(made, data.note)
    return palette.settle(made)


def _style(place: int, name: str, data: Lines) -> dict[str, Any]:
    if data.more and data.summed and place == len(data.lines) - 1:
        return {"color": palette.REST, "linestyle": ":", "linewidth": 1.6}
    solid = place < len(palette.LINES)
    few = {"marker": "o", "markersize": 3.5} if len(data.times) <= 60 else {}
    return {
        "color": palette.LINES[place % len(palette.LINES)], "linestyle": "-" if solid else "--", "linewidth": 1.6, **few,
    }  # fmt: skip


def _legend(made: Figure, drawn: list[Any], names: list[str]) -> None:
    # matplotlib leaves out what begins with `_`: the names are set afterwards.
    legend = made.legend(drawn, ["x"] * len(names), loc="outside right upper", frameon=False, fontsize=9)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name or "all")
        text.set_color(palette.INK)


def text(data: Lines) -> str:
    """Return a line of blocks for each key."""
    highest = max((v for _, line in data.lines for v in line if v is not None), default=1)
    names = [shortened(one_line(name), 16) or data.what for name, _ in data.lines]
    wide = max(map(len, names))
    rows = [
        f"  {name:<{wide}} {words.blocks(line, highest)}"
        for name, (_, line) in zip(names, data.lines, strict=True)
    ]
    scope = (
        f"{data.what}, highest {quantity(highest, data.unit)}, {data.clock.title}: 0 to {data.times[-1]:.3g}"
    )
    return "\n".join([*words.titled(data.title), scope, *rows, *([data.note] if data.note else [])])
