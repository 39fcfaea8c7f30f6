"""Options of a front end (`--pid`, `--top` …) laid over a spec. An option wins over the words of the question."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gpttrace.spec.literals import COMMAND_PID
from gpttrace.spec.model import Condition, TraceSpec

_WHO = ("pid", "tid", "comm", "cgroup", "user", "uid")
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """What was given beside the question; times are seconds, `cgroup` a path, a name or an id.

    `command` says that a command is started for the trace: only its own process counts, unless a process is named.
    """

    seconds: float | None = None
    pid: int | None = None
    comm: str | None = None
    cgroup: str | None = None
    top: int | None = None
    every: float | None = None
    command: bool = False


def apply_options(spec: TraceSpec, options: Options) -> TraceSpec:
    """Return the spec with the options laid over it."""
    conditions = [
        c for c in spec.conditions if not (c.op == "==" and getattr(options, c.field, None) is not None)
    ]
    conditions += [
        Condition(name, "==", int(value) if name == "cgroup" and str(value).isdigit() else value)
        for name in ("pid", "comm", "cgroup")
        if (value := getattr(options, name)) is not None
    ]
    if options.command and not any(c.field in _WHO for c in conditions):
        conditions.append(Condition("pid", "==", COMMAND_PID))
    changed = replace(spec, conditions=tuple(conditions))
    if options.seconds is not None:
        changed = replace(changed, duration=round(options.seconds * _NANOSECONDS))
    if options.top is not None:
        changed = replace(changed, top=options.top)
    if options.every is not None:
        changed = replace(changed, every=round(options.every * _NANOSECONDS))
    # What is given beside the question holds for every event that it names.
    others = tuple(apply_options(other, options) for other in spec.others)
    return _tabular(replace(changed, others=others), options)


def _tabular(spec: TraceSpec, options: Options) -> TraceSpec:
    # "top 5" and "every 2 s" speak of tables: a list of events becomes counts of the same columns.
    if spec.shape != "events" or (options.top is None and options.every is None):
        return spec
    return replace(spec, shape="count", keys=tuple(key for key in spec.keys if key not in ("pid", "tid")))
