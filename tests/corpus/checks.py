"""The `check:` lines of examples: `WORKLOAD TIMES -> @map[KEY, …] = N`, held against the tables of a run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gpttrace.trace import Table

OWN = "gptcanary"  # how a check calls the workload's process
_LINE = re.compile(r"([\w-]+) (\d+) -> (@\w*|printf)(?:\[(.*)\])? (=|>=) (\d+)")


@dataclass(frozen=True)
class Check:
    """What a workload must leave in a table."""

    workload: str
    times: int
    target: str
    keys: tuple[str, ...]
    exact: bool
    number: int
    line: str = ""

    def found_in(self, tables: Sequence[Table], called: str = OWN) -> int:
        """Return the number that a result's tables have where this check looks; the workload's process was called `called`."""
        if self.target == "printf":
            return sum(
                any(_same(str(cell), key, called) for cell in row for key in self.keys)
                for table in tables
                if table.kind == "events"
                for row in table.rows()
            )
        return sum(self._in_table(table, called) for table in tables if table.name == self.target)

    def _in_table(self, table: Table, called: str) -> int:
        keys = [i for i, column in enumerate(table.columns) if column.role == "key"]
        names = [column.name for column in table.columns]
        values = [i for i, column in enumerate(table.columns) if column.role == "value"]
        at = names.index("count") if "count" in names else values[0]
        rows = [row for row in table.rows() if self._fits([str(row[i]) for i in keys], called)]
        return sum(int(row[at]) for row in rows)

    def _fits(self, cells: list[str], called: str) -> bool:
        if len(cells) < len(self.keys):
            return False
        return all(_same(cell, key, called) for cell, key in zip(cells, self.keys, strict=False))

    def wrong(self, tables: Sequence[Table], called: str = OWN) -> str | None:
        """Say what was found when it is not as it must be."""
        found = self.found_in(tables, called)
        holds = found == self.number if self.exact else found >= self.number
        return None if holds else f"{self.line}: found {found}"


def _same(cell: str, key: str, called: str) -> bool:
    return cell == key or (key == OWN and cell == called)


def read_check(line: str) -> Check:
    """Read one line; ValueError when it is of another form."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"no check: {line!r}")
    keys = tuple(part.strip().strip('"') for part in match[4].split(",")) if match[4] else ()
    return Check(match[1], int(match[2]), match[3], keys, match[5] == "=", int(match[6]), line)
