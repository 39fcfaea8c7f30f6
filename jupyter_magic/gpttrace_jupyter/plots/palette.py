"""Colours that people who see few of them can tell apart, and the plain look of every picture of ours.

Nothing here touches matplotlib's settings or its list of open figures: a picture is an object of its own, on white, which
reads on a dark page too.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from gpttrace_jupyter.plots.labels import FONT, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, without the yellow that is too pale on white.
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
BAR, INK, FAINT, PAPER, REST = LINES[0], "#222222", "#D9D9D9", "#FFFFFF", "#7F7F7F"
MARK = LINES[1]
HEAT = "viridis_r"  # few are light: what is dark on white is what is much
_WIDTH = 9.0


def figure(height: float, title: str, width: float = _WIDTH) -> Figure:
    """Return an empty figure (inches) under its title; the layout keeps all text inside."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=100, facecolor=PAPER, layout="constrained")
    if title:
        lines = textwrap.wrap(label(title, 400), int(width * 11))
        made.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=12, color=INK, parse_math=False)
    return made


def plain(axes: Axes, *, grid: str = "y") -> None:
    """Give axes the plain look: two spines, a faint grid behind the data."""
    axes.set_facecolor(PAPER)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(INK)
    axes.tick_params(colors=INK, labelcolor=INK, labelsize=9, labelfontfamily=FONT)
    axes.set_axisbelow(True)
    axes.grid(visible=False)
    if grid in ("x", "y"):
        axes.grid(visible=True, axis=grid, color=FAINT, linewidth=0.7)  # type: ignore[arg-type]


def settle(made: Figure) -> Figure:
    """Make all text of a figure ours: dark, in the font that is everywhere, and never read as formulas."""
    from matplotlib.text import Text

    for text in made.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        text.set_usetex(False)
        text.set_fontfamily(FONT)
    return made


def noted(made: Figure, note: str) -> None:
    """Write a line under a picture, where there is one to write."""
    if note:
        made.supxlabel(label(note, 160), fontsize=8, color=REST, x=0.01, ha="left")


def thinned(texts: list[str], inches: float, size: float = 9) -> list[int]:
    """Return the places of the texts that can stand side by side in so many inches, the last one among them."""
    widest = max((len(text) for text in texts), default=1)
    room = max(1, int(inches / ((widest + 1.5) * size * 0.6 / 72)))
    step = max(1, -(-(len(texts) - 1) // room))
    return list(range(len(texts) - 1, -1, -step))[::-1]


def named(axes: Axes, x: str = "", y: str = "") -> None:
    """Write the titles of both axes."""
    options: dict[str, Any] = {"color": INK, "fontsize": 10, "parse_math": False}
    axes.set_xlabel(label(x, 120), **options)
    axes.set_ylabel(label(y, 120), **options)
