"""Schema: the tables of the index file, and opening and making it. A file that is not ours, older or damaged is `NotOurs`."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

APPLICATION = 0x67707469  # "gpti"
SCHEMA = 1  # raised as well when the readers find more in the same file
CREATE = """
create table meta (key text primary key, value text not null) without rowid;
create table files (
    path text primary key, origin text not null, size integer not null, mtime integer not null, hash text not null,
    skipped text not null
) without rowid;
create table examples (
    id integer primary key, path text not null, source text not null, name text not null, title text not null,
    kinds text not null, tags text not null, needs text not null, versions text not null, groups text not null,
    text_hash text not null, whole text not null
);
create index examples_by_path on examples (path);
create index examples_by_name on examples (name);
create table vectors (id integer primary key, scale real not null, data blob not null);
create virtual table words using fts5 (
    name, questions, title, tags, events, explanation, probes, tokenize = "porter unicode61 remove_diacritics 2"
);
"""
# In the order of the columns: what people ask counts most, the probe names of many programs are alike.
WEIGHTS = (6.0, 4.0, 4.0, 3.0, 2.0, 1.0, 1.5)


class NotOurs(Exception):
    """The file is damaged (`damaged`), or of another form that a new build simply replaces."""

    def __init__(self, why: str, *, damaged: bool) -> None:
        super().__init__(why)
        self.damaged = damaged


def create(path: Path | None) -> apsw.Connection:
    """Make an empty index at `path`, which must not exist, or in memory."""
    database = apsw.Connection(":memory:" if path is None else str(path))
    _fast(database)
    database.execute(f"pragma application_id = {APPLICATION}; pragma user_version = {SCHEMA}")
    database.execute(CREATE)
    load_vec(database)
    return database


def open_draft(path: Path) -> apsw.Connection:
    """Open a copy of an index to change it."""
    database = apsw.Connection(str(path))
    _fast(database)
    load_vec(database)
    return database


def open_index(path: Path) -> apsw.Connection:
    """Open a finished index; OSError when it is not there, NotOurs when it is something else."""
    if os.stat(path).st_size == 0:
        raise NotOurs("empty", damaged=True)
    try:
        # The file is replaced, never changed: no locks and no journal beside it.
        quoted = path.resolve().as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        database = apsw.Connection(
            f"file:{quoted}?immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        application, schema = database.pragma("application_id"), database.pragma("user_version")
        if application == APPLICATION and schema != SCHEMA:
            raise NotOurs("of another version", damaged=False)
        if application != APPLICATION:
            raise NotOurs("no index", damaged=True)
        # Cheap looks at each table that find a file cut short or overwritten in the middle.
        if database.pragma("page_count") * database.pragma("page_size") != path.stat().st_size:
            raise NotOurs("cut short", damaged=True)
        database.execute("select count(*) from meta").fetchall()
        database.execute("select rowid from words limit 1").fetchall()
    except apsw.Error as error:
        raise NotOurs(str(error), damaged=True) from error
    load_vec(database)
    return database


def meta(database: apsw.Connection) -> dict[str, str]:
    """Return the facts of an index: `state`, `identity`, `built`."""
    return dict(rows(database, "select key, value from meta"))


def load_vec(database: apsw.Connection) -> bool:
    """Load sqlite-vec into a connection; False when that is not possible here."""
    with suppress(ImportError, apsw.Error, OSError):
        import sqlite_vec  # type: ignore[import-untyped]

        database.enable_load_extension(True)
        database.load_extension(sqlite_vec.loadable_path())
        database.enable_load_extension(False)
        return True
    return False


def rows(database: apsw.Connection, query: str, *values: Any) -> list[Any]:
    """Return all rows."""
    return list(database.execute(query, values))


def one(database: apsw.Connection, query: str, *values: Any) -> Any:
    """Return the first value of the first row, None without rows."""
    return next((row[0] for row in database.execute(query, values)), None)


def _fast(database: apsw.Connection) -> None:
    # A draft that is not finished is thrown away, so nothing has to survive a crash.
    database.execute("pragma journal_mode = memory; pragma synchronous = off; pragma cache_size = -65536")
