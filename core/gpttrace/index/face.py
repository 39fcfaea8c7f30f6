"""The face of the index: find examples, for blocking and for async callers. An index that is open is kept for the process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import apsw

from gpttrace.host import Host
from gpttrace.index.filters import Wanted, example_of
from gpttrace.index.header import Example
from gpttrace.index.places import Places, find_places
from gpttrace.index.refresh import Progress
from gpttrace.index.schema import rows
from gpttrace.index.search import Found, Hits, search
from gpttrace.index.store import Index, is_fresh, open_fresh, quiet
from gpttrace.settings import Settings

T = TypeVar("T")
LOOK_EVERY = 1.0  # seconds between looks for changed files, of a process that searches often

_ORDER = (
    "case source when 'corpus' then 0 when 'user' then 1 when 'bpftrace' then 2 when 'bcc' then 3 else 4 end"
)


@dataclass(slots=True)
class _Open:
    index: Index
    looked: float
    process: int


_OPEN: dict[Places, _Open] = {}
_OPENING = Lock()


async def search_examples(question: str, k: int = 5, **given: object) -> list[Found]:
    """Return what `find_examples` returns; the work is done in a thread."""
    from functools import partial

    from anyio import to_thread

    return await to_thread.run_sync(partial(find_examples, question, k, **given))  # type: ignore[arg-type]


def find_examples(
    question: str,
    k: int = 5,
    *,
    kinds: Sequence[str] = (),
    tags: Sequence[str] = (),
    needs: Sequence[str] = (),
    sources: Sequence[str] = (),
    host: Host | None = None,
    settings: Settings | None = None,
) -> list[Found]:
    """Return the k examples, events and tools that a question means most likely, best first; [] when nothing is like it.

    `kinds` are kinds of probes, `sources` corpus, catalogue, bpftrace, bcc and user; with `host` only what it can run.
    """
    wanted = Wanted(tuple(kinds), tuple(tags), tuple(needs), tuple(sources), host)
    return look_up(question, k, wanted, find_places(settings)).found


def look_up(question: str, k: int, wanted: Wanted, places: Places, progress: Progress = quiet) -> Hits:
    """Search as `find_examples` does and return the warnings as well."""

    def look(index: Index) -> Hits:
        hits = search(index, places, question, k, wanted)
        return Hits(hits.found, tuple(dict.fromkeys((*index.warnings, *hits.warnings))))

    return _repaired(look, places, progress)


def listed(wanted: Wanted, places: Places, progress: Progress = quiet) -> Hits:
    """Return all that is wanted, by name, programs before tools before events."""
    query = f"select whole from examples order by {_ORDER}, name, path"
    index, wholes = _repaired(lambda index: (index, _read(index, query)), places, progress)
    found = [Found(example, 0.0, "") for (whole,) in wholes if wanted.takes(example := example_of(whole))]
    return Hits(found, index.warnings)


def named(name: str, places: Places, progress: Progress = quiet) -> list[Example]:
    """Return the examples of exactly this name, programs first, ours before others."""
    query = f"select whole from examples where name = ? order by {_ORDER}, path"
    bare = name.encode(errors="replace").decode().removesuffix(".bt")
    found = _repaired(lambda index: _read(index, query, bare), places, progress)
    return [example_of(whole) for (whole,) in found]


def _read(index: Index, query: str, *values: str) -> list[Any]:
    with index.lock:
        return rows(index.database, query, *values)


def _repaired(use: Callable[[Index], T], places: Places, progress: Progress) -> T:
    """Use the index; when it turns out damaged in its middle, make it again and use that."""
    try:
        return use(open_kept(places, progress))
    except (apsw.CorruptError, apsw.NotADBError, ValueError) as error:
        with _OPENING:
            index = open_fresh(places, progress, again=True)
            index.warnings = (f"the index was damaged ({error}) and is made again", *index.warnings)
            _OPEN[places] = _Open(index, time.monotonic(), os.getpid())
        return use(index)


def open_kept(places: Places, progress: Progress = quiet) -> Index:
    """Return the open index of these places, fresh to LOOK_EVERY seconds."""
    with _OPENING:
        kept, now = _OPEN.get(places), time.monotonic()
        # A child process may not use what its parent opened.
        ours = kept is not None and kept.process == os.getpid()
        if kept is not None and ours and now - kept.looked < LOOK_EVERY:
            return kept.index
        if kept is not None and ours and is_fresh(kept.index.database, places):
            kept.looked = now
            return kept.index
        index = open_fresh(places, progress)
        _OPEN[places] = _Open(index, now, os.getpid())
        return index
