"""Pictures as text for a terminal: bars, a line of blocks per series, shades for heat."""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace_jupyter.plots.labels import one_line, shortened, width

WIDTH = 79
_PARTS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_SHADES = " ░▒▓█"


def titled(title: str) -> list[str]:
    """Return the lines of a title; none when there is none."""
    return [one_line(title)] if title else []


def bars(rows: Sequence[tuple[str, float, str]]) -> list[str]:
    """Return lines of a label, a value as text and a bar as long as the value."""
    if not rows:
        return []
    names = [shortened(name, 40) for name, _, _ in rows]
    left = max(map(width, names))
    middle = max(len(text) for _, _, text in rows)
    most = max(max(value for _, value, _ in rows), 0) or 1
    room = WIDTH - left - middle - 6
    return [
        f"  {name}{' ' * (left - width(name))}  {text:>{middle}}  {_bar(value / most * room)}".rstrip()
        for name, (_, value, text) in zip(names, rows, strict=True)
    ]


def _bar(cells: float) -> str:
    eighths = max(0, round(cells * 8))
    return "█" * (eighths // 8) + _PARTS[eighths % 8].strip()


def blocks(values: Sequence[float | None], most: float, cells: int = 48) -> str:
    """Return values as one line of blocks as high as they are; a space where there is none."""
    if len(values) > cells:
        values = [
            _highest(values[i * len(values) // cells : (i + 1) * len(values) // cells]) for i in range(cells)
        ]
    top = most or 1
    return "".join(
        " " if value is None else _LEVELS[min(7, max(0, int(value / top * 7.999)))] for value in values
    )


def _highest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def shades(counts: Sequence[float], most: float) -> str:
    """Return counts as shades; whatever is not nothing can be seen."""
    return "".join(
        _SHADES[0] if not count else _SHADES[min(4, 1 + int(count / most * 3.999))] for count in counts
    )
