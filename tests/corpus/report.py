"""What was done with each example and canary, printed at the end of a test session, so that the log says what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

MACHINE = "left to the laboratory"


@dataclass
class Row:
    """What was done with one example: the bpftrace versions that compiled it, and what became of its run."""

    compiled: set[str] = field(default_factory=set)
    run: str = ""


_rows: dict[str, Row] = {}
_canaries: dict[str, str] = {}


def compiled(name: str, version: str) -> None:
    """Note that a bpftrace compiled an example."""
    _rows.setdefault(name, Row()).compiled.add(version)


def ran(name: str, what: str) -> None:
    """Note what became of an example's run."""
    _rows.setdefault(name, Row()).run = what


def canary(event: str, what: str) -> None:
    """Note whether an event was counted while its canary acted."""
    _canaries[event] = what


def canary_lines() -> list[str]:
    """Return what became of the canaries and forget it: how many counted as they must, and each of the others with why."""
    counted = sum(what == "counted" for what in _canaries.values())
    others = [f"{event}: {what}" for event, what in sorted(_canaries.items()) if what != "counted"]
    lines = [*others, f"canaries: {counted} counted, {len(others)} left"] if _canaries else []
    _canaries.clear()
    return lines


def lines() -> list[str]:
    """Return the table and forget it; nothing when no example was met."""
    if not _rows:
        return []
    width = max(map(len, _rows))
    table = [
        f"{name:<{width}}  {' '.join(sorted(row.compiled)) or '-':<14}  {row.run or '-'}"
        for name, row in sorted(_rows.items())
    ]
    kinds = ("checked", "attached", "left")
    counts = [f"{sum(row.run.startswith(kind) for row in _rows.values())} {kind}" for kind in kinds]
    versions = sorted({version for row in _rows.values() for version in row.compiled})
    counts += [
        f"{sum(version in row.compiled for row in _rows.values())} compiled by {version}"
        for version in versions
    ]
    _rows.clear()
    return [f"{'example':<{width}}  {'compiled by':<14}  run", *table, f"examples: {', '.join(counts)}"]


def write(reporter: pytest.TerminalReporter) -> None:
    """Print what is known, once."""
    for title, table in (("examples", lines()), ("canaries", canary_lines())):
        if table:
            reporter.section(title)
            for line in table:
                reporter.line(line)
