"""What tracefs tells of this kernel: which tracepoints there are, and the fields of each.

Read from `events/*/*/format` and `available_events`, never from bpftrace: it needs no start of a program and about 0.1 ms a
tracepoint. Without the right to read tracefs the answer is empty, and `problem()` says why and what mends it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TRACEFS_PLACES = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))

_FIELD = re.compile(
    r"field:(?P<decl>[^;]+);\s*offset:(?P<offset>\d+);\s*size:(?P<size>\d+);\s*signed:(?P<signed>[01]);"
)
_TEXT = re.compile(r"(?<!signed )\bchar\b")  # bytes that are `unsigned char` are numbers to bpftrace
_NAME = re.compile(r"(\w+)(\[[^\]]*\])?$")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a tracepoint; `type` is the C type as the kernel writes it, `size` in bytes."""

    name: str
    type: str
    size: int
    signed: bool
    is_string: bool
    is_data_loc: bool


def find_tracefs() -> Path | None:
    """Return the mounted tracefs that can be read, or None."""
    for place in TRACEFS_PLACES:
        try:
            if (place / "available_events").is_file():
                return place
        except PermissionError:
            continue
    return None


def problem() -> tuple[str, str] | None:
    """Say why tracefs cannot be used and the command that mends it; None when it can."""
    if find_tracefs() is not None:
        return None
    try:
        (TRACEFS_PLACES[0] / "available_events").stat()
    except PermissionError:
        return "tracefs is mounted, but only root may read it", "run the command again with sudo"
    except FileNotFoundError:
        pass
    return "tracefs is not mounted", "mount -t tracefs tracefs /sys/kernel/tracing"


@lru_cache(maxsize=4)
def tracepoint_names(tracefs: Path) -> frozenset[str]:
    """Return every tracepoint as `category:name`; empty when the list cannot be read."""
    try:
        return frozenset((tracefs / "available_events").read_text(encoding="utf-8").split())
    except OSError:
        return frozenset()


@lru_cache(maxsize=4096)
def tracepoint_fields(tracefs: Path, name: str) -> dict[str, Field]:
    """Return the fields of `category:name` by name, without the `common_` ones; empty when there is no such tracepoint."""
    return read_fields(format_text(tracefs, name) or "")


def format_text(tracefs: Path, name: str) -> str | None:
    """Return the format file of `category:name` as the kernel writes it, or None."""
    category, _, event = name.partition(":")
    if not re.fullmatch(r"[\w.-]+", category) or not re.fullmatch(r"[\w.-]+", event):
        return None
    try:
        return (tracefs / "events" / category / event / "format").read_text(encoding="utf-8")
    except OSError:
        return None


def read_fields(text: str) -> dict[str, Field]:
    """Return the fields that a format file declares, without those that every tracepoint has."""
    fields = (_field(match) for match in _FIELD.finditer(text))
    return {field.name: field for field in fields if not field.name.startswith("common_")}


def _field(match: re.Match[str]) -> Field:
    declaration = match["decl"].strip()
    named = _NAME.search(declaration)
    name, array = (named[1], named[2] or "") if named else (declaration, "")
    type_name = (declaration[: named.start()] if named else declaration).strip() + array
    return make_field(name, type_name, int(match["size"]), match["signed"] == "1")


def make_field(name: str, type_name: str, size: int, signed: bool) -> Field:
    """Return a field; whether it holds text is read off its C type, which ends in `[n]` for an array."""
    array = type_name.endswith("]")
    return Field(
        name=name,
        type=type_name,
        size=size,
        signed=signed,
        is_string=_TEXT.search(type_name) is not None and (array or "*" in type_name),
        is_data_loc=type_name.startswith(("__data_loc", "__rel_loc")),
    )
