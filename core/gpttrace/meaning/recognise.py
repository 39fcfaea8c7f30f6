"""A program's spec, read from its tree: which event its hooks show, what is measured, by what, under which conditions.

What the catalogue has no word for is left out, and `why` says so; `whole` is only true when our own program for the spec was held
against the given one and shows the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from gpttrace.language import Program
from gpttrace.meaning.held import MOST_SECONDS, hold, points_of
from gpttrace.meaning.outputs import Output, Part, outputs_of
from gpttrace.meaning.points import covers, hz_of, named
from gpttrace.meaning.reference import events_at, layouts_for, reference
from gpttrace.meaning.terms import COMPARISONS, FALSE, TRUE, Apply, Number, Term, Text, conjuncts
from gpttrace.meaning.values import shown
from gpttrace.meaning.walk import UNKNOWN_TYPES, Types, read_meaning
from gpttrace.spec.catalogue import Catalogue, Event, load_catalogue
from gpttrace.spec.facts import Facts
from gpttrace.spec.model import Condition, Shape, TraceSpec
from gpttrace.spec.narrow import name_of_hook

_MOST_EVENTS = 12
_MOST_OUTPUTS = 8
_SHAPES: dict[str, Shape] = {
    "row": "events", "count": "count", "sum": "sum", "avg": "avg", "min": "min", "max": "max", "stats": "stats", "hist": "hist",
    "lhist": "lhist",
}  # fmt: skip
_STACKS = ("kstack", "ustack")


@dataclass(frozen=True, slots=True)
class Recognised:
    """The spec of a program, as far as the catalogue has words for it; `why` says what it has none for."""

    spec: TraceSpec | None
    whole: bool
    why: str = ""


def spec_of(
    program: Program,
    *,
    host: Facts | None = None,
    catalogue: Catalogue | None = None,
    types: Types = UNKNOWN_TYPES,
) -> Recognised:
    """Return what a program measures. Never raises; a program outside the catalogue has no spec."""
    catalogue = catalogue or load_catalogue()
    outputs = outputs_of(read_meaning(program, types))
    if not outputs.shown:
        return Recognised(None, False, "it shows nothing")
    hz = next(
        (hz_of(point) for probe in program.probes for point in probe.points if point.kind == "profile"), None
    )
    points = points_of(outputs)
    if len(outputs.shown) > _MOST_OUTPUTS:
        return Recognised(None, False, f"it shows {len(outputs.shown)} things")
    found: list[Recognised] = []
    began = time.monotonic()
    for id in islice(events_at(points, catalogue), _MOST_EVENTS):
        if found and time.monotonic() - began > MOST_SECONDS:
            break
        reading = _Reading(catalogue[id], points, host, types, hz)
        specs = [spec for output in outputs.shown if (spec := reading.spec(output)) is not None]
        if len(specs) == len(outputs.shown):
            spec = replace(specs[0], others=tuple(specs[1:]))
            whole = program.ok and hold(spec, outputs, host, catalogue, types).answer == "same"
            found.append(Recognised(spec, whole, "; ".join(dict.fromkeys(reading.unsaid))))
    if not found:
        return Recognised(None, False, f"the catalogue has no event for `{points[0]}`")
    # The event that needs the fewest conditions says most: a connect, not a change of state to SYN_SENT.
    return min(
        found, key=lambda each: (not each.whole, len(each.why), len(each.spec.conditions) if each.spec else 0)
    )


class _Reading:
    """One event as the words for a program: what each of its fields, conditions and hooks is as a term."""

    def __init__(
        self,
        event: Event,
        points: Sequence[str],
        host: Facts | None,
        types: Types,
        hz: int | None,
    ) -> None:
        self.event, self.points, self.host, self.types = event, points, host, types
        self.unsaid: list[str] = []
        self.plain = TraceSpec(event.id, "count", hz=hz if event.hz else None, **_narrowed(event, points))

    def spec(self, output: Output) -> TraceSpec | None:
        """Return the spec of one output, None when this event has no word for what it measures."""
        shape = _SHAPES.get(output.how)
        part = next(iter(output.seen), None)
        if shape is None or part is None:
            return None
        self.timed = part.begin is not None
        fields: dict[Term, str] = {}
        for term, name in self._fields():
            fields.setdefault(term, name)
        columns = part.args if shape == "events" else part.keys
        keys = tuple(fields[term] for term in columns if term in fields)
        self.unsaid += [f"{shown(term)} has no name" for term in columns if term not in fields]
        value = None
        if shape == "count" and (remembered := _remembered(part)) in fields:
            shape, value = "distinct", fields[remembered]
        elif shape not in ("events", "count"):
            if part.args[0] not in fields:
                self.unsaid.append(f"{shown(part.args[0])} has no name")
                return None
            value = fields[part.args[0]]
        if any(key in _STACKS for key in keys) and shape in ("count", "sum"):
            shape = "stacks"
        return replace(
            self.plain,
            shape=shape,
            value=value,
            keys=keys,
            conditions=(*self.plain.conditions, *self._conditions(part.cond, fields)),
            every=_period(output.every),
            top=output.top,
            buckets=_buckets(part.args) if shape == "lhist" else None,
        )

    def _asked(self, spec: TraceSpec) -> Part | None:
        """Return what our own program for a spec adds where the given one looks."""
        layouts = layouts_for(spec, self.event, self.points, self.host)[:1]
        found = reference(layouts, self.types) if layouts else None
        return next((part for output in found.shown for part in output.seen), None) if found else None

    def _fields(self) -> Iterator[tuple[Term, str]]:
        spans = self.timed and "latency" in self.event.fields
        # Of two names for one thing the one with a unit says more: `bytes` of a read, not `ret`.
        for name in sorted(self.event.fields, key=lambda name: self.event.fields[name].unit is None):
            keys = (name, "latency") if spans and name != "latency" else (name,)
            part = self._asked(replace(self.plain, shape="events", keys=keys))
            if part is not None and part.args:
                yield part.args[0], name

    def _conditions(self, cond: Term, fields: dict[Term, str]) -> Iterator[Condition]:
        left = list(conjuncts(cond))
        for usual in conjuncts(self._cond(())):
            if usual in left:
                left.remove(usual)
        for name, field in self.event.fields.items():
            for value in field.values:
                asked = Condition(name, "==", value)
                tested = conjuncts(self._cond((asked,)))
                if tested and all(each in left for each in tested):
                    yield asked
                    left = [each for each in left if each not in tested]
        for term in left:
            if _is_state(term):
                continue
            found = _condition(term, fields)
            if found is None:
                self.unsaid.append(f"`{shown(term)}` has no name")
            else:
                yield found

    def _cond(self, conditions: tuple[Condition, ...]) -> Term:
        keys = ("latency",) if self.timed and "latency" in self.event.fields else ()
        conditions = (*self.plain.conditions, *conditions)
        shape: Shape = "events" if keys else "count"
        part = self._asked(replace(self.plain, shape=shape, keys=keys, conditions=conditions))
        return part.cond if part else TRUE


def _narrowed(event: Event, points: Sequence[str]) -> dict[str, Any]:
    """Return which of an event's hook points a program has, when not all: by the call's name, or as `only`."""
    calls = {name_of_hook(point) for point in points}
    for hook in event.hooks:
        begins = {named(text) for point in hook.points for text in point.begin}
        ends = {named(text) for point in hook.points for text in point.end}
        used = {
            name
            for name in begins | ends
            if any(covers(point, name) or covers(name, point) for point in points)
        }
        if not used:
            continue
        if hook.given is not None:
            return {"conditions": (Condition(hook.given, "==", calls.pop()),)} if len(calls) == 1 else {}
        if any(side & used and side - used for side in (begins, ends)):
            return {"only": tuple(sorted(calls & {name_of_hook(name) for name in used}))}
        break
    return {}


def _is_state(term: Term) -> bool:
    return (
        isinstance(term, Apply)
        and term.op == "=="
        and isinstance(term.args[0], Apply)
        and term.args[0].op[0] == "@"
    )


def _remembered(part: Part) -> Term:
    """Return what a count of different values looks up to know whether it was there before: `@seen[key, value] == 0`."""
    for term in conjuncts(part.cond):
        if _is_state(term):
            assert isinstance(term, Apply)
            state = term.args[0]
            assert isinstance(state, Apply)
            rest = [each for each in state.args if each not in part.keys]
            if len(rest) == 1:
                return rest[0]
    return FALSE


def _condition(term: Term, fields: dict[Term, str]) -> Condition | None:
    match term:
        case Apply(
            op="==",
            args=(Apply(op="strncmp", args=(one, Text(value=text), Number(value=size))), Number(value=0)),
        ):
            if one in fields and size <= len(text):
                return Condition(fields[one], "startswith", text[:size].decode(errors="replace"))
        case Apply(op=op, args=(one, Number(value=value))) if op in COMPARISONS and one in fields:
            return Condition(fields[one], op, value)  # type: ignore[arg-type]  # all of them are comparisons of specs, too
        case Apply(op=op, args=(one, Text(value=text))) if op in COMPARISONS and one in fields:
            return Condition(fields[one], op, text.decode(errors="replace"))  # type: ignore[arg-type]
    return None


def _period(point: str | None) -> int | None:
    number = point.rpartition(":")[2] if point else ""
    return int(number) if number.isdigit() else None


def _buckets(args: tuple[Term, ...]) -> tuple[int, int, int] | None:
    numbers = [arg.value for arg in args[1:] if isinstance(arg, Number)]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None
