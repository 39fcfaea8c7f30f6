"""Do two programs show the same? Outputs are paired, and each pair is held together: form, points, conditions, keys, values.

The first program is what was asked for, the second what was given. Each difference says in which direction it goes: `narrower`
loses something that was asked for, `wider` shows more, `different` is neither. What the solver could not decide in time is
`unknown`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gpttrace.meaning.effects import Place
from gpttrace.meaning.outputs import ROWS, Output, Outputs, Part, Stale
from gpttrace.meaning.points import covers
from gpttrace.meaning.solve import Example, can_differ, possible, without
from gpttrace.meaning.terms import FALSE, TRUE, Apply, Number, Term, both, either
from gpttrace.meaning.values import shown
from gpttrace.spec.describe import listed

Direction = Literal["narrower", "wider", "different", "unknown", "note"]
Kind = Literal[
    "form",
    "hooks",
    "condition",
    "keys",
    "value",
    "tie",
    "stale",
    "every",
    "top",
    "output",
    "unit",
    "unfollowed",
]
_MOST_PAIRS = 1000  # of parts of two outputs; ours have less than a hundred
_SCALES = {1000: "us", 10**6: "ms", 10**9: "s", 1024: "KiB", 1024**2: "MiB"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a program differs from what was asked; `example` is a case of it, `place` is in the program."""

    kind: Kind
    direction: Direction
    what: str
    place: Place | None = None
    example: Example | None = None
    points: tuple[str, ...] = ()


