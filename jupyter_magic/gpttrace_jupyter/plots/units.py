"""Numbers with their units as they stand in a picture: times by 1000 (ns, µs, ms, s), bytes by 1024 (KiB, MiB)."""

from __future__ import annotations

_TIMES = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))
_SIZES = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B"))
_COUNTS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_POWERS = ((1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K"))
# Units of time, in ns.
_IN_NS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "seconds": 10**9}


def scale(most: float, unit: str | None) -> tuple[float, str]:
    """Return what to divide numbers up to `most` by, and the unit that they then have ('' for none)."""
    if unit in _IN_NS:
        size, name = _step(abs(most) * _IN_NS[unit], _TIMES)
        return size / _IN_NS[unit], name
    return _step(abs(most), _SIZES) if unit == "bytes" else (1.0, unit or "")


def is_scaled(unit: str | None) -> bool:
    """Tell whether a unit is of time or bytes, which have larger ones."""
    return unit == "bytes" or unit in _IN_NS


def quantity(value: float, unit: str | None) -> str:
    """Return a number with its unit, three digits: `1.02 µs`, `4 KiB`; whole counts up to 99,999 in full."""
    if is_scaled(unit):
        size, name = scale(value, unit)
        return f"{_three(value / size)} {name}"
    return f"{count(value)} {unit}" if unit else count(value)


def edge(value: int, unit: str | None) -> str:
    """Return an edge of a bucket: as `quantity`, but `4K` for 4096 of nothing in particular, as bpftrace prints it."""
    if is_scaled(unit):
        return quantity(value, unit)
    for size, letter in _POWERS:
        if value and value % size == 0:
            return f"{value // size}{letter}"
    return f"{value:,}"


def count(value: float) -> str:
    """Return a count: in full up to 99,999, three digits and a letter above."""
    if abs(value) < 1e5:
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
    size, letter = _step(abs(value), _COUNTS)
    return f"{_three(value / size)}{letter}"


def written_out(value: float, unit: str | None) -> str:
    """Return a value for a bar's end: as `quantity`, but whole numbers of no larger unit in full."""
    if is_scaled(unit) or not float(value).is_integer():
        return quantity(value, unit)
    return f"{int(value):,} {unit}" if unit else f"{int(value):,}"


def _step(value: float, steps: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    return next((step for step in steps if value >= step[0]), steps[-1])


def _three(value: float) -> str:
    # `g` alone writes 1.02e+03 for what rounds to 1024.
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def axis_title(what: str, unit: str) -> str:
    """Return the title of an axis: `latency (ms)`; the unit alone where it says the same."""
    return what if not unit or unit == what else f"{what} ({unit})"
