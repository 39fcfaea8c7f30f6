"""The `check:` lines of examples: `WORKLOAD TIMES -> @map[KEY, …] = N`, held against the tables of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gpttrace.trace import Result, Table

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

    def found_in(self, result: Result) -> int:
        """Return the number that the result has where this check looks."""
        if self.target == "printf":
            return sum(
                any(str(cell) == key for cell in row for key in self.keys)
                for table in result.tables
                if table.kind == "events"
                for row in table.rows()
            )
        return sum(self._in_table(table) for table in result.tables if table.name == self.target)

    def _in_table(self, table: Table) -> int:
        keys = [i for i, column in enumerate(table.columns) if column.role == "key"]
        names = [column.name for column in table.columns]
        values = [i for i, column in enumerate(table.columns) if column.role == "value"]
        at = names.index("count") if "count" in names else values[0]
        rows = [row for row in table.rows() if self._fits([str(row[i]) for i in keys])]
        return sum(int(row[at]) for row in rows)

    def _fits(self, cells: list[str]) -> bool:
        return not self.keys or cells[: len(self.keys)] == list(self.keys) or cells == list(self.keys)

    def holds(self, result: Result) -> bool:
        """Tell whether the result is as it must be."""
        found = self.found_in(result)
        return found == self.number if self.exact else found >= self.number


def read_check(line: str) -> Check:
    """Read one line; ValueError when it is of another form."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"no check: {line!r}")
    keys = tuple(part.strip().strip('"') for part in match[4].split(",")) if match[4] else ()
    return Check(match[1], int(match[2]), match[3], keys, match[5] == "=", int(match[6]))
