"""Where each part of a spec is evaluated with one hook: at begin or end of the event, and what is carried between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gpttrace.spec.catalogue import Event, Field, Hook, Point
from gpttrace.spec.model import TraceSpec


@dataclass(frozen=True, slots=True)
class Layout:
    """A spec laid over a hook: all happens at `place`, with `saved` fields carried there from the begin.

    `shared` says that other events are in the same program, so that helper maps need names of their own.
    """

    spec: TraceSpec
    event: Event
    hook: Hook
    place: str
    saved: tuple[Field, ...]
    timed: bool
    shared: bool = False

    @property
    def joined(self) -> bool:
        """Tell whether begin and end are tied together by helper maps."""
        return self.timed or bool(self.saved)

    @property
    def marked(self) -> bool:
        """Tell whether `@start` is kept: for times, and where no saved pointer can serve as the guard."""
        return self.timed or (self.joined and not self.saved[0].is_late)

    @property
    def start(self) -> str:
        """Return the map that holds when an event began."""
        return f"@start_{_called(self.spec, self.event)}" if self.shared else "@start"

    @property
    def guard(self) -> str:
        """Return the helper map that says whether the begin was seen."""
        return self.start if self.marked else self.helper(self.saved[0])

    @property
    def seen(self) -> str | None:
        """Return the map that remembers which values a `distinct` has counted."""
        if self.spec.shape != "distinct":
            return None
        return f"@seen_{_called(self.spec, self.event)}" if self.shared else "@seen"

    @property
    def helpers(self) -> tuple[str, ...]:
        """Return the helper maps that tie an end to its begin."""
        return (*((self.start,) if self.marked else ()), *(self.helper(f) for f in self.saved))

    @property
    def results(self) -> tuple[str, ...]:
        """Return the maps that hold the result."""
        target = result_map(self.spec, self.event, self.shared)
        if target is None:
            return ()
        return (target, share_map(self.spec, self.event)) if self.spec.shape == "ratio" else (target,)

    def helper(self, field: Field) -> str:
        """Return the map that carries a field from the begin to the end."""
        name = f"@{field.name}_{_called(self.spec, self.event)}" if self.shared else f"@{field.name}"
        return f"{name}_at_begin" if name in self.results else name


def fields_of(spec: TraceSpec) -> tuple[str, ...]:
    """Return the catalogue fields that a spec uses, each once, in the order of keys, value, conditions."""
    conditions = (*spec.conditions, *((spec.part,) if spec.part else ()))
    names = (*spec.keys, *((spec.value,) if spec.value else ()), *(c.field for c in conditions))
    return tuple(dict.fromkeys(names))


def lay_out(spec: TraceSpec, event: Event, hook: Hook, shared: bool = False) -> Layout:
    """Decide where the fields of a spec are read; `event` has the fields of this hook (`seen_by`)."""
    conditions = (*spec.conditions, *((spec.part,) if spec.part else ()))
    shown = (*spec.keys, spec.value, *(c.field for c in conditions if not is_early(event.fields[c.field])))
    needed = [event.fields[name] for name in fields_of(spec) if name in shown and name != hook.given]
    has_begin, has_end = any(p.begin for p in hook.points), any(p.end for p in hook.points)
    timed = any(is_elapsed(f) for f in needed)
    at_end = has_end and (not has_begin or timed or any(f.begin is None for f in needed))
    # What only the begin can tell (`when`, a condition on its argument) must hold for the event whose end is seen.
    told = [event.fields[c.field] for c in conditions if c.field in event.fields and c.field != hook.given]
    early = any(p.when for p in hook.points) or any(f.begin is not None and f.end is None for f in told)
    timed = timed or (at_end and has_begin and early)
    # Without a begin to read it at, a field that only the begin knows cannot be carried.
    saved = tuple(f for f in needed if not is_elapsed(f) and f.end is None) if at_end and has_begin else ()
    return Layout(spec, event, hook, "end" if at_end else "begin", saved, timed, shared)


def is_elapsed(field: Field) -> bool:
    """Tell whether a field is the time between begin and end (and no time that a hook gives by itself)."""
    return field.name == "latency" and field.begin is None and field.end is None


def is_early(field: Field) -> bool:
    """Tell whether a condition on a field can be tested at the begin already."""
    return field.begin is not None and not field.is_late


def result_map(spec: TraceSpec, event: Event, shared: bool = False) -> str | None:
    """Return the map that holds the result, None when events are printed."""
    if spec.shape == "events":
        return None
    base = _called(spec, event) if shared else event.map
    if spec.shape == "distinct":
        return f"@{base}_{spec.value}" if shared else f"@distinct_{spec.value}"
    if spec.value is not None:
        return f"@{base}_{spec.value}" if shared else f"@{spec.value}"
    return "@stacks" if spec.shape == "stacks" and not shared else f"@{base}"


def _called(spec: TraceSpec, event: Event) -> str:
    """Return what a map of an event is called after: of one system call among several, the call."""
    calls = [str(c.value) for c in spec.conditions if c.field == "syscall" and c.op == "=="]
    return calls[0] if calls and event.id == "syscall" else event.map


def share_map(spec: TraceSpec, event: Event) -> str:
    """Return the map of a ratio that holds the share in percent."""
    if spec.part is None:
        return "@percent"
    if spec.part.field in ("ret", "errno"):
        return "@failed_percent"
    named = re.sub(r"\W", "_", str(spec.part.value))  # a process may be called redis-server
    return f"@{named}_percent"


def attach_points(layout: Layout) -> tuple[str, ...]:
    """Return the attach points that the program will use, in order."""
    used = [p.begin for p in layout.hook.points if layout.joined or layout.place == "begin"]
    if layout.place == "end":
        used += [p.end for p in layout.hook.points]
    return tuple(dict.fromkeys(point for points in used for point in points))


def expressions(layout: Layout, point: Point, side: str) -> list[str]:
    """Return the expressions that the program evaluates at one side of a point."""
    fields, needed = layout.event.fields, [n for n in fields_of(layout.spec) if n != layout.hook.given]
    if side == "begin":
        if layout.place == "end" and not layout.joined:
            return []
        early = [c.field for c in layout.spec.conditions if is_early(fields[c.field])]
        names = needed if layout.place == "begin" else [*early, *(f.name for f in layout.saved)]
        own = [point.fields.get(n) or fields[n].begin or "" for n in names if n != layout.hook.given]
        return [
            *own,
            *_tests(layout),
            point.when or "",
            (point.join or layout.hook.join) if layout.joined else "",
        ]
    if layout.place == "begin":
        return []
    own = [fields[n].end or "" for n in needed if fields[n] not in layout.saved]
    return [*own, layout.hook.end_when or "", layout.hook.join if layout.joined else ""]


def _tests(layout: Layout) -> list[str]:
    named = (layout.event.fields[c.field].values.get(str(c.value)) for c in layout.spec.conditions)
    return [test for test in named if test]


def for_many(layouts: list[Layout]) -> list[Layout]:
    """Return the layouts with names that do not clash, when there are several."""
    return [replace(each, shared=True) for each in layouts] if len(layouts) > 1 else layouts
