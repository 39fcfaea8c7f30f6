"""TraceSpec: what is asked for, free of bpftrace's syntax.

A question becomes a spec, a spec becomes a program, and a program can be read back into a spec, so that
"does this program do what was asked" is a comparison of two values.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Shape = Literal[
    "events", "count", "sum", "avg", "min", "max", "stats", "hist", "lhist", "rate", "stacks", "distinct", "ratio"
]  # fmt: skip
Comparison = Literal["==", "!=", "<", "<=", ">", ">=", "startswith", "contains"]


@dataclass(frozen=True, slots=True)
class Condition:
    """`field op value`; numbers are in the field's own unit (ns, bytes)."""

    field: str
    op: Comparison
    value: int | str


@dataclass(frozen=True, slots=True)
class TraceSpec:
    """What to measure: `event` names an entry of the catalogue, `shape` the form of the answer.

    `value` is the catalogue field that is summed or spread (None for counts), for `distinct` the field whose different values
    are counted; `keys` are the fields that rows are grouped by; `every` and `duration` are nanoseconds; `hz` is the sampling
    frequency of sampled events; `buckets` are smallest, largest and width of an lhist, in the value's unit. `part` says which
    of the events a `ratio` tells the share of; `only` names the hook points that are meant (`fdatasync`), when not all that show
    the event are; `others` are further events asked for in the same question.
    """

    event: str
    shape: Shape
    value: str | None = None
    keys: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    every: int | None = None
    top: int | None = None
    duration: int | None = None
    hz: int | None = None
    buckets: tuple[int, int, int] | None = None
    part: Condition | None = None
    only: tuple[str, ...] = ()
    others: tuple[TraceSpec, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the spec as plain JSON values."""
        return asdict(self)
