"""Recorded words of three bpftraces about 250 programs, and what is to be made of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

Found = tuple[str, str, int, int]  # severity, code, start, end


@dataclass(frozen=True)
class Sample:
    """One recorded run; `when` is `compile` or `load`, `version` 17, 23 or 27."""

    name: str
    category: str
    version: str
    when: str
    exit: int
    program: str
    output: str
    command: str


@cache
def samples() -> tuple[Sample, ...]:
    """Return every recorded run, without those that are equal to another."""
    with gzip.open(DATA / "messages.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(_sample(json.loads(line)) for line in lines)


def _sample(row: dict[str, Any]) -> Sample:
    return Sample(
        row["name"],
        row["cat"],
        row["version"].split(".")[1],
        row["when"],
        row["rc"],
        row["program"],
        row["stderr"] + "\n" + row["stdout"],
        row["command"],
    )


def expected(sample: Sample, when: str | None = None) -> set[Found]:
    """Return the findings that the table has for a sample, of one phase or of both."""
    return {
        found
        for name, versions, phase, found in _table(sample.name, sample.program)
        if name == sample.name and (versions == "all" or sample.version in versions.split(","))
        and when in (None, phase)
    }  # fmt: skip


@cache
def _lines() -> tuple[tuple[str, str, str, str, str, str], ...]:
    rows = []
    for line in (DATA / "expected.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, versions, when, severity, code = line[:79].split()
            rows.append((name, versions, when, severity, code, json.loads(f'"{line[79:]}"')))
    return tuple(rows)


def _table(name: str, program: str) -> Iterator[tuple[str, str, str, Found]]:
    for own, versions, when, severity, code, fragment in _lines():
        if own == name:
            yield own, versions, when, (severity, code, *_marked(fragment, program))


def _marked(fragment: str, program: str) -> tuple[int, int]:
    before, _, rest = fragment.partition("«")
    inside, _, after = rest.partition("»")
    whole = before + inside + after
    assert whole in program, (whole, program)
    at = program.index(whole) + len(before)
    return at, at + len(inside)
