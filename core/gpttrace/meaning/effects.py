"""What a program does, probe by probe: updates of maps, rows, and what it removes, prints and ends, each with its condition.

A `Meaning` is read from a tree (`walk.py`); nothing in it knows a variable's name or how an `if` was written. `unread` says what
of the program the walk could not follow, so that whoever compares can say "unknown" and where.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gpttrace.meaning.terms import Term

# How a map is updated: an aggregation, or `set`, or `add` (`+=`, `++`).
How = Literal["set", "add", "count", "sum", "avg", "min", "max", "stats", "hist", "lhist", "tseries"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the source an effect stands: offsets, and the index of its probe among the program's probes."""

    start: int
    end: int
    probe: int


@dataclass(frozen=True, slots=True)
class Update:
    """A map gets a value for a key, when `cond` holds at one of `points`."""

    points: tuple[str, ...]
    cond: Term
    map: str
    keys: tuple[Term, ...]
    how: How
    args: tuple[Term, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Row:
    """A line is printed with these values."""

    points: tuple[str, ...]
    cond: Term
    args: tuple[Term, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Erase:
    """A key (all keys: None) of a map is removed, or set to zero."""

    points: tuple[str, ...]
    cond: Term
    map: str
    keys: tuple[Term, ...] | None
    place: Place


@dataclass(frozen=True, slots=True)
class Show:
    """A whole map is printed; `top` is how many of its largest rows."""

    points: tuple[str, ...]
    map: str
    top: int | None
    place: Place


@dataclass(frozen=True, slots=True)
class Exit:
    """The trace ends itself."""

    points: tuple[str, ...]
    cond: Term
    place: Place


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that the walk could not follow, and why."""

    why: str
    place: Place


@dataclass(slots=True)
class Meaning:
    """Everything a program does. `pointers` are the names of facts that are used as addresses, and so are never 0 there."""

    updates: list[Update] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    erases: list[Erase] = field(default_factory=list)
    shows: list[Show] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    reads: list[tuple[str, tuple[Term, ...], Place]] = field(default_factory=list)
    pointers: set[str] = field(default_factory=set)
