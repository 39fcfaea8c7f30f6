"""Bars for what is largest: sorted, each with its value; the rest in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gpttrace_jupyter.plots import palette, words
from gpttrace_jupyter.plots.labels import label, one_line
from gpttrace_jupyter.plots.refusal import CannotDraw
from gpttrace_jupyter.plots.sheet import Sheet, cumulative, measures
from gpttrace_jupyter.plots.units import axis_title, count, quantity, scale, written_out
from gpttrace_jupyter.plots.wishes import Wishes, filled, grouping, meaning, measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BARS = 20
# What may not be added up; of these the rest is not summed either.
MEANS = frozenset(["avg", "average", "min", "max", "mean", "median", "p50", "p90", "p99"])


@dataclass(frozen=True, slots=True)
class Bars:
    """Labels and values, the largest first; `more` keys are not shown, `rest` is their sum (None where a sum says nothing)."""

    title: str
    what: str
    unit: str | None
    rows: list[tuple[str, float]]
    more: int
    rest: float | None

    @property
    def note(self) -> str:
        """What must be said under the picture; '' when all is shown."""
        if not self.more:
            return ""
        together = "" if self.rest is None else f", {quantity(self.rest, self.unit)} together"
        return f"not shown: {self.more} more{together}"


def read(sheet: Sheet, wishes: Wishes) -> Bars:
    """Return the largest values by key; of events without a column that was asked for, how many there were."""
    filled(sheet)
    counted = sheet.kind == "events" and wishes.value is None
    sums, what, unit, adds = _events(sheet, wishes) if counted else _values(sheet, wishes)
    ranked = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    shown = ranked[: wishes.top or MOST_BARS]
    rest = sum(value for _, value in ranked[len(shown) :]) if adds else None
    title = sheet.title if wishes.title is None else wishes.title
    return Bars(title, what, unit, shown, len(ranked) - len(shown), rest)


def _events(sheet: Sheet, wishes: Wishes) -> tuple[dict[str, float], str, str | None, bool]:
    import numpy as np

    by = grouping(sheet, wishes)[: None if wishes.by is not None else 1]
    if not by:
        raise CannotDraw(f"{sheet.name} has no column to count events by", hint="name one by by=")
    codes, names = sheet.groups(by)
    numbers = np.bincount(codes, minlength=len(names)).tolist()
    return dict(zip(names, numbers, strict=True)), f"events by {', '.join(f.name for f in by)}", None, True


def _values(sheet: Sheet, wishes: Wishes) -> tuple[dict[str, float], str, str | None, bool]:
    field = measure(sheet, wishes)
    adds = field.name.lower() not in MEANS
    sheet = _last(sheet) if sheet.time is not None and (not adds or cumulative(sheet)) else sheet
    names = sheet.texts(grouping(sheet, wishes))
    sums: dict[str, float] = {}
    for place, (name, value) in enumerate(zip(names, sheet.cells(field), strict=True)):
        if value is None:
            continue
        if name in sums and not adds:
            name = f"{name} #{place}"
        sums[name] = sums.get(name, 0) + value
    if not sums:
        raise CannotDraw(f"nothing to draw: column {field.name!r} is empty", hint="name another by value=")
    if list(sums) == [""] and len(measures(sheet)) == 1:
        sums = {sheet.name if "table" in sheet.meta else field.name: sums[""]}
    return sums, meaning(sheet, field), field.unit, adds


def _last(sheet: Sheet) -> Sheet:
    assert sheet.time is not None
    when = sheet.frame.iloc[:, sheet.time.place]
    return sheet.only((when == when.max()).to_numpy())


def draw(data: Bars) -> Figure:
    """Draw the bars from top to bottom, the values at their ends."""
    made = palette.figure(1.1 + 0.27 * len(data.rows), data.title)
    axes = made.add_subplot()
    palette.plain(axes, grid="x")
    values = [value for _, value in data.rows]
    size, unit = scale(max(map(abs, values)), data.unit)
    drawn = axes.barh(range(len(values)), [value / size for value in values], height=0.75, color=palette.BAR)
    axes.bar_label(
        drawn, [written_out(value, data.unit) for value in values], padding=3, fontsize=9, color=palette.INK
    )
    axes.set_yticks(range(len(values)), [label(name) or "all" for name, _ in data.rows])
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.margins(x=0.14)
    axes.xaxis.set_major_formatter(lambda value, _: count(value))
    palette.named(axes, axis_title(data.what, unit))
    palette.noted(made, data.note)
    return palette.settle(made)


def text(data: Bars) -> str:
    """Return the bars as text."""
    rows = [(one_line(name) or "all", value, written_out(value, data.unit)) for name, value in data.rows]
    return "\n".join(
        [*words.titled(data.title), data.what, *words.bars(rows), *([data.note] if data.note else [])]
    )
