"""Who asked for what: one line for each program that somebody wanted to run here, kept beside the runs themselves.

Denied wishes are kept too, without a run. Writing a line never fails a trace: what could not be written is the caller's warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gpttrace.trace.store import Store, told

MOST_LINES = 20_000
LONGEST_PROGRAM = 8_000

CREATE = """
create table if not exists asked (
    number integer primary key, at text not null, who text not null, tool text not null, program text not null,
    verdict text not null, why text not null, run_id text
)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish: `verdict` is `run`, `approved` (a person agreed) or `denied`; `why` says why it was denied."""

    who: str
    tool: str
    program: str
    verdict: str
    why: str = ""
    run_id: str | None = None
    at: str = ""


def note(store: Store, asked: Asked) -> None:
    """Keep one line; the oldest go when there are too many. Raises StoreError."""
    row = (
        datetime.now().astimezone().isoformat(timespec="seconds"),
        asked.who,
        asked.tool,
        asked.program[:LONGEST_PROGRAM],
        asked.verdict,
        asked.why,
        asked.run_id,
    )
    with told("cannot write down who asked"), store.database() as database:
        # A power cut may take the last lines; nobody waits for the disk.
        database.pragma("synchronous", "normal")
        database.execute(CREATE)
        database.execute(
            "insert into asked (at, who, tool, program, verdict, why, run_id) values (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        database.execute(
            "delete from asked where number <= (select max(number) from asked) - ?", (MOST_LINES,)
        )


def asked(store: Store, limit: int = 50) -> list[Asked]:
    """Return the newest lines first. Raises StoreError."""
    if not store.exists:
        return []
    query = "select who, tool, program, verdict, why, run_id, at from asked order by number desc limit ?"
    with told("cannot read who asked"), store.database() as database:
        database.execute(CREATE)
        return [_line(row) for row in database.execute(query, (limit,))]


def askers(store: Store, run_ids: Sequence[str]) -> dict[str, str]:
    """Return who asked for these runs, those of which it is known. Raises StoreError."""
    if not store.exists or not run_ids:
        return {}
    marks = ", ".join("?" * len(run_ids))
    with told("cannot read who asked"), store.database() as database:
        database.execute(CREATE)
        found = database.execute(f"select run_id, who from asked where run_id in ({marks})", tuple(run_ids))
        return {str(run_id): str(who) for run_id, who in found}


def _line(row: tuple[Any, ...]) -> Asked:
    who, tool, program, verdict, why, run_id, at = row
    return Asked(who, tool, program, verdict, why, run_id, at)
