"""Reading: one file of a source to the examples that are in it; what cannot be read is `Skipped` with the reason."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from gpttrace.index.header import Example, kinds_of, leading_comment, read_example
from gpttrace.index.places import Places
from gpttrace.index.probes import bcc_kinds
from gpttrace.index.prose import first_paragraph, first_sentence, man_sections, without_licence
from gpttrace.index.sources import LARGEST, MANUALS, Listed
from gpttrace.spec.catalogue import Event, Hook, load_catalogue

_MOST_MANUAL = 1024 * 1024


class Skipped(Exception):
    """The file holds no example; the text says why."""


def read_file(listed: Listed) -> bytes:
    """Return the bytes of a file that was listed; Skipped when that cannot be had."""
    if listed.skipped:
        raise Skipped(listed.skipped)
    try:
        # Without O_NONBLOCK a pipe that took the file's place since would hold us.
        with open(os.open(listed.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Skipped("not readable") from error
    if len(data) > LARGEST:
        raise Skipped(f"larger than {LARGEST // 1024} KB")
    return data


def examples_in(listed: Listed, data: bytes, places: Places) -> tuple[Example, ...]:
    """Return the examples in a file."""
    if b"\0" in data:
        raise Skipped("binary")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Skipped("not UTF-8") from error
    if not text.strip():
        raise Skipped("empty")
    match listed.origin:
        case "catalogue":
            return tuple(_events(Path(listed.path)))
        case "bpftrace" | "bcc":
            return (_tool(listed, text, places),)
        case origin:
            return (read_example(_name(listed.path), listed.path, text, origin),)


def _name(path: str) -> str:
    # A name that is no UTF-8 cannot be stored or printed.
    name = os.path.basename(path).removesuffix(".bt").encode(errors="surrogateescape")
    return name.decode(errors="replace")


def _tool(listed: Listed, text: str, places: Places) -> Example:
    name = _name(listed.path).removesuffix("-bpfcc")
    manual = _manual(places, listed)
    # Some bcc tools are shell scripts that start another one; their manual tells them from strangers.
    if listed.origin == "bcc" and not manual and not re.search(r"\bbcc\b", text):
        raise Skipped("no bcc tool")
    found = (
        _bcc(name, listed.path, text)
        if listed.origin == "bcc"
        else read_example(name, listed.path, text, "bpftrace")
    )
    title = first_sentence(re.sub(r"^\S+ +-+ +", "", " ".join(manual.get("NAME", "").split())), found.title)
    about = first_paragraph(manual.get("DESCRIPTION", "")) or found.explanation
    return Example(
        name=name, path=listed.path, title=title, questions=tuple(_uses(manual.get("EXAMPLES", ""))), explanation=about,
        program=found.program, source=found.source, kinds=found.kinds, groups=found.groups, needs=found.needs,
    )  # fmt: skip


def _bcc(name: str, path: str, text: str) -> Example:
    comment = "\n".join(re.findall(r"^#(?!!)[ \t]*(.*)$", text[:3000], re.MULTILINE)) or leading_comment(text)
    plain = without_licence(comment)
    kinds = bcc_kinds(text)
    return Example(
        name,
        path,
        first_sentence(plain, name),
        explanation=plain,
        source="bcc",
        kinds=kinds,
        needs=("program python3-bpfcc",),
    )


def _uses(text: str) -> Iterator[str]:
    """Yield what the examples of a man page do: the sentences that end in a colon."""
    for line in text.splitlines()[:80]:
        if line.endswith(":") and len(line) > 12:
            yield line[:-1]


def _manual(places: Places, listed: Listed) -> dict[str, str]:
    folder, base = places.system / MANUALS, os.path.basename(listed.path)
    for name in (base, f"{base}.bt", base.removesuffix(".bt"), base.removesuffix("-bpfcc")):
        for ending in (".8.gz", ".8"):
            if (text := _unpacked(folder / f"{name}{ending}")) is not None:
                return man_sections(text)
    return {}


def _unpacked(path: Path) -> str | None:
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                data = file.read(_MOST_MANUAL)
    except (OSError, EOFError, zlib.error, ValueError):
        return None
    return data.decode(errors="replace")


def _events(path: Path) -> Iterator[Example]:
    for event in _by_area().get(path.stem, ()):
        yield _event(event, str(path))


@cache
def _by_area() -> dict[str, list[Event]]:
    areas: dict[str, list[Event]] = {}
    for event in load_catalogue().events.values():
        areas.setdefault(event.area, []).append(event)
    return areas


def _event(event: Event, path: str) -> Example:
    # One hook that works is enough, so the begins of all hooks are one group.
    begins = tuple(point for hook in event.hooks for point in _first_points(hook))
    fields = [name for field in event.fields.values() for name in (field.name, *field.names)]
    misses = f" Not seen: {'; '.join(event.misses)}." if event.misses else ""
    return Example(
        name=event.id, path=path, title=event.summary, source="catalogue", events=(event.id,), tags=(event.area,),
        cost=event.cost,
        questions=tuple(dict.fromkeys((*((event.example,) if event.example else ()), *event.names))),
        explanation=f"Fields: {', '.join(dict.fromkeys(fields))}.{misses}",
        groups=(begins,) if begins else (), kinds=kinds_of((begins,)),
    )  # fmt: skip


def _first_points(hook: Hook) -> Iterator[str]:
    for point in hook.points[:1]:
        yield from (point.begin or point.end)[:1]
