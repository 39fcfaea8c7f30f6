"""Buckets as numbers: an axis without gaps for several histograms, percentiles as bounds, log2 buckets of raw values.

A bucket is (low, high) with both ends in it, as in the tables; None is an open end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gpttrace_jupyter.plots.units import edge

Bucket = tuple[int | None, int | None]
# A gap of more buckets than this is drawn as one.
_MOST_FILLED = 128
_EDGES = [0, *(1 << power for power in range(64))]


def axis(held: Iterable[Bucket]) -> list[Bucket]:
    """Return the buckets in order, those between that hold nothing too."""
    ordered = sorted(set(held), key=lambda each: (each[0] is not None, each[0] or 0, each[1] or 0))
    grow = _growth(ordered)
    found: list[Bucket] = []
    for bucket in ordered:
        if found and found[-1][1] is not None and bucket[0] is not None:
            found += _between(found[-1][1] + 1, bucket[0], grow)
        found.append(bucket)
    return found


def _growth(buckets: Sequence[Bucket]) -> tuple[int, int]:
    # (step, 0) of equal widths, (0, bits) of 2**bits buckets for each power of two.
    closed = [(low, high - low + 1) for low, high in buckets if low is not None and high is not None]
    widths = {width for _, width in closed}
    doubling = all(width == max(low, 1) and not width & (width - 1) for low, width in closed)
    if len(widths) == 1 and not doubling:
        return widths.pop(), 0
    bits = (low.bit_length() - width.bit_length() for low, width in closed if low > 1)
    return 0, max(bits, default=0)


def _between(start: int, end: int, grow: tuple[int, int]) -> list[Bucket]:
    step, bits = grow
    found: list[Bucket] = []
    at = start
    while at < end:
        width = step or 1 << max(abs(at).bit_length() - 1 - bits, 0)
        if len(found) == _MOST_FILLED or at + width > end:
            return [(start, end - 1)]
        found.append((at, at + width - 1))
        at += width
    return found


def edges(buckets: Sequence[Bucket], unit: str | None) -> list[str]:
    """Return the texts of the edges, one more than there are buckets; '' where an end is open."""
    last = buckets[-1][1] if buckets else None
    every = [*(low for low, _ in buckets), None if last is None else last + 1]
    texts = ["" if each is None else edge(each, unit) for each in every]
    if len(set(texts)) == len(texts) or not unit:
        return texts
    # Three digits do not tell such narrow buckets apart.
    return ["" if each is None else f"{each:,} {unit}" for each in every]


def span(bucket: Bucket, unit: str | None) -> str:
    """Return a bucket as text: `4 KiB to 8 KiB`, `3`, `under 0`, `100 or more`."""
    low, high = bucket
    if low is None:
        return f"under {edge((high or 0) + 1, unit)}"
    if high is None:
        return f"{edge(low, unit)} or more"
    return edge(low, unit) if low == high else f"{edge(low, unit)} to {edge(high + 1, unit)}"


def spans(buckets: Sequence[Bucket], unit: str | None) -> list[str]:
    """Return each bucket as text, with as many digits as it takes to tell them apart."""
    texts = [span(each, unit) for each in buckets]
    if len(set(texts)) == len(texts):
        return texts
    return [f"{span(each, None)} {unit or ''}".rstrip() for each in buckets]


def place_of(share: float, counts: Sequence[int]) -> int | None:
    """Return in which bucket the value lies that `share` of all events do not exceed; None when there are none."""
    total, seen = sum(counts), 0
    for place, count in enumerate(counts):
        seen += count
        if total and seen >= share * total:
            return place
    return None


def bound(bucket: Bucket, unit: str | None) -> str:
    """Return what is known of a value in the bucket, from above where that can be said: `< 8.19 µs`."""
    low, high = bucket
    if high is None:
        return f"≥ {edge(low or 0, unit)}"
    return f"= {edge(high, unit)}" if low == high else f"< {edge(high + 1, unit)}"


def log2_places(values: Any) -> tuple[Any, list[Bucket]]:
    """Return for each value (a numpy array) in which log2 bucket it is, and those buckets; exact for 64 bits."""
    import numpy as np

    # A signed 64-bit number is below 2**63.
    steps = np.array(_EDGES[:-1] if values.dtype.kind == "i" else _EDGES, dtype=values.dtype)
    places = np.searchsorted(steps, values, side="right")
    lowest, highest = (int(places.min()), int(places.max())) if len(places) else (1, 0)
    every: list[Bucket] = [(None, -1), (0, 0), *((1 << p, (2 << p) - 1) for p in range(64))]
    return places - lowest, every[lowest : highest + 1]
