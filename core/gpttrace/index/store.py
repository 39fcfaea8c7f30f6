"""Store: the index file, opened as it should be: fresh, whole, made once. What is odd is said in `warnings`, never raised.

A new file is built beside the old one under a lock and put in place at once, so whoever is killed, wherever, leaves the old index
or none. While another process builds, the old index serves. Where nothing can be written the index is kept in memory.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

import apsw

from gpttrace.index import schema
from gpttrace.index.embed import identity_here
from gpttrace.index.places import Places
from gpttrace.index.refresh import Changes, Progress, refresh
from gpttrace.index.sources import state_of

LONGEST_WAIT = 120.0  # for another process that makes the first index
TRY_AGAIN = 600.0  # after an endpoint that did not answer; each try may cost a person seconds
_POLL = 0.02


@dataclass(slots=True)
class Index:
    """An open index. `changes` is what opening it brought up to date; None when it was fresh."""

    database: apsw.Connection
    path: Path | None
    warnings: tuple[str, ...] = ()
    changes: Changes | None = None
    lock: RLock = field(default_factory=RLock)
    kept: dict[str, Any] = field(default_factory=dict)  # what a search made of it: the matrix of vectors

    def close(self) -> None:
        """Close it; it is not used again."""
        with suppress(apsw.Error):
            self.database.close(True)


def quiet(what: str, done: int, of: int) -> None:
    """Show no progress."""


def open_fresh(places: Places, progress: Progress = quiet, *, again: bool = False) -> Index:
    """Return the index of these places, brought up to date; `again` makes it anew from nothing."""
    old, warnings = _opened(places.index)
    if old is not None and not again and is_fresh(old, places):
        return Index(old, places.index)
    try:
        return _refreshed(places, progress, old, warnings, again=again)
    except (OSError, apsw.Error) as error:
        return _in_memory(
            places, progress, old, (*warnings, f"{places.index} cannot be written: {_said(error)}")
        )


def is_fresh(database: apsw.Connection, places: Places) -> bool:
    """Tell whether nothing changed since the index was made: sources and embedding."""
    facts = schema.meta(database)
    if facts.get("left", "0") != "0" and time.time() - float(facts["built"]) > TRY_AGAIN:
        return False
    return facts.get("state") == state_of(places) and facts.get("identity") == identity_here(places)


def _refreshed(
    places: Places, progress: Progress, old: apsw.Connection | None, warnings: tuple[str, ...], *, again: bool
) -> Index:
    places.index.parent.mkdir(parents=True, exist_ok=True)
    with _locked(places.index.with_suffix(".lock"), wait=old is None or again) as mine:
        if not mine:
            # Somebody is at it; what was true a moment ago is a better answer than none for a minute.
            assert old is not None
            return Index(
                old, places.index, (*warnings, "the index is being brought up to date by another process")
            )
        if old is not None:
            old.close()
        old, _ = _opened(places.index)
        if old is not None and not again and is_fresh(old, places):
            return Index(old, places.index, warnings)
        if old is not None:
            old.close()
        changes, more = _rebuild(places, progress, from_old=old is not None and not again)
        return Index(schema.open_index(places.index), places.index, (*warnings, *more), changes)


def _rebuild(places: Places, progress: Progress, *, from_old: bool) -> tuple[Changes, tuple[str, ...]]:
    for left in places.index.parent.glob(f"{places.index.name}.*.draft"):
        left.unlink(missing_ok=True)  # we hold the lock: whoever made it is dead
    if from_old:
        try:
            return _drafted(places, progress, from_old=True)
        except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
            # Damaged in its middle, or made with an extension that is gone.
            result = _drafted(places, progress, from_old=False)
            return result[0], (f"the index was damaged ({_said(error)}) and is made again", *result[1])
    return _drafted(places, progress, from_old=False)


def _drafted(places: Places, progress: Progress, *, from_old: bool) -> tuple[Changes, tuple[str, ...]]:
    draft = places.index.with_name(f"{places.index.name}.{os.getpid()}.draft")
    try:
        if from_old:
            shutil.copyfile(places.index, draft)
        database = schema.open_draft(draft) if from_old else schema.create(draft)
        try:
            result = refresh(database, places, progress)
        finally:
            database.close(True)
        draft.replace(places.index)
    finally:
        draft.unlink(missing_ok=True)
    return result


def _in_memory(
    places: Places, progress: Progress, old: apsw.Connection | None, warnings: tuple[str, ...]
) -> Index:
    if old is not None:
        old.close()
    database = schema.create(None)
    changes, more = refresh(database, places, progress)
    return Index(database, None, (*warnings, "the index is kept in memory for this run only", *more), changes)


def _opened(path: Path) -> tuple[apsw.Connection | None, tuple[str, ...]]:
    try:
        return schema.open_index(path), ()
    except OSError:
        return None, ()
    except schema.NotOurs as error:
        return None, (f"the index {path} was damaged ({error}) and is made again",) if error.damaged else ()


@contextmanager
def _locked(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the lock of the builders; False when another process has it and `wait` is not asked for."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _acquired(descriptor, LONGEST_WAIT if wait else 0.0)
    finally:
        os.close(descriptor)  # which gives the lock back, as does our death


def _acquired(descriptor: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                if seconds:
                    raise TimeoutError(f"another process has held the lock for {seconds:.0f} s") from None
                return False
        time.sleep(_POLL)


def _said(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
