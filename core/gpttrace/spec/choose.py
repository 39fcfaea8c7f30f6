"""Which hook of an event this machine has, and why none when it has none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gpttrace.spec.catalogue import Event, Hook, Point
from gpttrace.spec.facts import Facts
from gpttrace.spec.model import TraceSpec

_LACKS = {
    "hardware_counters": "this machine gives no access to hardware counters (a virtual machine often has none)",
    "software_events": "this kernel gives no access to software perf events",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The hook to use, with only the attach points that exist here; or None and why."""

    hook: Hook | None
    why: str = ""
    lacking: str | None = None


def choose_hook(spec: TraceSpec, event: Event, host: Facts | None) -> Choice:
    """Return the first hook of the event that the host has and that carries what the spec needs."""
    given = {c.field: str(c.value) for c in spec.conditions if c.op == "=="}
    why, lacking = f"this kernel has no hook for: {event.summary}", None
    for hook in event.hooks:
        if hook.given is not None and hook.given not in given:
            continue
        if (missing := _missing(hook, host)) is not None:
            why, lacking = _LACKS.get(missing, missing), missing
            continue
        filled = fill(hook, spec)
        # Without the right to read tracefs nothing is known to be missing; bpftrace itself will tell.
        present = _present(filled, host) if host is not None and host.tracepoint_names() else filled
        if present is not None:
            return Choice(present)
        if hook.given is not None:
            why = f"this kernel has no system call named {given[hook.given]}"
            break
    return Choice(None, why, lacking)


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
        replace(point, begin=_existing(point.begin, host), end=_existing(point.end, host))
        for point in hook.points
    ]
    kept = tuple(point for point, whole in zip(points, hook.points, strict=True) if _usable(point, whole))
    return replace(hook, points=kept) if kept and _usable(kept[0], hook.points[0]) else None


def _usable(point: Point, whole: Point) -> bool:
    return bool(point.begin) == bool(whole.begin) and bool(point.end) == bool(whole.end)


def _existing(points: tuple[str, ...], host: Facts) -> tuple[str, ...]:
    return tuple(
        point
        for point in points
        if not point.startswith("tracepoint:") or host.has_tracepoint(point.removeprefix("tracepoint:"))
    )
