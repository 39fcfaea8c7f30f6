"""What the tables of a program tell: which of them say how many events there were, and by what those of one process are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gpttrace.check.meant import types_in
from gpttrace.host import Host
from gpttrace.language import Program
from gpttrace.language import nodes as n
from gpttrace.meaning.effects import Meaning, Row
from gpttrace.meaning.held import points_of
from gpttrace.meaning.outputs import ROWS, Output, Outputs, Part, outputs_of
from gpttrace.meaning.points import TIMERS
from gpttrace.meaning.terms import TRUE, Apply, Fact, Number, Stored, Term
from gpttrace.meaning.values import shown
from gpttrace.meaning.walk import read_meaning
from gpttrace.trace.printing import statements

Who = Literal["comm", "pid", ""]
_COUNTING = frozenset(("count", "hist", "lhist", "stats"))


@dataclass(frozen=True, slots=True)
class Telling:
    """One table: a `number` of events, `rows` that are one event each, or only that there was `something`.

    `who` tells whose events they are: by name, by the process id in key or value `at`, or not at all. `only` are the conditions
    under which an event is taken, in the program's words; `clears` says that the map is emptied each time that it is shown.
    """

    table: str
    what: Literal["number", "rows", "something"]
    who: Who
    at: int
    only: tuple[str, ...]
    points: frozenset[str]
    start: int
    end: int
    top: int | None = None
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """A program as it is held against numbers: what its tables tell, where it looks, and whether it may end itself."""

    tree: Program
    tellings: tuple[Telling, ...]
    points: tuple[str, ...]
    ends: bool


def read_subject(tree: Program, host: Host) -> Subject:
    """Return what the tables of a program tell, maps first; helper maps tell nothing, nor do maps that lose what was in them."""
    meaning = read_meaning(tree, types_in(tree, host))
    outputs = outputs_of(meaning)
    lost = _emptied(meaning)
    maps = [_of_map(each) for each in outputs.outputs if _is_result(each) and each.name not in lost]
    tellings = [*maps, *_of_rows(tree, meaning, outputs)]
    return Subject(tree, tuple(tellings), tuple(points_of(outputs)), bool(meaning.exits))


def _emptied(meaning: Meaning) -> set[str]:
    """Return the maps that lose events before they are shown: emptied at another time than when they are printed."""
    shown_at = {(each.map, point) for each in meaning.shows for point in each.points}
    return {
        erase.map
        for erase in meaning.erases
        for point in erase.points
        if point != "begin" and (erase.map, point) not in shown_at
    }


def _is_result(output: Output) -> bool:
    return output.name != ROWS and not output.is_state and any(not p.unseen for p in output.parts)


def _of_map(output: Output) -> Telling:
    parts = output.seen
    first = parts[0]
    ones = output.how == "sum" and all(part.args == (Number(1),) for part in parts)
    who, at = _whose(first.keys)
    return Telling(
        output.name,
        "number" if output.how in _COUNTING or ones else "something",
        who,
        at,
        _only(parts),
        _points(parts),
        first.place.start,
        first.place.end,
        output.top,
        output.clears,
    )


def _of_rows(tree: Program, meaning: Meaning, outputs: Outputs) -> Iterator[Telling]:
    """Yield the printing statements under the names that their tables have: numbered in the order of the source."""
    parts = [part for each in outputs.outputs if each.name == ROWS for part in each.seen]
    numbers = {"printf": 0, "print": 0}
    for statement in statements(tree):
        call = statement.expr
        if not isinstance(call, n.Call) or not _is_table(call):
            continue
        numbers[call.name] += 1
        mine = [part for part in parts if statement.start <= part.place.start < statement.end]
        row = next((row for row in meaning.rows if statement.start <= row.place.start < statement.end), None)
        if mine and row is not None and not set(row.points) <= set(TIMERS):
            yield _printed(f"{call.name}:{numbers[call.name]}", row, mine)


def _printed(table: str, row: Row, parts: Sequence[Part]) -> Telling:
    who, at = _whose(row.args)
    place = row.place
    return Telling(table, "rows", who, at, _only(parts), _points(parts), place.start, place.end)


def _is_table(call: n.Call) -> bool:
    if call.name == "print":
        first = call.args[0] if call.args else None
        return first is not None and not (isinstance(first, n.Map) and first.keys is None)
    return call.name == "printf" and len(call.args) > 1


def _whose(terms: Sequence[Term]) -> tuple[Who, int]:
    names = [term.name.rpartition(".")[2].rstrip(")") if isinstance(term, Fact) else "" for term in terms]
    by_name = [at for at, name in enumerate(names) if name.endswith("comm")]
    if by_name:
        return "comm", by_name[0]
    by_id = [at for at, name in enumerate(names) if name in ("pid", "tid")]
    return ("pid", by_id[0]) if by_id else ("", 0)


def _only(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the conditions of what is taken; none when one of the ways to it has none."""
    every = [tuple(_conditions(part.cond)) for part in parts]
    return () if not all(every) else every[0]


def _conditions(cond: Term) -> Iterator[str]:
    if isinstance(cond, Apply) and cond.op == "&&":
        for each in cond.args:
            yield from _conditions(each)
    elif cond != TRUE and not isinstance(cond, Stored):
        text = shown(cond)
        yield text[1:-1] if text.startswith("(") and text.endswith(")") else text


def _points(parts: Sequence[Part]) -> frozenset[str]:
    return frozenset(point for part in parts for point in (part.begin, part.end) if point)
