"""Counts per bucket -> rows (low, high, count) as bpftrace shows histograms: closed ends, None where a side is open.

Empty buckets between the first and the last that hold something are rows too.
"""

from __future__ import annotations

from collections.abc import Mapping

Bucket = tuple[int | None, int | None, int]
_NEGATIVE = 1 << 63


def hist_rows(counts: Mapping[int, int], bits: int) -> list[Bucket]:
    """Return the rows of hist(): keys are the low ends of buckets, 2**`bits` buckets for each power of two."""
    lows: dict[int, int] = {}
    below = 0
    for low, count in counts.items():
        # bpftrace compares signed: a number above 2**63 is a negative one to it.
        if 0 <= low < _NEGATIVE:
            lows[low] = lows.get(low, 0) + count
        else:
            below += count
    rows: list[Bucket] = [(None, -1, below)] if below else []
    held = [low for low, count in lows.items() if count]
    at = (0 if below else min(held)) if held else 1
    while held and at <= max(held):
        width = 1 << max(at.bit_length() - 1 - bits, 0)
        rows.append((at, at + width - 1, lows.get(at, 0)))
        at += width
    return rows


def lhist_rows(counts: Mapping[int, int], low: int, high: int, step: int) -> list[Bucket]:
    """Return the rows of lhist(): key 0 is below `low`, the last one `high` and above."""
    held = [index for index, count in counts.items() if count]
    top = 1 + (high - low) // step
    rows: list[Bucket] = []
    for index in range(min(held), max(held) + 1) if held else ():
        start = low + (index - 1) * step
        ends = (
            None if index == 0 else start,
            low - 1 if index == 0 else None if index >= top else start + step - 1,
        )
        rows.append((*ends, counts.get(index, 0)))
    return rows
