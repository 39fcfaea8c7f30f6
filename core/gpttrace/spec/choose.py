"""Which hook of an event this machine has and which carries what is asked for; and why none when there is none.

Hooks are tried in the catalogue's order. A hook is usable when each side has a probe that exists, and its probes hold every
field that the program would read: kernels differ in both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gpttrace.spec.catalogue import Event, Hook, Point, seen_by
from gpttrace.spec.facts import Facts
from gpttrace.spec.layout import Layout, expressions, fields_of, lay_out
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.narrow import narrowed

_LACKS = {
    "hardware_counters": "this machine gives no access to hardware counters (a virtual machine often has none)",
    "software_events": "this kernel gives no access to software perf events",
}
_ARGS = re.compile(r"args->(\w+)")


@dataclass(frozen=True, slots=True)
class Choice:
    """The hook to use, with only the probes that exist here, and the event as it shows it; or no hook and why."""

    hook: Hook | None
    event: Event
    why: str = ""
    lacking: str | None = None
    passed: tuple[str, ...] = ()


def choose_hook(spec: TraceSpec, event: Event, host: Facts | None) -> Choice:
    """Return the first hook of the event that the host has and that carries what the spec needs.

    `passed` says why each better hook was not taken; `why` the reason of the last one when none is left.
    """
    given = {c.field: str(c.value) for c in spec.conditions if c.op == "=="}
    passed: list[str] = []
    lacking: str | None = None
    for whole in event.hooks:
        if (hook := narrowed(whole, spec.only)) is None:
            continue
        if hook.given is not None and hook.given not in given:
            continue
        if (missing := _missing(hook, host)) is not None:
            passed.append(_LACKS.get(missing, missing))
            lacking = missing
            continue
        seen = seen_by(event, hook)
        if (unseen := next((name for name in fields_of(spec) if name not in seen.fields), None)) is not None:
            passed.append(f"{_first(hook)} does not carry {unseen}")
            continue
        if (unnamed := _unnamed(spec, event, seen)) is not None:
            passed.append(f"{_first(hook)} cannot tell whether {unnamed}")
            continue
        filled = fill(hook, spec)
        present = filled if host is None else _present(filled, host)
        if present is None and hook.given is not None:
            passed.append(f"this kernel has no system call named {given[hook.given]}")
            break
        if present is None:
            passed.append(f"this machine has no {_absent(filled, host)}")
            continue
        if host is not None and (absent := lacks(host, lay_out(spec, seen, present))) is not None:
            passed.append(absent)
            continue
        return Choice(as_spelled(present, host), seen, passed=tuple(passed))
    why = passed[-1] if passed else f"no hook is known for: {event.summary}"
    return Choice(None, event, why, lacking, tuple(passed))


def _unnamed(spec: TraceSpec, event: Event, seen: Event) -> str | None:
    # A named condition (`direction is read`) is an expression of one hook; another may have none for it.
    for c in (*spec.conditions, *((spec.part,) if spec.part else ())):
        named = c.field in event.fields and str(c.value) in event.fields[c.field].values
        if named and str(c.value) not in seen.fields[c.field].values:
            return f"{c.field} is {c.value}"
    return None


def _first(hook: Hook) -> str:
    return next(iter((*hook.points[0].begin, *hook.points[0].end)), "hook")


def _absent(hook: Hook, host: Facts | None) -> str:
    """Return the probe that a machine does not have, the first of the hook where that is not known."""
    probes = [probe for point in hook.points for probe in (*point.begin, *point.end)]
    return next((p for p in probes if host is not None and host.has_point(p) is False), _first(hook))


def _missing(hook: Hook, host: Facts | None) -> str | None:
    if host is None:
        return None
    if hook.needs in ("hardware_counters", "software_events") and not getattr(host, hook.needs):
        return hook.needs
    version = ".".join(str(part) for part in host.version[:2])
    return f"bpftrace {version} reads this event wrongly" if version in hook.avoid else None


def fill(hook: Hook, spec: TraceSpec) -> Hook:
    """Return the hook with `{hz}` and the name of the system call written into its attach points."""
    values = {"hz": str(spec.hz or "")} | {c.field: str(c.value) for c in spec.conditions if c.op == "=="}
    if not any("{" in text for point in hook.points for text in (*point.begin, *point.end)):
        return hook

    def written(points: tuple[str, ...]) -> tuple[str, ...]:
        for name, value in values.items():
            points = tuple(point.replace(f"{{{name}}}", value) for point in points)
        return points

    return replace(
        hook, points=tuple(replace(p, begin=written(p.begin), end=written(p.end)) for p in hook.points)
    )


def _present(hook: Hook, host: Facts) -> Hook | None:
    points = [
        replace(point, begin=existing(point.begin, host), end=existing(point.end, host))
        for point in hook.points
    ]
    kept = tuple(point for point, whole in zip(points, hook.points, strict=True) if _usable(point, whole))
    return replace(hook, points=kept) if kept and _usable(kept[0], hook.points[0]) else None


def _usable(point: Point, whole: Point) -> bool:
    return bool(point.begin) == bool(whole.begin) and bool(point.end) == bool(whole.end)


def existing(points: tuple[str, ...], host: Facts) -> tuple[str, ...]:
    """Return the probes that a host has; what cannot be known is taken, as bpftrace itself will tell."""
    return tuple(point for point in points if host.has_point(point) is not False)


def lacks(host: Facts, layout: Layout) -> str | None:
    """Return which field of which probe the kernel of a host does not have, None when nothing is known to be missing."""
    for point in layout.hook.points:
        for side, probes in (("begin", point.begin), ("end", point.end)):
            names = [name for text in expressions(layout, point, side) for name in _ARGS.findall(text)]
            for probe in probes:
                if (name := host.lacking(probe, names)) is not None:
                    return f"{probe} has no field {name} on this kernel"
    return None


def as_spelled(hook: Hook, host: Facts | None) -> Hook:
    """Return the hook with its probes in the words of a host's bpftrace and with the paths of its libraries."""
    if host is None:
        return hook
    return replace(
        hook,
        points=tuple(
            replace(p, begin=tuple(map(host.spelled, p.begin)), end=tuple(map(host.spelled, p.end)))
            for p in hook.points
        ),
    )
