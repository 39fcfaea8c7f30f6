"""The run store: every run with its program, its findings and its tables, kept on this machine for its user only.

`runs.sqlite` has one row per run, `runs/<id>/<n>.parquet` its tables; loading gives equal tables back. Files are
private (0600, folders 0700). Every failure is a StoreError with what to do; the result in memory is never touched.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import apsw

from gpttrace.errors import StoreError, UsageError
from gpttrace.language.findings import Finding, Related
from gpttrace.trace.result import Result
from gpttrace.trace.spool import make_private

BUSY_MS = 5000
OUTPUT_LINES = 10_000  # kept of the text that bpftrace would have shown; the tables have every row
HINT = "free space, or set GPTTRACE_STATE to a folder that you can write"

CREATE = """
create table runs (
    id text primary key, began text not null, took real not null, status text not null, reason text not null,
    complete integer not null, question text, program text not null, ran text not null, bpftrace text not null,
    user text not null, uid integer not null, host text not null, kernel text not null,
    probes integer not null, rows integer not null, lost integer not null, command_status integer,
    output text not null, warnings text not null, findings text not null, spec text, explanation text,
    tables integer not null
) without rowid
"""
BY_TIME = "create index runs_by_time on runs (began)"

MIGRATIONS: tuple[Callable[[apsw.Connection], object], ...] = (
    lambda database: database.execute(CREATE),
    lambda database: database.execute(BY_TIME),
)


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list of runs; `took` is seconds."""

    run_id: str
    began: datetime
    took: float
    status: str
    reason: str
    question: str | None
    program: str
    rows: int
    lost: int


class Store:
    """The runs kept under one folder; nothing is opened or made before it is needed."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir

    def save(self, result: Result) -> None:
        """Keep a result; saving one again replaces it."""
        with told(f"cannot save run {result.run_id}"):
            self._write_tables(result)
            with self.database() as database:
                row = _row(result)
                marks = ", ".join("?" * len(row))
                database.execute(
                    f"insert or replace into runs ({', '.join(row)}) values ({marks})", tuple(row.values())
                )

    def list(self, limit: int = 50) -> list[Summary]:
        """Return the newest runs first."""
        if not self._file.exists():
            return []
        query = (
            "select id, began, took, status, reason, question, program, rows, lost from runs "
            "order by began desc, id desc limit ?"
        )
        with told("cannot read the list of runs"), self.database() as database:
            return [
                Summary(row[0], datetime.fromisoformat(row[1]), *row[2:])
                for row in database.execute(query, (limit,))
            ]

    def load(self, run_id: str) -> Result:
        """Return a kept result; `last` or the beginning of an id is enough. UsageError when there is none."""
        full = self._resolve(run_id)
        with told(f"cannot read run {full}"), self.database() as database:
            cursor = database.execute("select * from runs where id = ?", (full,))
            names = [column[0] for column in cursor.get_description()]
            row = dict(zip(names, next(iter(cursor)), strict=True))
            return _result(row, self._read_tables(full, row["tables"]))

    def explain(self, run_id: str, explanation: str) -> None:
        """Keep the words that explain a run."""
        full = self._resolve(run_id)
        with told(f"cannot save the explanation of run {full}"), self.database() as database:
            database.execute("update runs set explanation = ? where id = ?", (explanation, full))

    def delete(self, run_id: str) -> None:
        """Forget a run and its tables."""
        full = self._resolve(run_id)
        with told(f"cannot delete run {full}"), self.database() as database:
            database.execute("delete from runs where id = ?", (full,))
            shutil.rmtree(self.path / "runs" / full, ignore_errors=True)

    @property
    def exists(self) -> bool:
        """Tell whether anything was ever kept here."""
        return self._file.exists()

    @property
    def _file(self) -> Path:
        return self.path / "runs.sqlite"

    @contextmanager
    def database(self) -> Iterator[apsw.Connection]:
        """Open the file for what is kept beside the runs; made, private and brought to the present form when needed."""
        make_private(self.path)
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database = apsw.Connection(str(self._file))
        try:
            database.set_busy_timeout(BUSY_MS)
            database.pragma("journal_mode", "wal")
            _migrate(database)
            yield database
        finally:
            database.close()

    def _resolve(self, run_id: str) -> str:
        """Return the full id; the row exists."""
        found: list[str] = []
        if self._file.exists():
            query, wanted = "select id from runs where substr(id, 1, length(?1)) = ?1 limit 2", run_id
            if run_id == "last":
                query = "select id from runs where ?1 = 'last' order by began desc, id desc limit 1"
            with told("cannot read the list of runs"), self.database() as database:
                found = [str(row[0]) for row in database.execute(query, (wanted,))]
        if len(found) == 1 and run_id:
            return found[0]
        many = "more than one run begins with" if found else "there is no run"
        raise UsageError(f"{many} {run_id!r}", hint="`gpttrace runs` lists them")

    def _write_tables(self, result: Result) -> None:
        # Into a draft that is renamed when whole: a reader never meets half a run.
        from pyarrow import parquet

        folder = self.path / "runs" / result.run_id
        draft = folder.with_name(f".{result.run_id}.{os.getpid()}")
        make_private(self.path, folder.parent, draft)
        try:
            for number, table in enumerate(result.tables):
                fd = os.open(draft / f"{number}.parquet", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
                with os.fdopen(fd, "wb") as file:
                    parquet.write_table(table.to_arrow(), file, compression="zstd")
            shutil.rmtree(folder, ignore_errors=True)
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _read_tables(self, run_id: str, count: int) -> tuple[Any, ...]:
        from pyarrow import parquet

        from gpttrace.trace.arrow import from_arrow

        folder = self.path / "runs" / run_id
        return tuple(from_arrow(parquet.read_table(folder / f"{number}.parquet")) for number in range(count))


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn the errors of files, SQLite and Parquet into one StoreError."""
    try:
        yield
    except (OSError, apsw.Error) as problem:
        raise StoreError(f"{what}: {problem}", hint=HINT) from problem
    except (ValueError, TypeError, OverflowError) as problem:  # of pyarrow, or of damaged JSON
        raise StoreError(f"{what}: {problem}", hint="the file may be damaged") from problem


