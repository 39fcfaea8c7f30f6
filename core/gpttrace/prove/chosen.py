"""Which event of the catalogue a program is held against, and with which workload; or why with none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gpttrace.check.meant import recognised
from gpttrace.host import Host
from gpttrace.language import Program
from gpttrace.meaning.points import covers, named
from gpttrace.meaning.reference import events_at
from gpttrace.spec.catalogue import Canary, Catalogue, Event
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.raw import with_events_of


@dataclass(frozen=True, slots=True)
class Chosen:
    """An event with its canary. `asked` says that this event is known to be meant, not only the likeliest by the hooks.

    `narrowed` says that only some of these events are asked for, so that those of the canary need not be among them; `hooks` are
    those of a program that takes only some of the event's, when nobody asked for all. `shared` says that a further event was
    asked for that has the same hooks, so that a table may be of either.
    """

    event: Event
    canary: Canary
    control_noun: str
    asked: bool
    narrowed: bool = False
    hooks: tuple[str, ...] = ()
    shared: bool = False

    @property
    def points(self) -> frozenset[str]:
        """The names of all attach points that show the event, on any kernel."""
        return frozenset(_names(self.event))


def choose(
    tree: Program, points: Sequence[str], spec: TraceSpec | None, host: Host, catalogue: Catalogue
) -> Chosen | str:
    """Return the event that a program with these attach points is held against; a sentence when there is none."""
    own = spec
    if own is None:
        if (why := _unclear(points, catalogue)) is not None:
            return why
        own = _read_back(tree, host, catalogue)
    catalogue = with_events_of(catalogue, own, host) if own is not None else catalogue
    event = catalogue[own.event if own is not None else events_at(points, catalogue)[0]]
    if event.canary is None:
        return f"the catalogue knows no workload for {event.noun}"
    noun = _noun_of(event.canary.control, catalogue)
    if own is None:
        return Chosen(event, event.canary, noun, asked=False)
    more = any(each not in event.assume for each in own.conditions)
    narrowed = bool(more or own.part or own.top or (own.only and spec is not None))
    own_points = set(_names(event))
    shared = any(own_points & set(_names(catalogue[each.event])) for each in own.others)
    return Chosen(event, event.canary, noun, True, narrowed, tuple(points) if spec is None else (), shared)


def _read_back(tree: Program, host: Host, catalogue: Catalogue) -> TraceSpec | None:
    """Return the spec of a program whose event has a workload; a wider word for the same (any system call) is of no use."""
    found = recognised(tree, host, catalogue)
    if not found.whole or found.spec is None:
        return None
    return found.spec if catalogue[found.spec.event].canary is not None else None


def _unclear(points: Sequence[str], catalogue: Catalogue) -> str | None:
    """Say why nobody can tell which event is meant."""
    if not points:
        return "it looks at no event"
    ids = events_at(points, catalogue)
    if not ids:
        return "the catalogue knows no event that its hooks show"
    own = set(_names(catalogue[ids[0]]))
    wide = [point for point in points if "*" in point or "?" in point]
    others = {name for event in catalogue.events.values() for name in _names(event)} - own
    if any(covers(point, name) for point in wide for name in others):
        return f"`{wide[0]}` shows many events, and which of them is meant is not known"
    return None


def _noun_of(workload: str, catalogue: Catalogue) -> str:
    """Return what a workload makes, by the plainest name that an event has for it."""
    known = [
        event.noun for event in catalogue.events.values() if event.canary and event.canary.run == workload
    ]
    return min(known, key=len, default=f"acts of `{workload}`")


def _names(event: Event) -> Iterable[str]:
    for hook in event.hooks:
        for point in hook.points:
            yield from map(named, (*point.begin, *point.end))
