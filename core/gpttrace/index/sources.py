"""Sources: which files are indexed, and a word for their state that is quick to get.

Our corpus and catalogue, the bpftrace and bcc tools of this machine, the folders of the user. Nothing here opens a file; what is
no regular file, too large or not readable is left out with the reason. Links are followed, loops end.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gpttrace_corpus
from gpttrace.index.header import Origin
from gpttrace.index.places import Places

CORPUS = Path(gpttrace_corpus.__file__).parent
LARGEST = 256 * 1024
MOST_FILES = 150_000  # of one folder; a mistake such as `/` must not fill a disk
WATCHED_FILES = (
    2_000  # in folders with more, an edit in place is seen by `index build` and not by every search
)
# In order: Debian puts the tools into /usr/sbin under names of its own, upstream into a folder.
BPFTRACE_TOOLS = (("usr/sbin", ".bt"), ("usr/share/bpftrace/tools", ".bt"))
BCC_TOOLS = (("usr/sbin", "-bpfcc"), ("usr/share/bcc/tools", ""))
MANUALS = "usr/share/man/man8"


@dataclass(frozen=True, slots=True)
class Listed:
    """One file: what it was when it was looked at, or why it is left out (`skipped`)."""

    path: str
    origin: Origin
    size: int = 0
    mtime: int = 0
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One folder of files; `ending` chooses among them, `deep` goes into the folders below."""

    folder: Path
    origin: Origin
    ending: str
    deep: bool = False


def all_sources(places: Places) -> tuple[Source, ...]:
    """Return the sources, whether their folders exist or not."""
    system: list[Source] = []
    for origin, tools in (("bpftrace", BPFTRACE_TOOLS), ("bcc", BCC_TOOLS)):
        system += [Source(places.system / folder, origin, ending) for folder, ending in tools]  # type: ignore[arg-type]
    return (
        Source(CORPUS / "examples", "corpus", ".bt"),
        Source(CORPUS / "events", "catalogue", ".toml"),
        *system,
        *(Source(folder, "user", ".bt", deep=True) for folder in places.folders),
    )


def files_of(source: Source) -> Iterator[Listed]:
    """Yield the files of a source, each path once, in order of their names."""
    count = 0
    if source.origin == "user" and not os.access(source.folder, os.R_OK | os.X_OK):
        yield Listed(str(source.folder), source.origin, skipped="folder not there or not readable")
    for entry in _entries(str(source.folder), source.deep):
        if not _is_meant(entry.name, source):
            continue
        count += 1
        if count > MOST_FILES:
            yield Listed(str(source.folder), source.origin, skipped=f"more than {MOST_FILES:,} files")
            return
        yield _listed(entry, source.origin)


def state_of(places: Places) -> str:
    """Return a word that changes when a file of a source is added, removed or written; see WATCHED_FILES."""
    digest = hashlib.sha256()
    for source in all_sources(places):
        digest.update(f"\0{source.folder}\0{_stamp(source.folder)}".encode(errors="surrogateescape"))
        # A package manager renames its files into place, which the time of the folder shows.
        if source.origin not in ("bpftrace", "bcc"):
            _add_files(digest, source)
    return digest.hexdigest()[:32]


def _add_files(digest: hashlib._Hash, source: Source) -> None:
    seen = 0
    for entry in _entries(str(source.folder), source.deep, digest):
        if _is_meant(entry.name, source) and seen < WATCHED_FILES:
            seen += 1
            try:
                status = entry.stat()
                told = f"{entry.path}\0{status.st_size}\0{status.st_mtime_ns}"
            except OSError:
                told = entry.path
            digest.update(told.encode(errors="surrogateescape"))


def _entries(folder: str, deep: bool, stamps: hashlib._Hash | None = None) -> Iterator[os.DirEntry[str]]:
    waiting, seen = [folder], set()
    while waiting:
        here = waiting.pop()
        try:
            status = os.stat(here)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue
        if stamps is not None:
            stamps.update(f"{here}\0{status.st_mtime_ns}".encode(errors="surrogateescape"))
        below = []
        for entry in entries:
            if deep and _is_folder(entry):
                below.append(entry.path)
            else:
                yield entry
        waiting += reversed(below)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_meant(name: str, source: Source) -> bool:
    return name.endswith(source.ending) and not name.startswith(".")


def _listed(entry: os.DirEntry[str], origin: Origin) -> Listed:
    try:
        status = entry.stat()
    except OSError:
        return Listed(entry.path, origin, skipped="not readable")
    # A pipe that is called x.bt would block whoever opens it.
    if not stat.S_ISREG(status.st_mode):
        return Listed(entry.path, origin, skipped="no regular file")
    why = f"larger than {LARGEST // 1024} KB" if status.st_size > LARGEST else ""
    return Listed(entry.path, origin, status.st_size, status.st_mtime_ns, why)


def _stamp(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
