"""Hook candidates: the events that a question may speak of, with the hooks that this host has and the fields that they carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from gpttrace.host import Host
from gpttrace.index.search import Found
from gpttrace.spec.catalogue import Catalogue, Event, Field, Hook, Point, seen_by
from gpttrace.spec.question import likely_events

MOST_EVENTS = 6
_MOST_HOOKS = 2
_MOST_KERNEL_FIELDS = 14
_OF_LIKELY, _OF_INDEX = 3, 5
_PLUMBING = ("__syscall_nr", "common_")


def events_for(
    question: str, catalogue: Catalogue, found: Sequence[Found], first: str | None = None
) -> list[Event]:
    """Return the events of the offline reading (`first` is its choice) and those that the index finds, the likeliest first."""
    ids = [first] if first else []
    ids += likely_events(question, catalogue)[:_OF_LIKELY]
    ids += [id for each in found[:_OF_INDEX] for id in each.example.events]
    return [catalogue[id] for id in dict.fromkeys(ids) if id in catalogue][:MOST_EVENTS]


def event_text(event: Event, host: Host) -> str:
    """Return what a model is told of an event."""
    lines = [f"event {event.id}: {event.summary}"]
    if event.assume:
        usual = ", ".join(f"{c.field} {c.op} {c.value}" for c in event.assume)
        lines.append(f"  usual reading, unless the question says otherwise: {usual}")
    if event.hz:
        lines.append(f"  sampled, usually at {event.hz} Hz")
    lines.append(f"  fields: {', '.join(map(_field, event.fields.values()))}")
    hooks = [here for hook in event.hooks if (here := _here(hook, host)) is not None]
    for number, hook in enumerate(hooks[:_MOST_HOOKS], 1):
        lines += [f"  hook {number}:", *(f"    {line}" for line in _hook(seen_by(event, hook), hook, host))]
    if not hooks:
        lines.append("  no hook of the catalogue exists on this machine; look for another one")
    if event.misses:
        lines.append(f"  not seen by it: {'; '.join(event.misses)}")
    return "\n".join(lines)


def _field(field: Field) -> str:
    unit = f" in {field.unit}" if field.unit else ""
    values = f" (one of {', '.join(list(field.values)[:8])})" if field.values else ""
    return f"{field.name} {field.type}{unit}{values}"


def _here(hook: Hook, host: Host) -> Hook | None:
    points = [
        replace(point, begin=_existing(point.begin, host), end=_existing(point.end, host))
        for point in hook.points
    ]
    kept = tuple(each for each in points if each.begin or each.end)
    return replace(hook, points=kept) if kept else None


def _existing(points: Iterable[str], host: Host) -> tuple[str, ...]:
    return tuple(host.spelled(each) for each in points if "{" in each or host.has_point(each) is not False)


def _hook(event: Event, hook: Hook, host: Host) -> Iterator[str]:
    for point in hook.points:
        for side, probes in (("begin", point.begin), ("end", point.end)):
            if not probes:
                continue
            yield f"{side}: {', '.join(probes)}"
            if read := ", ".join(_reads(event, point, side)):
                yield f"  catalogue fields: {read}"
            if own := kernel_fields(probes[0], host):
                yield f"  args of {probes[0]}: {own}"
        if point.when:
            yield f"only when: {point.when}"
    if hook.spans:
        yield f"begin and end are tied by {hook.join}; latency = nsecs at the end - nsecs at the begin"


def _reads(event: Event, point: Point, side: str) -> Iterator[str]:
    for field in event.fields.values():
        expression = point.fields.get(field.name) or (field.begin if side == "begin" else field.end)
        if expression and expression != field.name:
            yield (
                f"{field.name} = {field.read}({expression})" if field.read else f"{field.name} = {expression}"
            )


def kernel_fields(probe: str, host: Host) -> str:
    """Return the names and types of what `args` holds at a probe of this host; "" when that is not known."""
    kind, _, name = probe.partition(":")
    fields = host.fields(kind, name) if "{" not in name and "*" not in name else None
    told = [
        f"{each.name} {each.type}" for each in (fields or {}).values() if not each.name.startswith(_PLUMBING)
    ]
    more = " …" if len(told) > _MOST_KERNEL_FIELDS else ""
    return ", ".join(told[:_MOST_KERNEL_FIELDS]) + more
