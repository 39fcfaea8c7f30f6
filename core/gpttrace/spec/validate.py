"""What stands against a spec: fields that its event does not carry, numbers that bpftrace cannot take."""

from __future__ import annotations

from gpttrace.spec.catalogue import Event
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.units import LARGEST

HIGHEST_HZ = 9999
SHORTEST_INTERVAL = 1_000_000
MOST_ROWS = 100_000


def problems_of(spec: TraceSpec, event: Event) -> list[str]:
    """Return a sentence for each thing that keeps a spec from becoming a program."""
    return [
        *_missing_fields(spec, event),
        *_bad_sampling(spec, event),
        *_bad_numbers(spec),
        *_contradictions(spec),
    ]


def _missing_fields(spec: TraceSpec, event: Event) -> list[str]:
    used = dict.fromkeys((*spec.keys, *(c.field for c in spec.conditions)))
    return [
        f"{event.noun} cannot be told by {name}: the hook does not carry it"
        for name in used
        if name not in event.fields
    ]


def _contradictions(spec: TraceSpec) -> list[str]:
    numbers = [(c.field, c.op, c.value) for c in spec.conditions if isinstance(c.value, int)]
    for field, op, low in numbers:
        highest = [
            high for other, comparison, high in numbers if other == field and comparison in ("<", "<=")
        ]
        if op in (">", ">=") and highest and low >= min(highest):
            return [f"no {field} is above {low:,} and below {min(highest):,} at once"]
    equal = {(c.field, c.value) for c in spec.conditions if c.op == "=="}
    for field in {field for field, _ in equal} - set(spec.either):
        values = [value for each, value in equal if each == field]
        if len({type(value) for value in values}) == 1 and len(values) > 1:
            both = " and ".join(sorted(map(str, values)))
            return [f"no {field} is {both} at once; ask for one of them"]
    return []


def _bad_sampling(spec: TraceSpec, event: Event) -> list[str]:
    if spec.hz is None:
        return []
    if event.hz is None:
        return [f"{event.noun} are seen one by one, they are not sampled at a frequency"]
    if not 1 <= spec.hz <= HIGHEST_HZ:
        return [f"a sampling frequency is between 1 and {HIGHEST_HZ} Hz, not {spec.hz}"]
    return []


def _bad_numbers(spec: TraceSpec) -> list[str]:
    found = []
    if spec.every is not None and spec.every < SHORTEST_INTERVAL:
        found.append("an interval is at least 1 ms")
    if spec.top is not None and not 1 <= spec.top <= MOST_ROWS:
        found.append(f"a table has between 1 and {MOST_ROWS:,} rows")
    numbers = [c.value for c in spec.conditions if isinstance(c.value, int)]
    if any(abs(number) >= LARGEST for number in (*numbers, spec.duration or 0, spec.every or 0)):
        found.append("a number is too large")
    return found
