"""Refresh: bring the tables of an index to the state of the sources; only what changed is read, what is gone is dropped."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import apsw

from gpttrace.index.embed import embedded_text, hash_of
from gpttrace.index.header import Example
from gpttrace.index.places import Places
from gpttrace.index.probes import probe_words
from gpttrace.index.reading import Skipped, examples_in, read_file
from gpttrace.index.schema import rows
from gpttrace.index.sources import Listed, all_sources, files_of, state_of
from gpttrace.index.vectors import forget_vectors, refresh_vectors

Progress = Callable[[str, int, int], None]  # what, done, of how many
_EVERY = 20


@dataclass(frozen=True, slots=True)
class Changes:
    """What a refresh did, counted in files."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0


def refresh(database: apsw.Connection, places: Places, progress: Progress) -> tuple[Changes, tuple[str, ...]]:
    """Bring everything up to date and return what changed, and warnings."""
    # The state is taken before the files are read: what changes meanwhile is seen as a change next time.
    state = state_of(places)
    with database:
        changes = _refresh_files(database, _listing(places), places, progress)
        warnings = refresh_vectors(database, places, progress)
        facts = {"state": state, "built": f"{time.time():.0f}"}
        database.executemany("insert or replace into meta values (?, ?)", facts.items())
    return changes, warnings


def _listing(places: Places) -> dict[str, Listed]:
    found: dict[str, Listed] = {}
    for source in all_sources(places):
        for listed in files_of(source):
            # SQLite keeps text in UTF-8; a path that is none is kept escaped, and never opened by that name again.
            found.setdefault(_key(listed.path), listed)
    return found


def _refresh_files(
    database: apsw.Connection, listing: dict[str, Listed], places: Places, progress: Progress
) -> Changes:
    query = "select path, size, mtime, hash, skipped from files"
    known = {path: rest for path, *rest in rows(database, query)}
    gone = [path for path in known if path not in listing]
    _forget(database, gone)
    fresh = [
        (path, listed)
        for path, listed in listing.items()
        if path not in known or (listed.size, listed.mtime) != tuple(known[path][:2]) or listed.skipped
    ]
    changes = Changes(removed=len(gone), kept=len(listing) - len(fresh))
    for number, (path, listed) in enumerate(fresh):
        if number % _EVERY == 0:
            progress("reading", number, len(fresh))
        before = known.get(path)
        what = _read(database, path, listed, before[2] if before else None, places)
        changes = replace(changes, **{what: getattr(changes, what) + 1})
    progress("reading", len(fresh), len(fresh))
    return changes


def _read(database: apsw.Connection, path: str, listed: Listed, before: str | None, places: Places) -> str:
    """Read one file into the tables and return which count of Changes it belongs to."""
    digest, skipped = "", ""
    found: tuple[Example, ...] = ()
    try:
        data = read_file(listed)
        digest = hashlib.sha256(data).hexdigest()
        if digest != before:
            found = examples_in(listed, data, places)
    except Skipped as reason:
        skipped = str(reason)
    same = digest == before
    if not same or skipped:
        _forget(database, [path])
        for example in found:
            _insert(database, path, example)
    row = (path, listed.origin, listed.size, listed.mtime, digest, skipped)
    database.execute("insert or replace into files values (?, ?, ?, ?, ?, ?)", row)
    return "added" if before is None else "kept" if same else "changed"


def _forget(database: apsw.Connection, paths: list[str]) -> None:
    for path in paths:
        ids = [row[0] for row in database.execute("select id from examples where path = ?", (path,))]
        for table, column in (("words", "rowid"), ("examples", "id")):
            database.executemany(f"delete from {table} where {column} = ?", [(each,) for each in ids])
        forget_vectors(database, ids)
        database.execute("delete from files where path = ?", (path,))


def _insert(database: apsw.Connection, path: str, example: Example) -> None:
    whole = json.dumps({**asdict(example), "path": _key(example.path)}, ensure_ascii=False)
    text_hash = hash_of(embedded_text(example))
    database.execute(
        "insert into examples (path, source, name, title, kinds, tags, needs, versions, groups, text_hash, whole) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            path, example.source, example.name, example.title, _spaced(example.kinds), _spaced(example.tags),
            ", ".join(example.needs), example.versions, json.dumps(example.groups), text_hash, whole,
        ),
    )  # fmt: skip
    database.execute(
        "insert into words (rowid, name, questions, title, tags, events, explanation, probes) values (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            database.last_insert_rowid(), example.name, "\n".join(example.questions), example.title, " ".join(example.tags),
            " ".join(example.events), example.explanation, probe_words(example.groups),
        ),
    )  # fmt: skip


def _spaced(words: tuple[str, ...]) -> str:
    # With a space on both sides, so that one `instr` finds a whole word.
    return f" {' '.join(words)} "


def _key(path: str) -> str:
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")
