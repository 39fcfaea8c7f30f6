"""The usage line: which positionals there are, which are optional, which options exclude each other.

`usage: t [-h] [-p PID | -L TID] {a,b} [interval] [count]`, getopt's `USAGE: t [-Fhv] [interval [count]]`,
GNU's `Usage: t [OPTION...]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 4000  # characters; beyond that it is no usage line
_HEAD = re.compile(r"\s*usage:\s*", re.IGNORECASE)
_OPTION_LINE = re.compile(r"\s*-\S.*(?:\s{2,}|\s#)")
_PIECE = re.compile(r"\[|\]|\(|\)|\||\{[^}]*\}|[^\s\[\]()|{]+(?:\{[^}]*\})?")
_NO_NAME = frozenset(("option...", "options", "option", "flags", "eg,", "..."))


@dataclass(frozen=True, slots=True)
class Place:
    """A positional argument as the usage line shows it."""

    name: str
    optional: bool
    many: bool = False
    choices: tuple[str, ...] = ()


@dataclass(slots=True)
class Usage:
    """What was read: the line itself, positionals in order, groups of flags that exclude each other, flags that must be given."""

    text: str
    places: list[Place]
    exclusive: list[tuple[str, ...]]
    required: set[str]
    clusters: str = ""  # letters of `[-Fhv]`, which getopt's own lists explain


def find_usage(lines: list[str]) -> tuple[str, int] | None:
    """Return the usage line, its continuations joined, and the index of the line after it; None when there is none."""
    for start, line in enumerate(lines):
        match = _HEAD.match(line)
        if match is None:
            continue
        parts, at = [line[match.end() :]], start + 1
        while at < len(lines) and lines[at][:1].isspace() and lines[at].strip():
            if _OPTION_LINE.match(lines[at]) or lines[at].strip().startswith("eg,"):
                break
            parts.append(lines[at])
            at += 1
        return " ".join(" ".join(parts).split())[:LONGEST], at
    return None


def read_usage(text: str) -> Usage:
    """Read a usage line."""
    usage = Usage(text, [], [], set())
    pieces = _PIECE.findall(text)[1:]  # the first is the tool's name
    _read(pieces, 0, usage, optional=False)
    return usage


def _read(pieces: list[str], at: int, usage: Usage, *, optional: bool) -> int:
    flags: list[str] = []
    bars = 0
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        if piece in "])":
            break
        if piece in "[(":
            at = _read(pieces, at, usage, optional=optional or piece == "[")
        elif piece == "|":
            bars += 1
        elif piece.startswith("-") and piece != "-":
            flags.append(piece.split("=")[0])
            at = _skip_value(pieces, at)
        else:
            _place(piece, usage, optional)
    if bars and len(flags) > 1:
        usage.exclusive.append(tuple(flags))
    if not optional:
        usage.required |= set(flags)
    if optional and not bars and len(flags) == 1 and re.fullmatch(r"-[A-Za-z0-9]{2,}", flags[0]):
        usage.clusters += flags[0][1:]
    return at


def _skip_value(pieces: list[str], at: int) -> int:
    """Pass over the metavar of an option: `PID`, `{a,b}`, `[pid ...]`."""
    if at < len(pieces) and pieces[at] == "[":
        while at < len(pieces) and pieces[at] != "]":
            at += 1
        return at + 1
    while at < len(pieces) and pieces[at] not in "[]()|" and not pieces[at].startswith("-"):
        at += 1
    return at


def _place(piece: str, usage: Usage, optional: bool) -> None:
    if piece == "..." or piece.lower() in _NO_NAME:
        if piece == "..." and usage.places:
            usage.places[-1] = Place(usage.places[-1].name, usage.places[-1].optional, True)
        return
    if piece.startswith("{"):
        choices = tuple(piece.strip("{}").split(","))
        usage.places.append(Place(piece, optional, choices=choices))
    elif usage.places and usage.places[-1].name == piece:  # `probe [probe ...]`
        usage.places[-1] = Place(piece, usage.places[-1].optional, True)
    elif re.fullmatch(r"[A-Za-z][\w.-]*", piece):
        usage.places.append(Place(piece, optional))
