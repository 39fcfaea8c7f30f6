"""TraceSpec: what is asked for, free of bpftrace's syntax.

A question becomes a spec, a spec becomes a program, and a program can be read back into a spec, so that
"does this program do what was asked" is a comparison of two values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

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
    the event are; `others` are further events asked for in the same question. Of the values that the conditions give a field in
    `either`, one will do; all other conditions must hold.
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
    either: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the spec as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Any) -> TraceSpec:
        """Read a spec from JSON values, as `to_json` gives them or a model writes them; ValueError says what is wrong."""
        if not isinstance(given, Mapping):
            raise ValueError("a spec is an object")
        if unknown := set(given) - {each.name for each in fields(cls)}:
            raise ValueError(f"a spec has no {', '.join(sorted(unknown))}")
        if not isinstance(given.get("event"), str):
            raise ValueError("`event` is missing: the id of an event of the catalogue")
        if given.get("shape") not in get_args(Shape):
            raise ValueError(f"`shape` is one of {', '.join(get_args(Shape))}")
        part = given.get("part")
        buckets = given.get("buckets")
        return cls(
            event=given["event"],
            shape=given["shape"],
            value=_text(given, "value"),
            keys=_texts(given, "keys"),
            conditions=tuple(map(_condition, given.get("conditions") or ())),
            every=_amount(given, "every"),
            top=_amount(given, "top"),
            duration=_amount(given, "duration"),
            hz=_amount(given, "hz"),
            buckets=(int(buckets[0]), int(buckets[1]), int(buckets[2])) if buckets else None,
            part=_condition(part) if part else None,
            only=_texts(given, "only"),
            others=tuple(map(cls.from_json, given.get("others") or ())),
            either=_texts(given, "either"),
        )


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"`{name}` is a name")
    return value or None


def _texts(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = given.get(name) or ()
    if not isinstance(values, list | tuple) or not all(isinstance(each, str) for each in values):
        raise ValueError(f"`{name}` is a list of names")
    return tuple(values)


def _amount(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None or value == 0:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < 0:
        raise ValueError(f"`{name}` is a whole number above 0")
    return int(value)


def _condition(given: Any) -> Condition:
    if not isinstance(given, Mapping) or set(given) != {"field", "op", "value"}:
        raise ValueError("a condition has `field`, `op` and `value`")
    if given["op"] not in get_args(Comparison):
        raise ValueError(f"`op` is one of {' '.join(get_args(Comparison))}")
    if isinstance(given["value"], bool) or not isinstance(given["value"], int | str):
        raise ValueError("the value of a condition is a whole number or a text")
    return Condition(str(given["field"]), given["op"], given["value"])
