"""The form of a model's answers, as JSON schemas that strict servers take, and a spec in words for those that take none."""

from __future__ import annotations

from typing import Any, get_args

from gpttrace.spec.model import Comparison, Shape


def _object(**properties: Any) -> dict[str, Any]:
    # Strict servers want every property named as required and no other allowed; what may be absent is null.
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_CONDITION = _object(
    field=_TEXT,
    op={"type": "string", "enum": list(get_args(Comparison))},
    value={"anyOf": [_NUMBER, _TEXT]},
)
_ONE = {
    "event": _TEXT,
    "shape": {"type": "string", "enum": list(get_args(Shape))},
    "value": _or_null(_TEXT),
    "keys": _list(_TEXT),
    "conditions": _list(_CONDITION),
    "every": _or_null(_NUMBER),
    "top": _or_null(_NUMBER),
    "duration": _or_null(_NUMBER),
    "hz": _or_null(_NUMBER),
    "buckets": _or_null(_list(_NUMBER)),
    "part": _or_null(_CONDITION),
}
SPEC = _object(**_ONE, others=_list(_object(**_ONE)))
ANSWER = _object(spec=_or_null(SPEC), program=_TEXT, assumptions=_list(_TEXT), refusal=_or_null(_TEXT))
SAYS = _object(spec=_or_null(SPEC), says=_TEXT)
HELD = _object(answer={"type": "string", "enum": ["yes", "no", "unsure"]}, reason=_TEXT)

SPEC_IN_WORDS = """\
A spec says what is measured, free of bpftrace's syntax. It is null when no event of the catalogue shown to you fits. Its parts:
- event: the id of an event of the catalogue
- shape: events (one row for each), count, sum, avg, min, max, stats (count, average, total), hist (powers of two), lhist (equal \
steps), rate (so many in each interval, with `every`), stacks, distinct (how many different values), ratio (percentage of `part`)
- value: the field of the event that is summed, averaged or spread; null for events, count, stacks, ratio
- keys: the fields that rows are told apart by; for events the columns that are shown; ustack and kstack are fields too
- conditions: {"field", "op", "value"}, all of them must hold; numbers in the field's own unit (times in ns, sizes in bytes); \
the usual reading of an event is a condition like any other: give it when the question means it
- every: ns between two tables, or null; top: only so many largest rows; duration: ns that the question asks to trace, or null
- hz: samples a second for sampled events; buckets: [smallest, largest, width] of an lhist; part: the condition of a ratio
- others: further events asked for in the same question, each of this form"""
