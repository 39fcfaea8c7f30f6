"""What a spec asks for, as outputs: our own program for it, laid over the hook that a given program uses.

So a spec and a program are compared in one way, whichever of an event's hooks the program took.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from gpttrace.errors import QuestionRefused
from gpttrace.language import parse
from gpttrace.meaning.outputs import Outputs, outputs_of
from gpttrace.meaning.points import covers, named
from gpttrace.meaning.walk import UNKNOWN_TYPES, Types, read_meaning
from gpttrace.spec.catalogue import Catalogue, Event, Hook, Point, seen_by
from gpttrace.spec.choose import existing, fill
from gpttrace.spec.compose import compose
from gpttrace.spec.facts import Facts
from gpttrace.spec.layout import Layout, fields_of, for_many, lay_out
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.narrow import narrowed


def layouts_for(spec: TraceSpec, event: Event, points: Sequence[str], host: Facts | None) -> list[Layout]:
    """Return the spec over each hook of its event that a program with these points may use, the one with most of them first."""
    found: list[tuple[int, int, Layout]] = []
    for at, whole in enumerate(event.hooks):
        for hook in _ways(whole, spec, event):
            hook = _on(hook, host)
            shared = sum(any(covers(point, name) for point in points) for name in _names(hook.points))
            if shared:
                found += [(-shared, at, layout) for layout in _places(spec, seen_by(event, whole), hook)]
    return [layout for _, _, layout in sorted(found, key=lambda each: each[:2])]


def _ways(whole: Hook, spec: TraceSpec, event: Event) -> Iterator[Hook]:
    hook = narrowed(whole, spec.only)
    if hook is None or (hook.given is not None and hook.given not in {c.field for c in spec.conditions}):
        return
    if all(name in seen_by(event, whole).fields for name in fields_of(spec)):
        yield fill(hook, spec)


def _on(hook: Hook, host: Facts | None) -> Hook:
    """Return the hook with the points that a host has; those of other kernels are nobody's fault."""
    if host is None:
        return hook
    points = tuple(
        replace(point, begin=existing(point.begin, host), end=existing(point.end, host))
        for point in hook.points
    )
    return replace(hook, points=points) if any(each.begin or each.end for each in points) else hook


def _names(points: Iterable[Point]) -> list[str]:
    return list(dict.fromkeys(named(text) for point in points for text in (*point.begin, *point.end)))


def _places(spec: TraceSpec, event: Event, hook: Hook) -> Iterator[Layout]:
    usual = lay_out(spec, event, hook)
    yield usual
    # What is counted at the begin can as well be counted at the end, where all that is read is known there, too.
    fields = [event.fields[name] for name in fields_of(spec)]
    if usual.place == "begin" and hook.spans and all(each.end is not None for each in fields):
        yield replace(usual, place="end")


def reference(layouts: Sequence[Layout], types: Types = UNKNOWN_TYPES) -> Outputs | None:
    """Return what our own program for these layouts shows, None when there is no way to write it."""
    try:
        text = compose(for_many(list(layouts)))
    except (QuestionRefused, ValueError):
        return None
    return outputs_of(read_meaning(parse(text), types))


@lru_cache(maxsize=4)
def _shown_by(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for event in catalogue.events.values():
        for hook in event.hooks:
            for name in _names(hook.points):
                found.setdefault(name, []).append(event.id)
    return {name: tuple(dict.fromkeys(ids)) for name, ids in found.items()}


@lru_cache(maxsize=4)
def _open(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    return {name: ids for name, ids in _shown_by(catalogue).items() if "*" in name}


def events_at(points: Iterable[str], catalogue: Catalogue) -> tuple[str, ...]:
    """Return the ids of the events of the catalogue that these attach points show, those that most of them show first.

    What only a pattern of the catalogue covers (any system call) comes last.
    """
    known, wide = _shown_by(catalogue), _open(catalogue)
    times: dict[str, float] = {}
    for point in points:
        exact = [name for name in known if covers(point, name)] if "*" in point else [point]
        for id in (id for name in exact for id in known.get(name, ())):
            times[id] = times.get(id, 0) + 1
        for id in (id for name, ids in wide.items() if covers(name, point) for id in ids):
            times[id] = times.get(id, 0) + 0.01
    return tuple(sorted(times, key=lambda id: -times[id]))
