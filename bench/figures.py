"""One form for a measured figure, and how it is printed: what, measured, target, and how far from it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` and `target` in `unit`; `at_least` says that more is better. A target of None is only shown."""

    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """Measured over target (or target over measured where more is better): at or below 1 the target is met."""
        if self.target is None or not self.value:
            return None
        return self.target / self.value if self.at_least else self.value / self.target

    def line(self) -> str:
        """One line of the report, under 80 columns."""
        measured = f"{self.value:,.4g} {self.unit}"
        if self.target is None or self.ratio is None:
            return f"  {self.what:<40} {measured:>16}"
        sign = ">" if self.at_least else "<"
        met = "met" if self.ratio <= 1 else "MISSED"
        return f"  {self.what:<40} {measured:>16}  {sign} {self.target:,.4g}  {self.ratio:5.2f} {met}"


def seconds(call: Callable[[], object]) -> float:
    """Time one call, wall clock."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def spread(call: Callable[[], object], times: int) -> list[float]:
    """Time `times` calls, sorted."""
    return sorted(seconds(call) for _ in range(times))


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def percentile(values: list[float], part: float) -> float:
    """Return the value below which `part` of the sorted values lie."""
    return values[min(len(values) - 1, int(len(values) * part))]