def _migrate(database: apsw.Connection) -> None:
    """Bring the file to the present form; two processes may meet here."""
    if database.pragma("user_version") == len(MIGRATIONS):
        return
    with _exclusive(database):
        version = database.pragma("user_version")
        if version > len(MIGRATIONS):
            raise StoreError("the run store was written by a newer GPTtrace", hint="upgrade GPTtrace")
        for step in MIGRATIONS[version:]:
            step(database)
        database.pragma("user_version", len(MIGRATIONS))


@contextmanager
def _exclusive(database: apsw.Connection) -> Iterator[None]:
    database.execute("begin immediate")
    try:
        yield
    except BaseException:
        database.execute("rollback")
        raise
    database.execute("commit")


def _row(result: Result) -> dict[str, Any]:
    machine = os.uname()
    return {
        "id": result.run_id,
        "began": result.began.isoformat(),
        "took": result.took,
        "status": result.status,
        "reason": result.reason,
        "complete": int(result.complete),
        "question": result.question,
        "program": result.program,
        "ran": result.ran,
        "bpftrace": result.bpftrace,
        "user": _user(),
        "uid": os.getuid(),
        "host": machine.nodename,
        "kernel": machine.release,
        "probes": result.probes,
        "rows": result.rows,
        "lost": result.lost,
        "command_status": result.command_status,
        "output": json.dumps(list(islice(result.output, OUTPUT_LINES))),
        "warnings": json.dumps(result.warnings),
        "findings": json.dumps([asdict(finding) for finding in result.findings]),
        "spec": json.dumps(result.spec) if result.spec is not None else None,
        "explanation": result.explanation,
        "tables": len(result.tables),
    }


def _user() -> str:
    with suppress(KeyError, OSError):  # no such user in this container
        return getpass.getuser()
    return str(os.getuid())


def _result(row: dict[str, Any], tables: tuple[Any, ...]) -> Result:
    return Result(
        run_id=row["id"],
        status=row["status"],
        reason=row["reason"],
        complete=bool(row["complete"]),
        tables=tables,
        output=tuple(json.loads(row["output"])),
        lost=row["lost"],
        warnings=tuple(json.loads(row["warnings"])),
        findings=tuple(_finding(data) for data in json.loads(row["findings"])),
        program=row["program"],
        ran=row["ran"],
        probes=row["probes"],
        began=datetime.fromisoformat(row["began"]),
        took=row["took"],
        bpftrace=row["bpftrace"],
        question=row["question"],
        spec=json.loads(row["spec"]) if row["spec"] is not None else None,
        explanation=row["explanation"],
        command_status=row["command_status"],
    )


def _finding(data: dict[str, Any]) -> Finding:
    return Finding(**{**data, "related": tuple(Related(**each) for each in data["related"])})