Verdict = Literal["same", "narrower", "wider", "different", "unknown"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`answer` in one word, and why."""

    answer: Verdict
    differences: tuple[Difference, ...] = ()


def compare_outputs(asked: Outputs, given: Outputs) -> Comparison:
    """Hold what a program shows against what was asked for."""
    found: list[Difference] = []
    left = given.shown
    for output in asked.shown:
        if not left:
            found.append(Difference("output", "narrower", f"nothing shows {_called(output)}"))
            continue
        best = min(left, key=lambda each: _distance(output, each))
        found += _differences(output, best)
        left.remove(best)
    found += [
        Difference("output", "note", f"it also shows {_called(each)}", each.parts[0].place) for each in left
    ]
    found += _states(asked, given)
    found += _stale(asked.stale, given)
    found += [Difference("unfollowed", "unknown", why, place) for why, place in given.unfollowed]
    unique = {(each.kind, each.direction, each.what, each.place): each for each in reversed(found)}
    found = list(reversed(unique.values()))
    return Comparison(_answer(found), tuple(found))


def _answer(found: Sequence[Difference]) -> Verdict:
    directions = {each.direction for each in found} - {"note"}
    if not directions:
        return "same"
    sure = directions - {"unknown"}
    if not sure:
        return "unknown"
    return sure.pop() if len(sure) == 1 else "different"  # type: ignore[return-value]  # a subset of both


def _called(output: Output) -> str:
    return "rows" if output.name == ROWS else output.name


# ------------------------------------------------------------------------------------------ pairing


def _distance(asked: Output, given: Output) -> tuple[int, int, int]:
    """Return how unlike two outputs are at first sight, for choosing which is which."""
    wanted = {part.end for part in asked.parts}
    seen = [part for part in given.parts if any(covers(part.end, end) for end in wanted)]
    keys = {shown(key) for part in asked.parts for key in part.keys} ^ {
        shown(key) for part in given.parts for key in part.keys
    }
    args = {shown(arg) for part in asked.parts for arg in part.args} ^ {
        shown(arg) for part in given.parts for arg in part.args
    }
    return (not seen, (asked.how != given.how) * 3 + len(keys), len(args))


def _differences(asked: Output, given: Output) -> Iterator[Difference]:
    place = given.parts[0].place
    if asked.how != given.how:
        yield Difference("form", "different", f"it shows {_form(given.how)}, not {_form(asked.how)}", place)
        return
    if len(asked.parts) * len(given.parts) > _MOST_PAIRS:
        yield Difference("unfollowed", "unknown", f"there is too much in {_called(given)} to compare", place)
        return
    yield from _points(asked, given)
    for part in asked.seen:
        for other in _partners(part, given):
            yield from _part(asked, part, other)
    yield from _unseen(asked, given)
    yield from _times(asked, given, place)


_FORMS = {"row": "one row for each event", "count": "a count", "set": "the last value", "hist": "a distribution",
          "lhist": "a distribution in equal steps", "avg": "an average", "sum": "a sum", "min": "a minimum", "max": "a maximum",
          "stats": "count, average and total"}  # fmt: skip


def _form(how: str) -> str:
    return _FORMS.get(how, how)


def _partners(part: Part, given: Output) -> list[Part]:
    """Return the parts of a given output that speak of the same moment as one that was asked for."""
    found = [each for each in given.seen if covers(each.end, part.end)]
    if part.begin is None:
        return found
    return [each for each in found if each.begin is None or covers(each.begin, part.begin)]


def _points(asked: Output, given: Output) -> Iterator[Difference]:
    missing = [part for part in asked.seen if not _partners(part, given)]
    names = list(dict.fromkeys(part.end if part.begin is None else part.begin for part in missing))
    if names:
        where = given.parts[0].place
        whole = len(missing) == len(asked.seen)
        direction: Direction = "different" if whole else "narrower"
        yield Difference(
            "hooks", direction, f"{_listed(names)} {_is(names)} not seen", where, points=tuple(names)
        )
    wanted = [part.end for part in asked.parts]
    extra = [part for part in given.parts if not any(covers(part.end, end) for end in wanted)]
    names = list(dict.fromkeys(part.end for part in extra))
    if names:
        what = (
            f"{_listed(names)} {_is(names)} counted, too"
            if asked.how != "row"
            else f"{_listed(names)} give rows, too"
        )
        yield Difference("hooks", "wider", what, extra[0].place, points=tuple(names))


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _listed(names: Sequence[str], most: int = 3) -> str:
    shorter = [f"`{name}`" for name in names[:most]]
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return listed([*shorter, *more])


# ------------------------------------------------------------------------------------------ one part


def _part(asked_output: Output, asked: Part, given: Part) -> Iterator[Difference]:
    yield from _conditions(asked, given)
    if asked.times != given.times:
        what = f"each event is taken {given.times} times, not {asked.times}"
        yield Difference("value", "wider" if given.times > asked.times else "narrower", what, given.place)
    under = both(asked.cond, given.cond)
    if asked_output.how == "row":
        yield from _columns(asked.args, given, under)
    else:
        yield from _keys(asked.keys, given, under)
        yield from _values(asked, given, under)
    if asked.begin is not None and given.begin is not None and asked.ties != given.ties:
        yield Difference("tie", "different", _tie(asked, given), given.place)


def _conditions(asked: Part, given: Part) -> Iterator[Difference]:
    for one, other, direction in ((asked.cond, given.cond, "narrower"), (given.cond, asked.cond, "wider")):
        if one == other:
            return
        answer = without(one, other)
        if answer.can is None:
            yield Difference(
                "condition", "unknown", "the conditions could not be compared in time", given.place
            )
        elif answer.can:
            yield Difference("condition", direction, "", given.place, answer.example, (given.end,))  # type: ignore[arg-type]


def _columns(wanted: tuple[Term, ...], given: Part, under: Term) -> Iterator[Difference]:
    for term in wanted:
        if not any(_equal(term, other, under) or _scaled(term, other, under) for other in given.args):
            yield Difference("keys", "narrower", f"it does not show {shown(term)}", given.place)


def _keys(wanted: tuple[Term, ...], given: Part, under: Term) -> Iterator[Difference]:
    left = list(given.keys)
    for term in wanted:
        match = next((other for other in left if _equal(term, other, under)), None)
        if match is None:
            yield Difference("keys", "different", f"rows are not told apart by {shown(term)}", given.place)
        else:
            left.remove(match)
    for term in left:
        yield Difference(
            "keys", "different", f"rows are told apart by {shown(term)}, which was not asked for", given.place
        )


def _values(asked: Part, given: Part, under: Term) -> Iterator[Difference]:
    if len(asked.args) != len(given.args):
        yield Difference("value", "different", "it is measured with other arguments", given.place)
        return
    scale = 1
    for at, (term, other) in enumerate(zip(asked.args, given.args, strict=True)):
        if at > 0 and scale > 1 and isinstance(term, Number) and isinstance(other, Number):
            if term.value == other.value * scale:
                continue
        elif _equal(term, other, under):
            continue
        elif at == 0 and (found := _scaled(term, other, under)):
            scale = found
            yield Difference("unit", "note", f"it is measured in {_SCALES[found]}", given.place)
            continue
        what = (
            f"it measures {shown(other)}, not {shown(term)}"
            if at == 0
            else f"it has {shown(other)} where {shown(term)} was asked"
        )
        yield Difference("value", "different", what, given.place)


def _equal(one: Term, other: Term, under: Term) -> bool:
    return one == other or (_comparable(one, other) and can_differ(one, other, under).can is False)


def _comparable(one: Term, other: Term) -> bool:
    # Two facts of different names are never the same thing, unless the condition pins both; the solver need not be asked.
    return (
        isinstance(one, Apply)
        or isinstance(other, Apply)
        or isinstance(one, Number)
        or isinstance(other, Number)
    )


def _scaled(term: Term, other: Term, under: Term) -> int | None:
    """Return by what a value was divided to be shown in a larger unit."""
    if isinstance(other, Apply) and other.op == "/" and isinstance(other.args[1], Number):
        by = other.args[1].value
        if by in _SCALES and _equal(term, other.args[0], under):
            return by
    return None


def _tie(asked: Part, given: Part) -> str:
    def keys(part: Part) -> str:
        return (
            " and ".join(sorted({", ".join(map(shown, read)) or "nothing" for _, read in part.ties}))
            or "nothing"
        )

    if keys(asked) == keys(given):
        return "begin and end of an event are stored and looked up under different keys"
    return f"begin and end of an event are tied by {keys(given)}, not by {keys(asked)}"


def _unseen(asked: Output, given: Output) -> Iterator[Difference]:
    if any(part.unseen for part in asked.parts) or not any(part.begin for part in asked.parts):
        return
    for part in given.parts:
        if part.unseen and part.cond != FALSE and possible(part.cond).can is not False:
            what = "an end whose begin was not seen counts, too, with a begin of 0"
            yield Difference("condition", "wider", what, part.place, points=(part.end,))
            return


def _times(asked: Output, given: Output, place: Place) -> Iterator[Difference]:
    if asked.every != given.every:
        yield Difference(
            "every", "different", f"it is shown {_every(given.every)}, not {_every(asked.every)}", place
        )
    elif asked.every and asked.clears != given.clears:
        what = (
            "it starts anew each time" if given.clears else "it goes on adding up from one time to the next"
        )
        yield Difference("every", "different", what, place)
    if asked.top != given.top:
        words = "all rows are" if given.top is None else f"only the {given.top} largest rows are"
        direction: Direction = (
            "wider" if given.top is None or ((asked.top or 0) < given.top and asked.top) else "narrower"
        )
        yield Difference("top", direction, f"{words} shown", place)


def _every(point: str | None) -> str:
    if point is None:
        return "at the end"
    return f"every {int(point.rpartition(':')[2]) / 1e9:g} s"


# ----------------------------------------------------------------------------------- what is kept between events


def _states(asked: Outputs, given: Outputs) -> Iterator[Difference]:
    """Compare how maps are written that remember earlier events: a `distinct` that marks too little counts too much."""
    wanted = [output for output in asked.outputs if output.is_state]
    left = [output for output in given.outputs if output.is_state]
    for output, other in zip(wanted, left, strict=False):
        for part in output.parts:
            partners = _partners(part, other)
            conds = either(*(each.cond for each in partners)) if partners else FALSE
            if conds != part.cond and without(part.cond, conds).can is not False:
                yield Difference(
                    "condition",
                    "different",
                    "what was seen before is remembered otherwise",
                    other.parts[0].place,
                )
                return
    if len(wanted) > len(left):
        yield Difference("condition", "wider", "what was seen before is not remembered")


def _stale(asked: Sequence[Stale], given: Outputs) -> Iterator[Difference]:
    known = [each.cond for each in asked]
    for each in given.stale:
        if each.cond in known:
            known.remove(each.cond)
            continue
        always = each.cond == TRUE
        unconditional = all(update.cond == TRUE for update in given.helpers.get(each.map, []))
        what = f"{each.map} keeps its keys" + (
            ": nothing deletes them" if always else ", as they are not always deleted"
        )
        yield Difference("stale", "note" if unconditional else "wider", what, each.place)
