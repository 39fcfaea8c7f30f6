"""Host files: everything that one machine can trace, in one file that any other machine can read.

A host file is SQLite with the lists, the tracepoints' formats, the BTF of the kernel and its modules, and what works there. Of
a 6.18 kernel (2,305 tracepoints, 57,564 functions, 126,611 types) it is 3.2 MB, saved in 0.5 s and opened in 0.5 ms, its first
struct in 60 ms; packing with zlib costs 0.3 s once and 25 ms to open the BTF, where xz would save 20 % of the size and take 4
s and 80 ms.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import apsw

from gpttrace.errors import StoreError, Unavailable, UsageError
from gpttrace.host import database
from gpttrace.host.btf import BROKEN_HINT, Btf, read_btf
from gpttrace.host.inventory import Inventory
from gpttrace.host.kinds import Ability
from gpttrace.host.names import Names
from gpttrace.host.sources import Sources
from gpttrace.host.tracefs import Field, read_fields

Facts = dict[str, Any]
T = TypeVar("T")
FORMATS = "formats"
_PRINT = re.compile(r"\nprint fmt:.*", re.DOTALL)
_DAMAGED = "make it again on the machine that it describes: gpttrace host save FILE"


@dataclass(frozen=True)
class SavedEvents:
    """The tracepoints of a host file; `known` is False when the machine did not let them be read."""

    read: Callable[[], Mapping[str, str]]
    known: bool

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Format text by `category:name`."""
        return self.read()

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.texts)

    def names(self) -> frozenset[str]:
        """Return every tracepoint as `category:name`."""
        return self._names

    def fields(self, name: str) -> Mapping[str, Field]:
        """Return the fields of one by name; {} when there is none."""
        return read_fields(self.texts.get(name, ""))

    def format(self, name: str) -> str | None:
        """Return what a format file says of the fields."""
        return self.texts.get(name)


@dataclass(slots=True)
class Contents:
    """What goes into a host file: facts as JSON values, lists with their notes, formats and BTF by name."""

    facts: Facts
    lists: Mapping[str, tuple[str, Names]]
    formats: Mapping[str, str] = field(default_factory=dict)
    btf: Mapping[str, bytes] = field(default_factory=dict)


def write_host_file(path: Path, contents: Contents) -> None:
    """Write a host file, whole or not at all; StoreError when the place cannot be written."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = database.create(draft)
        with made:
            _fill(made, contents)
        made.close()
        database.replace_file(draft, path)
    except (OSError, apsw.Error) as error:
        with suppress(OSError):
            draft.unlink()
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(
            f"cannot write the host file {path}: {reason}", hint="name a file in a folder that you can write"
        ) from error


def open_host_file(path: Path) -> tuple[Facts, Sources]:
    """Open a host file; UsageError when it is not one, or one that a newer GPTtrace wrote."""
    try:
        found = database.open_readable(path)
        facts = {key: json.loads(value) for key, value in found.execute("select key, value from facts")}
    except OSError as error:
        hint = "gpttrace host save FILE writes one"
        raise UsageError(f"cannot read the host file {path}: {error.strerror}", hint=hint) from error
    except (database.NotOurs, apsw.Error, ValueError) as error:
        raise _refused(path, getattr(error, "schema", None)) from error
    return facts, Sources(
        events=SavedEvents(_guarded(path, lambda: _formats(found)), bool(facts.get("tracepoints_known"))),
        ability=lambda kind: Ability(*facts.get("abilities", {}).get(kind, (None, "", ""))),
        open_inventory=lambda: Inventory(
            lambda name: _guarded(path, lambda: database.read_list(found, name))()
        ),
        read_btf=lambda module, base: _btf(path, found, module, base),
        btf_bytes=lambda module: _btf_bytes(path, found, module),
        here=False,
    )


def _fill(made: apsw.Connection, contents: Contents) -> None:
    database.write_facts(made, ((key, json.dumps(value)) for key, value in contents.facts.items()))
    for name, (note, names) in contents.lists.items():
        database.write_list(made, name, note, names, packed=True)
    texts = (part for name, text in contents.formats.items() for part in (name, _PRINT.sub("\n", text)))
    database.write_blob(made, FORMATS, "\0".join(texts).encode(), packed=True)
    for module, data in contents.btf.items():
        database.write_blob(made, f"btf.{module}", data, packed=True)


def _formats(found: apsw.Connection) -> dict[str, str]:
    parts = (database.read_blob(found, FORMATS) or b"").decode("utf-8", "replace").split("\0")
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _btf(path: Path, found: apsw.Connection, module: str, base: Btf | None) -> Btf:
    data = _btf_bytes(path, found, module)
    if data is None:
        raise Unavailable(f"{path} has no types of {module}", hint=BROKEN_HINT)
    return read_btf(data, base)


def _btf_bytes(path: Path, found: apsw.Connection, module: str) -> bytes | None:
    return _guarded(path, lambda: database.read_blob(found, f"btf.{module}"))()


def _guarded(path: Path, read: Callable[[], T]) -> Callable[[], T]:
    def call() -> T:
        try:
            return read()
        except (apsw.Error, zlib.error) as error:
            raise UsageError(f"the host file {path} is damaged: {error}", hint=_DAMAGED) from error

    return call


def _refused(path: Path, schema: int | None) -> UsageError:
    if schema is None:
        return UsageError(f"{path} is not a host file", hint="gpttrace host save FILE writes one")
    if schema > database.SCHEMA:
        hint = "upgrade GPTtrace here: pip install --upgrade gpttrace"
        return UsageError(f"{path} was written by a newer GPTtrace (form {schema})", hint=hint)
    return UsageError(f"{path} was written by an older GPTtrace (form {schema})", hint=_DAMAGED)
