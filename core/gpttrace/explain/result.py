"""What a result shows, in plain sentences; each claim is computed from the tables.

The largest rows with their share, totals, the spread of histograms, rates, what was lost or cut, and for an empty result the
likely reasons from the catalogue. Ten lines at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gpttrace.explain.amounts import amount
from gpttrace.explain.labels import Labels, labels_for
from gpttrace.explain.tables import sentences_of
from gpttrace.spec.catalogue import Event, load_catalogue
from gpttrace.spec.describe import describe
from gpttrace.spec.model import TraceSpec
from gpttrace.trace.table import Table

MOST_LINES = 10
_MOST_TABLES = 3
_EXPECTED_ENDS = ("ok", "time_limit", "stopped")


def explain_result(
    tables: Sequence[Table],
    *,
    status: str,
    reason: str,
    lost: int,
    took_s: float,
    question: str | None = None,
    spec: TraceSpec | None = None,
    units: Mapping[str, str] | None = None,
) -> str:
    """Return up to ten lines about a result; `units` name the units of tables and columns that do not say theirs."""
    event = load_catalogue().events.get(spec.event) if spec else None
    labels = labels_for(spec, event)
    filled = [_with_units(table, units or {}) for table in tables if len(table)]
    lines = _ended(status, reason, lost)
    if not filled:
        return "\n".join([*_nothing_seen(spec, event, status, took_s), *lines])
    body = [_asked(spec)] if spec and event else []
    # Detaching takes time in which less and less is seen: a run that reached its limit is measured by that.
    traced_s = (
        min(took_s, spec.duration / 1e9) if status == "time_limit" and spec and spec.duration else took_s
    )
    told = _worth_telling(filled)
    for table in told[:_MOST_TABLES]:
        body += _sentences(table, labels, traced_s, alone=len(told) == 1)
    if len(told) > _MOST_TABLES:
        body.append(f"{len(told) - _MOST_TABLES} more tables are not described here.")
    body += _scaled(event, spec)
    return "\n".join([*body[: MOST_LINES - len(lines)], *lines])


def _asked(spec: TraceSpec) -> str:
    return describe(spec, load_catalogue()) + "."


def _with_units(table: Table, units: Mapping[str, str]) -> Table:
    columns = tuple(
        column
        if column.unit
        or not (unit := units.get(f"{table.name}.{column.name}") or _value_unit(table, column.role, units))
        else replace(column, unit=unit)
        for column in table.columns
    )
    return Table(table.name, table.kind, columns, table.data)


def _value_unit(table: Table, role: str, units: Mapping[str, str]) -> str | None:
    # The unit of `@bytes` is that of its sums and buckets, not of the count of a histogram.
    fits = role == "bucket" or (role == "value" and table.kind in ("map", "scalar", "series", "stacks"))
    unit = units.get(table.name)
    return unit if fits and unit in ("ns", "bytes") else None


def _worth_telling(tables: Sequence[Table]) -> Sequence[Table]:
    # A statement that printed once beside others is a heading, not data.
    return [table for table in tables if table.kind != "events" or len(table) > 1] or tables


def _sentences(table: Table, labels: Labels, took_s: float, *, alone: bool) -> list[str]:
    found = sentences_of(table, labels, took_s)[: 7 if alone else 3]
    return found if alone or not found else [f"{table.name}: {found[0]}", *found[1:]]


def _scaled(event: Event | None, spec: TraceSpec | None) -> list[str]:
    scale = max((hook.scale for hook in event.hooks), default=1) if event else 1
    if event is None or spec is None or scale == 1:
        return []
    return [f"Sampled: each count stands for {scale:,} {event.noun}."]


def _ended(status: str, reason: str, lost: int) -> list[str]:
    lines = []
    if lost:
        lines.append(
            f"{lost:,} events were lost: what is shown is less than what happened. Ask for fewer rows, or for counts."
        )
    if status not in _EXPECTED_ENDS:
        lines.append(f"The trace ended early: {reason.rstrip('.')}.")
    return lines


def _nothing_seen(spec: TraceSpec | None, event: Event | None, status: str, took_s: float) -> list[str]:
    if status not in _EXPECTED_ENDS:
        return ["Nothing was recorded."]
    time = amount(round(took_s * 1e9), "ns")
    if spec is None or event is None:
        return [f"No events were seen in {time}."]
    lines = [f"No {event.noun} were seen in {time}. Possible reasons:"]
    lines += [f"- {reason}" for reason in _reasons(spec, event)]
    return lines[: MOST_LINES - 2]


def _reasons(spec: TraceSpec, event: Event) -> list[str]:
    chosen = {c.field: c.value for c in spec.conditions if c not in event.assume}
    reasons = []
    if "comm" in chosen:
        reasons.append(f"no process is named {chosen['comm']!r} (a thread can have a name of its own)")
    if "pid" in chosen:
        reasons.append(f"process {chosen['pid']} does not exist, or did nothing of the kind")
    if "cgroup" in chosen:
        reasons.append("the processes are in a group below this cgroup")
    if set(chosen) - {"comm", "pid", "cgroup"}:
        reasons.append(
            "nothing met the conditions: " + ", ".join(sorted(set(chosen) - {"comm", "pid", "cgroup"}))
        )
    if not reasons:
        reasons.append("nothing of the kind happened; trace for longer, or start what you want to see")
    return [*reasons, *(f"this cannot be seen: {miss}" for miss in event.misses)]
