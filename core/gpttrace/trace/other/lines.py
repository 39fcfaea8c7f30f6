"""Bytes of another program's output -> lines, as they arrive and all together at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpttrace.trace.items import Output
from gpttrace.trace.text import text_of

LONGEST = 1 << 16  # bytes of one line: what prints no newline is cut there
# What clears a screen or moves its cursor: meant for a terminal, no data.
_SCREEN = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r(?=\n)")


class Lines:
    """Collects lines up to `limit`; those beyond it are counted and left out."""

    def __init__(self, limit: int) -> None:
        self.kept: list[str] = []
        self.limit = limit
        self.beyond = 0
        self._rest = b""

    @property
    def reached(self) -> bool:
        """Whether the limit is reached."""
        return len(self.kept) >= self.limit

    def feed(self, chunk: bytes) -> list[Output]:
        """Take a block of output and return what it completed, as one item."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST:
            whole.append(self._rest)
            self._rest = b""
        return self._keep(whole)

    def close(self) -> list[Output]:
        """Return the last line when no newline ended it."""
        rest, self._rest = self._rest, b""
        return self._keep([rest]) if rest.strip() else []

    def _keep(self, raw: list[bytes]) -> list[Output]:
        lines = [line for each in raw for line in _cut(each)]
        fits = lines[: max(self.limit - len(self.kept), 0)]
        self.beyond += len(lines) - len(fits)
        self.kept += fits
        return [Output("\n".join(fits) + "\n")] if fits else []


def _cut(line: bytes) -> Iterator[str]:
    clean = _SCREEN.sub(b"", line)
    for start in range(0, max(len(clean), 1), LONGEST):
        yield text_of(clean[start : start + LONGEST]).rstrip()
