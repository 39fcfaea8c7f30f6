"""Clock: times of a trace as seconds after its first moment, which the title of the axis names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """`start` is ns since 1970 (UTC)."""

    start: int

    def seconds(self, moment: int) -> float:
        """Return how long after the start a moment (ns) is."""
        return (moment - self.start) / 1e9

    @property
    def title(self) -> str:
        """The title of the axis."""
        day = datetime.fromtimestamp(self.start // 10**9, UTC)
        return f"seconds since {day:%Y-%m-%d %H:%M:%S} UTC"


def clock_of(first: int) -> Clock:
    """Return the clock that begins with the whole second of the first moment (ns)."""
    return Clock(first // 10**9 * 10**9)
