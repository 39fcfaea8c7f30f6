"""Flame graph and icicle as one SVG without scripts: names in the boxes, the whole name and its share under the pointer.

Warm colours ran in user space, blue ones in the kernel, grey ones are keys; a name has the same colour in every picture.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Literal

from gpttrace.errors import UsageError
from gpttrace_jupyter.plots.labels import one_line, shortened, width
from gpttrace_jupyter.plots.picture import written
from gpttrace_jupyter.plots.stacks import Frame, Node, Stacks
from gpttrace_jupyter.plots.units import quantity
from gpttrace_jupyter.plots.words import titled

WIDE, ROW, HEAD, EDGE = 1200, 18, 48, 8
SMALLEST = 0.3  # px; narrower boxes are left out
_LETTER = 7.0  # px of one letter of the fixed-width font at 11 px, generously


@dataclass(frozen=True, slots=True)
class Box:
    """A frame's place: `x` and `wide` in px, `level` counted from the root."""

    frame: Frame
    value: int
    x: float
    wide: float
    level: int


class FlameGraph:
    """The picture; shown in a notebook as it is, in a terminal as a tree; `save` writes an .svg file."""

    def __init__(self, data: Stacks, kind: Literal["flame", "icicle"] = "flame") -> None:
        self.data, self.kind = data, kind

    @cached_property
    def svg(self) -> str:
        """The SVG text."""
        return draw(self.data, self.kind)

    @cached_property
    def text(self) -> str:
        """The heaviest parts of the tree as text, under 80 columns."""
        return outline(self.data)

    def save(self, path: str | Path) -> Path:
        """Write the picture to an .svg file and return its path; StoreError when that cannot be."""
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise UsageError(
                f"a flame graph cannot be written as {target.name!r}", hint="end the name in .svg"
            )
        written(target, self.svg.encode())
        return target

    def _repr_html_(self) -> str:
        # Inline, because JupyterLab shows image/svg+xml as an image, where nothing answers to the pointer.
        return self.svg

    def __repr__(self) -> str:
        return self.text


def boxes(tree: Node) -> Iterator[Box]:
    """Yield the boxes that are wide enough, each one's callees in order of their names."""
    scale = (WIDE - 2 * EDGE) / max(tree.value, 1)
    todo = [(tree, float(EDGE), 0)]
    while todo:
        node, x, level = todo.pop()
        wide = node.value * scale
        if wide < SMALLEST:
            continue
        yield Box(node.frame, node.value, x, wide, level)
        for child in sorted(node.children.values(), key=lambda each: (each.frame.name, each.frame.side)):
            todo.append((child, x, level + 1))
            x += child.value * scale


def draw(data: Stacks, kind: str) -> str:
    """Return the SVG; every name in it is escaped."""
    tree = data.tree
    drawn = list(boxes(tree))
    depth = 1 + max(box.level for box in drawn)
    high = HEAD + depth * ROW + EDGE + 18
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high}" width="{WIDE}" height="{high}" role="img" '
        'style="max-width:100%;height:auto" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">',
        f'<rect width="{WIDE}" height="{high}" fill="#ffffff"/>',
        _text(EDGE, 19, shortened(one_line(data.title or data.what), 140), size=14),
        _text(
            EDGE,
            38,
            f"{data.what}: {quantity(tree.value, data.unit)} in {len(data.paths):,} stacks",
            ink="#555555",
        ),
        *_legend(),
        *(_box(box, tree.value, data, _top(box, depth, kind)) for box in drawn),
    ]
    small = sum(1 for _ in nodes(tree)) - len(drawn)
    if small:
        parts.append(
            _text(
                EDGE,
                high - 8,
                f"{small:,} frames are narrower than {SMALLEST} px and not drawn",
                ink="#555555",
            )
        )
    return "\n".join([*parts, "</svg>"])


def _top(box: Box, depth: int, kind: str) -> int:
    return HEAD + ROW * (box.level if kind == "icicle" else depth - 1 - box.level)


def nodes(tree: Node) -> Iterator[Node]:
    """Yield every node of the tree."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        todo += node.children.values()


def _box(box: Box, total: int, data: Stacks, y: int) -> str:
    name = one_line(box.frame.name)
    told = f"{name}\n{quantity(box.value, data.unit)}, {100 * box.value / total:.2f} %"
    if box.value >= 10**5:
        told += f" ({box.value:,}{' ' + data.unit if data.unit else ''})"
    side = "" if box.frame.side == "key" else f", {box.frame.side}"
    inside = _fitting(name, int((box.wide - 4) / _LETTER))
    words = _text(box.x + 3, y + 12.5, inside) if inside else ""
    return (
        f'<g><title>{escape(told + side)}</title><rect x="{box.x:.2f}" y="{y}" width="{max(box.wide - 0.5, 0.2):.2f}" '
        f'height="{ROW - 1}" rx="1" fill="{colour(box.frame)}"/>{words}</g>'
    )


def _fitting(name: str, cells: int) -> str:
    if width(name) <= cells:
        return name
    if cells < 3:
        return ""
    while name and width(name) > cells - 1:
        name = name[: -max(1, (width(name) - cells + 1) // 2)]
    return name + "…"


def colour(frame: Frame) -> str:
    """Return the colour of a frame: by its side, and within that by its name."""
    first, second = zlib.crc32(frame.name.encode("utf-8", "surrogateescape")) % 997, len(frame.name) % 7
    if frame.side == "key":
        return f"hsl(0,0%,{78 + first % 9}%)"
    hue, light = (198 + first % 22, 68 + second) if frame.side == "kernel" else (26 + first % 26, 62 + second)
    return f"hsl({hue},{'70' if frame.side == 'kernel' else '90'}%,{light}%)"


def _legend() -> list[str]:
    parts = []
    for place, (side, name) in enumerate((("user", "user space"), ("kernel", "kernel"), ("key", "key"))):
        x = WIDE - 300 + place * 110
        sample = Frame(name, side)  # type: ignore[arg-type]
        parts.append(
            f'<rect x="{x}" y="29" width="11" height="11" fill="{colour(sample)}"/>{_text(x + 16, 38, name)}'
        )
    return parts


def _text(x: float, y: float, words: str, *, size: int = 0, ink: str = "#222222") -> str:
    grown = f' font-size="{size}"' if size else ""
    return f'<text x="{x:.1f}" y="{y}" fill="{ink}"{grown} xml:space="preserve" pointer-events="none">{escape(words)}</text>'


def outline(data: Stacks, most: int = 40) -> str:
    """Return the heaviest frames of the tree as text, callees under their callers."""
    tree = data.tree
    total = f"{data.what}: {quantity(tree.value, data.unit)} in {len(data.paths):,} stacks"
    every = sorted((node.value for node in nodes(tree)), reverse=True)
    least = every[most - 1] if len(every) > most else 0
    lines = [*titled(data.title), total]
    todo, shown = [(tree, 0)], 0
    while todo:
        node, level = todo.pop()
        shown += 1
        name = shortened(one_line(node.frame.name), 69 - level)
        lines.append(f"{100 * node.value / tree.value:6.1f} % {' ' * level}{name}")
        heavy = [each for each in node.children.values() if each.value > least or len(every) <= most]
        todo += [(each, min(level + 1, 40)) for each in sorted(heavy, key=lambda each: each.value)]
    left_out = len(every) - shown
    return "\n".join([*lines, *([f"  … and {left_out:,} lighter frames"] if left_out > 0 else [])])
