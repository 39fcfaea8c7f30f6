"""The inventory: the lists of one machine's functions and types, found once for each state of the machine and kept in SQLite.

One file per state in the cache folder; the state is the kernel's build, its modules, what we may read, and bpftrace. A cold
scan takes 0.3-0.5 s, opening what is kept 1-3 ms. A cache that is broken, of another form or that cannot be written only costs
time.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from gpttrace.host import database
from gpttrace.host.names import Names

KEPT_FILES = 4
_NAME = "host-{}.sqlite"
_NOTES = "/sys/kernel/notes"  # the build id of the running kernel
MODULES = Path("/proc/modules")
BTF_FOLDER = Path("/sys/kernel/btf")


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found: lists with their notes, and blobs that only this machine can read again."""

    lists: Mapping[str, tuple[str, Names]]
    blobs: Mapping[str, bytes]


@dataclass(slots=True)
class Inventory:
    """Lists by name; `read` gets one when it is asked for the first time. A list that is not known is empty, its note ""."""

    read: Callable[[str], tuple[str, Names] | None]
    blob: Callable[[str], bytes | None] = lambda _: None
    known: dict[str, tuple[str, Names]] = field(default_factory=dict)

    def names(self, name: str) -> Names:
        """Return a list."""
        return self._get(name)[1]

    def note(self, name: str) -> str:
        """Return where a list comes from: a path, `BTF`, or "" when there is none."""
        return self._get(name)[0]

    def _get(self, name: str) -> tuple[str, Names]:
        if name not in self.known:
            self.known[name] = self.read(name) or ("", Names())
        return self.known[name]


def local_inventory(cache_dir: Path, state: str, scan: Callable[[], Scanned]) -> Inventory:
    """Return the inventory kept for this state of the machine, or scan and keep it."""
    path = cache_dir / _NAME.format(state)
    kept = _kept(path)
    if kept is None:
        found = scan()
        _keep(path, found)
        return Inventory(found.lists.get, found.blobs.get)
    return _Kept(path, kept, scan).inventory()


@dataclass(frozen=True, slots=True)
class _Kept:
    path: Path
    database: apsw.Connection
    scan: Callable[[], Scanned]

    def inventory(self) -> Inventory:
        return Inventory(self._list, self._blob)

    def _list(self, name: str) -> tuple[str, Names] | None:
        try:
            return database.read_list(self.database, name)
        except apsw.Error:
            return self._again().lists.get(name)

    def _blob(self, name: str) -> bytes | None:
        with suppress(apsw.Error):
            return database.read_blob(self.database, name)
        return None

    def _again(self) -> Scanned:
        # Broken in the middle: what it promised is found again, and the file goes.
        with suppress(OSError):
            self.path.unlink()
        return self.scan()


def machine_state(*also: str) -> str:
    """Return a word that changes when the kernel, its modules, our view of them, or one of `also` does."""
    parts = [platform.release(), platform.version(), platform.machine(), str(database.SCHEMA), *also]
    for path in (Path(_NOTES), MODULES):
        with suppress(OSError):
            parts.append(_loaded(path.read_bytes()))
    with suppress(OSError):
        parts += sorted(f"{entry.name}:{entry.stat().st_size}" for entry in os.scandir(BTF_FOLDER))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def _loaded(data: bytes) -> str:
    # Of a module line, name and size; the use count and the state change all the time.
    lines = (b" ".join(line.split(b" ")[:2]) for line in data.split(b"\n"))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def _kept(path: Path) -> apsw.Connection | None:
    try:
        kept = database.open_readable(path)
        kept.execute("select name, note, count from lists").fetchall()
    except (OSError, database.NotOurs, apsw.Error):
        return None
    with suppress(OSError):
        os.utime(path)  # what is used stays, see _prune
    return kept


def _keep(path: Path, found: Scanned) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = database.create(draft)
        with made:
            for name, (note, names) in found.lists.items():
                database.write_list(made, name, note, names, packed=False)
            for name, data in found.blobs.items():
                database.write_blob(made, name, data, packed=False)
        made.close()
        database.replace_file(draft, path)
    except (OSError, apsw.Error):
        with suppress(OSError):
            draft.unlink()
        return
    _prune(path.parent)


def _prune(folder: Path) -> None:
    files = []
    for path in folder.glob(_NAME.format("*") + "*"):
        with suppress(OSError):
            files.append((path.stat().st_mtime, path))
    drafts = [path for age, path in files if path.suffix != ".sqlite" and time.time() - age > 3600]
    finished = [path for _, path in sorted(files, reverse=True) if path.suffix == ".sqlite"]
    for path in (*finished[KEPT_FILES:], *drafts):
        with suppress(OSError):
            path.unlink()
