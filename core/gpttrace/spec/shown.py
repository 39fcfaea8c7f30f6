"""What the catalogue knows of one hook point: the events that it shows, and the units of what it gives."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from gpttrace.spec.catalogue import Event, Point, load_catalogue


def events_at(probe: str) -> list[Event]:
    """Return the events that a probe shows, as bpftrace writes it (`tracepoint:block:block_rq_issue`)."""
    return [event for event in load_catalogue().events.values() if any(True for _ in _sides(event, probe))]


def unit_at(probe: str, expression: str) -> str | None:
    """Return the unit of an expression (`args->bytes`) at a probe, when the catalogue tells."""
    for event in events_at(probe):
        for side, point in _sides(event, probe):
            for field in event.fields.values():
                given = point.fields.get(field.name) or (field.begin if side == "begin" else field.end)
                if given == expression and field.unit:
                    return field.unit
    return None


def _sides(event: Event, probe: str) -> Iterator[tuple[str, Point]]:
    for hook in event.hooks:
        for point in hook.points:
            if any(fnmatchcase(probe, each) for each in point.begin):
                yield "begin", point
            if any(fnmatchcase(probe, each) for each in point.end):
                yield "end", point
