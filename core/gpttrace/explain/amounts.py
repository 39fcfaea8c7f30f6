"""Numbers as people read them: `17.2 KiB (17,609 bytes)`, `1.23 ms`, `52 %`; and text from the traced world made safe to show."""

from __future__ import annotations

_BYTES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
_NS = ((3600 * 10**9, "h"), (60 * 10**9, "min"), (10**9, "s"), (10**6, "ms"), (10**3, "µs"))
LONGEST_TEXT = 60


def amount(value: float, unit: str | None, *, exact: bool = True) -> str:
    """Return a number with its unit; a scaled one has the exact number behind it when `exact`."""
    plain = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    scales = {"bytes": _BYTES, "ns": _NS}.get(unit or "")
    if scales is None:
        return f"{plain} {one(unit) if value == 1 else unit}" if unit else plain
    for size, name in scales:
        if abs(value) >= size:
            scaled = f"{value / size:.3g} {name}"
            return (
                f"{scaled} ({plain} {unit})"
                if exact and unit == "bytes" and isinstance(value, int)
                else scaled
            )
    return f"{plain} {unit}"


def one(noun: str) -> str:
    """Return the singular of a plain plural (`system calls`); a noun with a clause behind it stays as it is."""
    plain = noun.endswith("s") and not noun.endswith("ss") and not {"of", "that", "with"} & set(noun.split())
    return noun[:-1] if plain else noun


def share(part: float, whole: float) -> str:
    """Return a part as per cent; small parts are not rounded to nothing."""
    if not whole:
        return "0 %"
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent >= 1 else "under 1 %"


def bucket(low: int | None, high: int | None, unit: str | None) -> str:
    """Return the range of a histogram's bucket."""
    if low is None:
        return f"{amount(high or 0, unit, exact=False)} or less"
    if high is None:
        return f"{amount(low, unit, exact=False)} or more"
    if low == high:
        return amount(low, unit, exact=False)
    return f"{amount(low, unit, exact=False)} to {amount(high + 1, unit, exact=False)}"


def shown(value: object) -> str:
    """Return a cell for a sentence: one line, no control characters, not too long."""
    if isinstance(value, list):
        return "no stack" if not value else f"{shown(value[0])} (innermost of {len(value)} frames)"
    text = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(value)
    )
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
