"""A snapshot of tracefs: the files that bpftrace reads when it compiles, for checks without root and for other machines.

It is bound over /sys/kernel/tracing in a mount namespace (by `check`), so it has that folder's names. A finished snapshot says
what it is of; asking again for the same costs one look.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gpttrace.errors import StoreError
from gpttrace.host.inventory import BTF_FOLDER, machine_state
from gpttrace.host.templates import tracepoint_format

if TYPE_CHECKING:
    from gpttrace.host.local import Host

_PLAIN = re.compile(r"[\w.-]+:[\w.-]+")  # nothing that could leave the folder
DONE, BTF_FILE = ".gpttrace-snapshot", ".vmlinux.btf"


def write_snapshot(host: Host, folder: Path, wanted: Iterable[str] = ()) -> Path | None:
    """Write the snapshot into `folder` and return the path of a BTF file, None where types are not known.

    Where tracefs cannot be read, `wanted` names the tracepoints to have in it, as `category:name`: the category is believed, the
    format is made of BTF. Those whose record is not certain are left out; system calls are among them. StoreError when the folder
    cannot be written.
    """
    asked = () if host.sources.events.known else tuple(sorted(set(wanted)))
    state = _state(host, asked)
    try:
        if not _is_done(folder, state):
            _replace(folder, state, lambda draft: _write(host, draft, dict(_formats(host, asked))))
    except OSError as error:
        raise StoreError(
            f"cannot write the snapshot of tracefs below {folder}: {error.strerror}",
            hint="set GPTTRACE_CACHE to a folder that you can write",
        ) from error
    path = folder / BTF_FILE if host.saved else BTF_FOLDER / "vmlinux"
    return path if os.access(path, os.R_OK) else None


def _formats(host: Host, asked: Iterable[str]) -> Iterator[tuple[str, str]]:
    events = host.sources.events
    for name in sorted(events.names()):
        if (text := events.format(name)) is not None:
            yield name, text
    for name in asked:
        if _PLAIN.fullmatch(name) and (text := tracepoint_format(host.sources.types, name)) is not None:
            yield name, text


def _state(host: Host, asked: tuple[str, ...]) -> str:
    facts = json.dumps(host.saved_facts, sort_keys=True) if host.saved_facts is not None else machine_state()
    functions = hashlib.sha256(host.sources.names("kprobe").text).hexdigest()
    return "\n".join((facts, functions, *sorted(host.sources.events.names()), "", *asked))


def _is_done(folder: Path, state: str) -> bool:
    try:
        return (folder / DONE).read_text(encoding="utf-8") == state
    except OSError:
        return False


def _replace(folder: Path, state: str, write: Callable[[Path], None]) -> None:
    # Made beside its place and put there at once: a bpftrace that reads meanwhile sees a whole one, old or new.
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    old = draft.with_name(f"{draft.name}.old")
    try:
        write(draft)
        (draft / DONE).write_text(state, encoding="utf-8")
        draft.chmod(0o755)
        with suppress(FileNotFoundError):
            folder.rename(old)
        with suppress(FileExistsError):  # another process was as quick, with the same
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _write(host: Host, folder: Path, formats: Mapping[str, str]) -> None:
    for name, text in formats.items():
        category, _, event = name.partition(":")
        place = folder / "events" / category / event
        place.mkdir(parents=True, exist_ok=True)
        (place / "format").write_text(text, encoding="utf-8")
    (folder / "available_events").write_text("".join(f"{name}\n" for name in formats), encoding="utf-8")
    lines = host.sources.names("kprobe").text[1:-1].split(b"\n")
    shown = (b"%b [%b]" % tuple(line.split(b"\t")) if b"\t" in line else line for line in lines)
    (folder / "available_filter_functions").write_bytes(b"".join(line + b"\n" for line in shown if line))
    if (data := host.sources.btf_bytes("vmlinux")) is not None:
        (folder / BTF_FILE).write_bytes(data)
