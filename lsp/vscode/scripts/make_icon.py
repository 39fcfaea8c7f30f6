"""Draws media/icon.png: bars of a histogram behind a pulse line, 128 by 128, each pixel the mean of sixteen places."""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise
from pathlib import Path

FILE = Path(__file__).parents[1] / "media/icon.png"
SIZE, FINE = 128, 4
Color = tuple[int, int, int, int]
CLEAR: Color = (0, 0, 0, 0)
GROUND: Color = (22, 32, 46, 255)
BAR: Color = (64, 132, 196, 255)
LINE: Color = (255, 190, 70, 255)
BARS = (0.18, 0.34, 0.62, 0.50, 0.30, 0.14)
PULSE = ((10, 78), (38, 78), (48, 88), (60, 34), (72, 98), (82, 78), (118, 78))


def color_at(x: float, y: float) -> Color:
    """Return the colour of a place, both coordinates from 0 to 128."""
    if not _in_ground(x, y):
        return CLEAR
    if any(_distance(x, y, a, b) < 3.2 for a, b in pairwise(PULSE)):
        return LINE
    at, inside = divmod(x - 13, 17)
    if 0 <= at < len(BARS) and inside < 13 and 110 - 120 * BARS[int(at)] < y < 110:
        return BAR
    return GROUND


def _in_ground(x: float, y: float, radius: float = 24) -> bool:
    # A square with round corners.
    dx, dy = max(radius - x, x - (SIZE - radius), 0), max(radius - y, y - (SIZE - radius), 0)
    return dx * dx + dy * dy <= radius * radius


def _distance(x: float, y: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = max(0.0, min(1.0, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy)))
    return float(((x - a[0] - along * dx) ** 2 + (y - a[1] - along * dy) ** 2) ** 0.5)


def pixel(column: int, row: int) -> bytes:
    """Return one pixel: the mean of the places in it, colours weighed by how much of them can be seen."""
    places = [(column + (i + 0.5) / FINE, row + (j + 0.5) / FINE) for i in range(FINE) for j in range(FINE)]
    colors = [color_at(x, y) for x, y in places]
    seen = sum(color[3] for color in colors)
    mixed = [round(sum(color[i] * color[3] for color in colors) / seen) if seen else 0 for i in range(3)]
    return bytes([*mixed, round(seen / len(colors))])


def png() -> bytes:
    """Return the whole file."""
    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


if __name__ == "__main__":
    FILE.write_bytes(png())
