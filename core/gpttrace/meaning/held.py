"""A program held against a spec, or against another program."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice, product

from gpttrace.language import Program
from gpttrace.meaning.compare import Comparison, Difference, compare_outputs
from gpttrace.meaning.outputs import Outputs, outputs_of
from gpttrace.meaning.reference import events_at, layouts_for, reference
from gpttrace.meaning.walk import UNKNOWN_TYPES, Types, read_meaning
from gpttrace.spec.catalogue import Catalogue, load_catalogue
from gpttrace.spec.facts import Facts
from gpttrace.spec.layout import Layout
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.raw import with_events_of

_MOST_WAYS = 6
MOST_SECONDS = 3.0  # after which no further way to read a program is tried
_UNREADABLE = Comparison("unknown", (Difference("unfollowed", "unknown", "it has syntax errors"),))
_RANK = ("same", "narrower", "wider", "unknown", "different")


def compare_programs(asked: Program, given: Program, types: Types = UNKNOWN_TYPES) -> Comparison:
    """Tell whether a program shows the same as another."""
    if not given.ok:
        return _UNREADABLE
    one, other = (outputs_of(read_meaning(each, types)) for each in (asked, given))
    return compare_outputs(one, other)


def compare_spec(
    spec: TraceSpec,
    given: Program,
    *,
    host: Facts | None = None,
    catalogue: Catalogue | None = None,
    types: Types = UNKNOWN_TYPES,
) -> Comparison:
    """Tell whether a program shows what a spec asks for, over whichever hooks of the events it uses.

    `unknown` when its hooks are not in the catalogue, so that nobody can tell what they show.
    """
    if not given.ok:
        return _UNREADABLE
    return hold(spec, outputs_of(read_meaning(given, types)), host, catalogue or load_catalogue(), types)


def hold(
    spec: TraceSpec, outputs: Outputs, host: Facts | None, catalogue: Catalogue, types: Types
) -> Comparison:
    """Tell whether a program, read already, shows what a spec asks for."""
    catalogue = with_events_of(catalogue, spec, host)
    points = points_of(outputs)
    if not outputs.outputs:
        return Comparison("different", (Difference("output", "different", "it shows nothing"),))
    unknown = [each.event for each in (spec, *spec.others) if each.event not in catalogue]
    if unknown:
        return Comparison(
            "unknown", (Difference("hooks", "unknown", f"the catalogue has no event `{unknown[0]}`"),)
        )
    best: Comparison | None = None
    began = time.monotonic()
    for layouts in islice(_ways(spec, points, catalogue, host), _MOST_WAYS):
        if best is not None and time.monotonic() - began > MOST_SECONDS:
            break
        wanted = reference(layouts, types)
        if wanted is None:
            continue
        found = compare_outputs(wanted, outputs)
        if best is None or _order(found) < _order(best):
            best = found
        if best.answer == "same":
            break
    return best or _elsewhere(spec, points, catalogue)


def points_of(outputs: Outputs) -> list[str]:
    """Return the attach points that a program looks at, those where events begin too."""
    points = [
        point
        for output in outputs.outputs
        for part in output.parts
        for point in (part.begin, part.end)
        if point
    ]
    points += [point for updates in outputs.helpers.values() for update in updates for point in update.points]
    return list(dict.fromkeys(points))


def _order(found: Comparison) -> tuple[int, int]:
    return (_RANK.index(found.answer), len(found.differences))


def _ways(
    spec: TraceSpec, points: Sequence[str], catalogue: Catalogue, host: Facts | None
) -> Iterator[tuple[Layout, ...]]:
    each = [layouts_for(one, catalogue[one.event], points, host) for one in (spec, *spec.others)]
    return product(*each)


def _elsewhere(spec: TraceSpec, points: Sequence[str], catalogue: Catalogue) -> Comparison:
    shows = events_at(points, catalogue)
    wanted = catalogue[spec.event].summary
    if spec.event in shows:
        what = f"these hooks show the event ({wanted}), but the catalogue does not know how they tell all that is asked for"
        return Comparison("unknown", (Difference("hooks", "unknown", what, points=tuple(points)),))
    if shows:
        seen = catalogue[shows[0]].summary
        what = f"its hooks show another event ({seen}), not the one asked for ({wanted})"
        return Comparison("different", (Difference("hooks", "different", what, points=tuple(points)),))
    what = f"whether `{points[0]}` shows the event asked for ({wanted}) is not in the catalogue"
    return Comparison("unknown", (Difference("hooks", "unknown", what, points=tuple(points)),))
