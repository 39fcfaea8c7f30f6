"""The plotly figure of each kind of picture, from the same data as the still one; functions are named as the kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from gpttrace_jupyter.plots import palette
from gpttrace_jupyter.plots.buckets import spans
from gpttrace_jupyter.plots.flame import colour
from gpttrace_jupyter.plots.interactive import tagless
from gpttrace_jupyter.plots.stacks import Node, Stacks
from gpttrace_jupyter.plots.units import axis_title, quantity, scale

if TYPE_CHECKING:
    from gpttrace_jupyter.plots.bar import Bars
    from gpttrace_jupyter.plots.heat import Heat
    from gpttrace_jupyter.plots.hist import Histogram
    from gpttrace_jupyter.plots.line import Lines

# A browser draws so many boxes without delay; below a share of all the tree is cut until it fits.
MOST_BOXES = 3000


def hist(data: Histogram) -> go.Figure:
    """Return grouped bars, one colour a key."""
    names = [tagless(each) for each in spans(data.buckets, data.unit)]
    drawn = [
        go.Bar(x=names, y=panel.counts, name=tagless(panel.label) or "all", marker_color=_line_colour(i))
        for i, panel in enumerate(data.panels)
    ]
    return _titled(go.Figure(drawn), data.what, "events", legend=len(drawn) > 1)


def heat(data: Heat) -> go.Figure:
    """Return the heat map; cells without events are empty."""
    middles = [(a + b) / 2 for a, b in zip(data.times, data.times[1:], strict=False)]
    cells = [[cell or None for cell in row] for row in data.counts.tolist()]
    names = [tagless(each) for each in spans(data.buckets, data.unit)]
    seen = "%{y}<br>%{x} s<br>%{z} events<extra></extra>"
    drawn = go.Heatmap(x=middles, y=names, z=cells, colorscale="Viridis_r", hovertemplate=seen)
    return _titled(go.Figure(drawn), data.clock.title, tagless(data.what))


def line(data: Lines) -> go.Figure:
    """Return one line a key."""
    most = max((abs(v) for _, each in data.lines for v in each if v is not None), default=1)
    size, unit = scale(most, data.unit)
    drawn = [
        go.Scatter(
            x=data.times, y=[None if v is None else v / size for v in values], mode="lines+markers",
            name=tagless(name) or "all", line={"color": _line_colour(i)},
        )
        for i, (name, values) in enumerate(data.lines)
    ]  # fmt: skip
    return _titled(
        go.Figure(drawn), data.clock.title, tagless(axis_title(data.what, unit)), legend=len(drawn) > 1
    )


def bar(data: Bars) -> go.Figure:
    """Return sorted bars."""
    size, unit = scale(max(abs(value) for _, value in data.rows), data.unit)
    rows = data.rows[::-1]
    drawn = go.Bar(
        x=[value / size for _, value in rows], y=[tagless(name) or "all" for name, _ in rows], orientation="h",
        text=[quantity(value, data.unit) for _, value in rows], marker_color=palette.BAR,
    )  # fmt: skip
    return _titled(go.Figure(drawn), tagless(axis_title(data.what, unit)), "")


def flame(data: Stacks) -> go.Figure:
    """Return a flame graph: a click zooms into a frame."""
    return _tree(data, {"flip": "y"})


def icicle(data: Stacks) -> go.Figure:
    """Return the same with callers on top."""
    return _tree(data, {})


def _tree(data: Stacks, turned: dict[str, str]) -> go.Figure:
    nodes = _nodes(data.tree)
    values = [node.value for node, _ in nodes]
    drawn = go.Icicle(
        ids=[str(i) for i in range(len(nodes))],
        labels=[tagless(node.frame.name) for node, _ in nodes],
        parents=["" if parent is None else str(parent) for _, parent in nodes],
        values=values,
        customdata=[quantity(value, data.unit) for value in values],
        hovertemplate="%{label}<br>%{customdata}<br>%{percentRoot:.2%}<extra></extra>",
        branchvalues="total",
        sort=False,
        marker={"colors": [colour(node.frame) for node, _ in nodes]},
        tiling={"orientation": "v", "pad": 0, **turned},
        pathbar={"visible": True},
    )
    deepest = _depth(nodes)
    return go.Figure(drawn).update_layout(height=min(1200, 140 + 20 * deepest))


def _nodes(tree: Node) -> list[tuple[Node, int | None]]:
    # Level by level, so that what is cut off is what is deepest and narrowest.
    least, every = 0.0, _listed(tree, 0)
    while len(every) > MOST_BOXES:
        least = max(2 * least, tree.value / 10_000)
        every = _listed(tree, least)
    return every


def _listed(tree: Node, least: float) -> list[tuple[Node, int | None]]:
    found: list[tuple[Node, int | None]] = [(tree, None)]
    for place, (node, _) in enumerate(found):
        below = sorted(node.children.values(), key=lambda each: each.frame.name)
        found += [(child, place) for child in below if child.value >= least]
    return found


def _depth(nodes: list[tuple[Node, int | None]]) -> int:
    levels: list[int] = []
    for _, parent in nodes:
        levels.append(1 if parent is None else levels[parent] + 1)
    return max(levels)


def _line_colour(place: int) -> str:
    return palette.LINES[place % len(palette.LINES)]


def _titled(made: go.Figure, x: str, y: str, *, legend: bool = False) -> go.Figure:
    options: dict[str, Any] = {"xaxis_title": x, "yaxis_title": y, "showlegend": legend}
    return made.update_layout(**options)
