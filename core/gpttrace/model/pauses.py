"""Pauses: how long to wait before the next try: what the server asks for, or twice as long each time, never the same for two."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

TRIES = 4
FIRST, LONGEST = 0.5, 8.0  # seconds


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` (seconds or a date) or `retry-after-ms` ask for; None for nothing readable."""
    told = {name.lower(): value.strip() for name, value in headers.items()}
    try:
        if "retry-after-ms" in told:
            return _sane(float(told["retry-after-ms"]) / 1000)
    except ValueError:
        pass
    text = told.get("retry-after", "")
    try:
        return _sane(float(text))
    except ValueError:
        pass
    try:
        return _sane(parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _sane(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds == seconds else None  # not a number asks nothing


def next_pause(tries: int, headers: Mapping[str, str], first: float = FIRST) -> float:
    """Return the seconds before the next try, after so many; at least what the server asks for."""
    grown = min(LONGEST, first * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.0)
    asked = asked_pause(headers)
    return grown if asked is None else asked + grown * 0.1
