"""Pictures of what a trace found: histograms, heat maps, lines, bars, flame graphs and icicles from one call, `plot`.

A picture is an object that a notebook shows by itself; nothing here changes matplotlib's settings, its backend or pyplot.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gpttrace_jupyter.plots.choose import KINDS, kind_of
from gpttrace_jupyter.plots.refusal import CannotDraw
from gpttrace_jupyter.plots.sheet import read, with_unit
from gpttrace_jupyter.plots.wishes import Wishes

if TYPE_CHECKING:
    import pandas

__all__ = ["KINDS", "CannotDraw", "plot"]


def plot(
    frame: pandas.DataFrame,
    kind: str | None = None,
    *,
    interactive: bool | None = None,
    value: str | None = None,
    by: str | Iterable[str] | None = None,
    top: int | None = None,
    unit: str | None = None,
    title: str | None = None,
) -> Any:
    """Return a picture of a frame; of the kind that fits it when `kind` is None; CannotDraw says in one line why there is none.

    `value` names the column of numbers, `by` the columns that tell one bar, line or panel from another, `top` how many of
    them, `unit` (`ns`, `bytes` …) is for numbers whose unit GPTtrace does not know. `interactive=True` gives a picture to
    zoom in, which needs plotly.
    """
    if kind is not None and kind not in KINDS:
        raise _no_such(kind)
    if top is not None and top < 1:
        raise CannotDraw(f"top is {top}", hint="give 1 or more")
    names = (by,) if isinstance(by, str) else None if by is None else tuple(by)
    wishes = Wishes(value, names, top, unit, title)
    sheet = with_unit(read(frame), unit)
    chosen = kind or kind_of(sheet)
    if chosen in ("flame", "icicle"):
        from gpttrace_jupyter.plots import stacks
        from gpttrace_jupyter.plots.flame import FlameGraph

        picture: Any = FlameGraph(stacks.read(sheet, wishes), chosen)  # type: ignore[arg-type]
    else:
        from gpttrace_jupyter.plots.picture import Picture

        room = import_module(f"gpttrace_jupyter.plots.{chosen}")
        picture = Picture(chosen, room.read(sheet, wishes), room.draw, room.text)
    if not interactive:
        return picture
    from gpttrace_jupyter.plots.interactive import Zoomable

    return Zoomable(picture)


def _no_such(kind: str) -> CannotDraw:
    near = difflib.get_close_matches(kind, KINDS, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return CannotDraw(f"there is no plot of the kind {kind!r}{meant}", hint=f"kinds: {', '.join(KINDS)}")
