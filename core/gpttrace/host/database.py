"""One way to write and open the SQLite files of this package; a broken, older or foreign file is `NotOurs`, with its schema."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import apsw

from gpttrace.host.names import Names

APPLICATION = 0x67707472  # "gptr", so that `file` and we can tell such a file from other databases
SCHEMA = 1
CREATE = """
create table facts (key text primary key, value text not null) without rowid;
create table lists (
    name text primary key, note text not null, count integer not null, packed integer not null, text blob not null
);
create table blobs (name text primary key, packed integer not null, data blob not null) without rowid;
"""


_READING = Lock()


class NotOurs(Exception):
    """The file is no database of this package: `schema` is its number when it is one of another version."""

    def __init__(self, schema: int | None = None) -> None:
        super().__init__(schema)
        self.schema = schema


def create(path: Path) -> apsw.Connection:
    """Make an empty file at `path`, which must not exist; apsw.Error or OSError when that cannot be done."""
    database = apsw.Connection(str(path))
    database.execute("pragma journal_mode = off; pragma synchronous = off")
    database.execute(f"pragma application_id = {APPLICATION}; pragma user_version = {SCHEMA}")
    database.execute(CREATE)
    return database


def open_readable(path: Path) -> apsw.Connection:
    """Open a finished file for reading; NotOurs when it is something else, OSError when it is not there."""
    os.stat(path)
    try:
        # Files are replaced, never changed, so SQLite needs no locks and no journal beside them.
        uri = f"file:{path.resolve().as_posix().replace('%', '%25').replace('?', '%3f').replace('#', '%23')}?immutable=1"
        database = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        application = database.pragma("application_id")
        schema = database.pragma("user_version")
    except apsw.Error as error:
        raise NotOurs from error
    if application != APPLICATION:
        raise NotOurs
    if schema != SCHEMA:
        raise NotOurs(int(schema) if isinstance(schema, int) else None)
    return database


def write_list(database: apsw.Connection, name: str, note: str, names: Names, *, packed: bool) -> None:
    """Keep a list; `packed` compresses it, for files that travel."""
    text = zlib.compress(names.text, 6) if packed else names.text
    database.execute("insert into lists values (?, ?, ?, ?, ?)", (name, note, names.count, int(packed), text))


def read_list(database: apsw.Connection, name: str) -> tuple[str, Names] | None:
    """Return (note, names) of a list, or None when the file has none of this name."""
    row = _row(database, "select note, count, packed, text from lists where name = ?", name)
    if row is None:
        return None
    return row[0], Names(zlib.decompress(row[3]) if row[2] else row[3], row[1])


def write_blob(database: apsw.Connection, name: str, data: bytes, *, packed: bool) -> None:
    """Keep bytes."""
    stored = zlib.compress(data, 6) if packed else data
    database.execute("insert into blobs values (?, ?, ?)", (name, int(packed), stored))


def read_blob(database: apsw.Connection, name: str) -> bytes | None:
    """Return bytes that were kept, or None."""
    row = _row(database, "select packed, data from blobs where name = ?", name)
    return None if row is None else zlib.decompress(row[1]) if row[0] else row[1]


def _row(database: apsw.Connection, query: str, name: str) -> Any:
    # One look at a time: a language server asks from several threads.
    with _READING:
        return database.execute(query, (name,)).fetchone()


def write_facts(database: apsw.Connection, facts: Iterable[tuple[str, str]]) -> None:
    """Keep small facts."""
    database.executemany("insert into facts values (?, ?)", facts)


def replace_file(draft: Path, path: Path) -> None:
    """Put a finished draft in place at once: who reads meanwhile sees the old file or the new one, never half of one."""
    try:
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
