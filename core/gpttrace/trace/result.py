"""Result: what one run left, and the one place that says how it ended.

`status` is one of nine words; `reason` is one sentence. `complete` tells whether bpftrace printed its maps: true for
every end but a kill, a crash or a program that never ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from gpttrace.errors import GpttraceError, NotPermitted, ProgramRejected, Unavailable
from gpttrace.language.findings import Finding
from gpttrace.trace.table import Table

Status = Literal[
    "ok",
    "time_limit",
    "stopped",
    "row_limit",
    "memory_limit",
    "program_error",
    "denied",
    "unavailable",
    "tool_error",
]


@dataclass(frozen=True, slots=True)
class Result:
    """One finished run; `took` is seconds, `output` the lines that bpftrace would have shown, `ran` the copy that really ran."""

    run_id: str
    status: Status
    reason: str
    complete: bool
    tables: tuple[Table, ...]
    output: Sequence[str]
    lost: int
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]
    program: str
    ran: str
    probes: int
    began: datetime
    took: float
    bpftrace: str = ""
    question: str | None = None
    spec: dict[str, Any] | None = None
    explanation: str | None = None
    command_status: int | None = None

    @property
    def rows(self) -> int:
        """The number of rows of all tables together."""
        return sum(len(table) for table in self.tables)

    def table(self, name: str) -> Table:
        """Return the table of that name; KeyError when there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of a result."""
        return {
            "run_id": self.run_id,
            "status": self.status,
            "reason": self.reason,
            "complete": self.complete,
            "took_s": round(self.took, 6),
            "rows": self.rows,
            "lost": self.lost,
            "tables": [table.to_json() for table in self.tables],
            "output": list(self.output),
            "warnings": list(self.warnings),
        }

    def error(self) -> GpttraceError | None:
        """Return the error that a front end raises for this result; None when there is data to show."""
        if self.status in ("ok", "time_limit", "stopped", "row_limit", "memory_limit"):
            return None
        kind: type[GpttraceError] = GpttraceError
        if self.status == "program_error":
            kind = ProgramRejected
        elif self.status == "denied":
            kind = NotPermitted
        elif self.status == "unavailable":
            kind = Unavailable
        return kind(self.reason, hint=next((each.hint for each in self.findings if each.hint), None))
