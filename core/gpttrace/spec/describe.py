"""A spec in words: the head of a program, and one line for people."""

from __future__ import annotations

from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.literals import COMMAND_PID
from gpttrace.spec.model import Condition, TraceSpec

_SHAPES = {
    "events": "{noun}", "count": "number of {noun}", "rate": "number of {noun}", "sum": "total {value} of {noun}",
    "avg": "average {value} of {noun}", "min": "smallest {value} of {noun}", "max": "largest {value} of {noun}",
    "stats": "count, average and total {value} of {noun}", "hist": "distribution of the {value} of {noun}",
    "lhist": "distribution of the {value} of {noun}", "stacks": "stacks of {noun}",
    "distinct": "number of different {value}s of {noun}", "ratio": "share of {part} among {noun}",
}  # fmt: skip
KEY_WORDS = {
    "comm": "process name", "pid": "process ID", "tid": "thread ID", "uid": "user ID", "cpu": "CPU", "cgroup": "cgroup ID",
    "ustack": "user stack", "kstack": "kernel stack", "filename": "file name", "ret": "result",
}  # fmt: skip


def describe(spec: TraceSpec, catalogue: Catalogue) -> str:
    """Return one sentence (without the full stop) that says what a spec measures."""
    texts = [_measured(each, catalogue[each.event]) for each in (spec, *spec.others)]
    if spec.shape == "ratio" and spec.others:
        nouns = [catalogue[each.event].noun for each in (spec, *spec.others)]
        texts = [f"share of {nouns[0]} among {listed(nouns)}"]
    text = listed(list(dict.fromkeys(texts)))
    keys = [KEY_WORDS.get(key, key) for key in spec.keys]
    if keys:
        text += (", each with " if spec.shape == "events" else " by ") + listed(keys)
    if spec.hz:
        text += f", at {spec.hz} Hz"
    if asked := _asked(spec, catalogue):
        text += ", only where " + listed(asked)
    if spec.every:
        text += f", every {spec.every / 1e9:g} s"
    if spec.top:
        text += f", the {spec.top} largest"
    return text[0].upper() + text[1:]


def _asked(spec: TraceSpec, catalogue: Catalogue) -> list[str]:
    found = []
    for each in (spec, *spec.others):
        event = catalogue[each.event]
        asked = [c for c in each.conditions if c not in event.assume or not event.assumed]
        found += [condition_text(c, event) for c in asked if c.op != "==" or c.field not in each.either]
        for field in each.either:
            several = [condition_text(c, event) for c in asked if c.op == "==" and c.field == field]
            found.append(" or ".join(several))
    return list(dict.fromkeys(found))


def _measured(spec: TraceSpec, event: Event) -> str:
    value = spec.value or ""
    unit = event.fields[value].unit if value in event.fields else None
    if value == "bytes" and spec.shape not in ("sum", "rate"):
        value = "size"
    shown = f"{value} ({unit})" if unit and unit != value else KEY_WORDS.get(value, value)
    part = condition_text(spec.part, event).replace("result < 0", "failures") if spec.part else ""
    if spec.shape == "rate" and spec.value:
        text = f"total {shown} of {event.noun}"
    else:
        text = _SHAPES[spec.shape].format(noun=event.noun, value=shown, part=part)
    if event.assumed and event.assume and all(c in spec.conditions for c in event.assume):
        text = text.replace(event.noun, f"{event.noun} {event.assumed}", 1)
    return text


def condition_text(condition: Condition, event: Event) -> str:
    """Return a condition in words."""
    field = event.fields.get(condition.field)
    unit = f" {field.unit}" if field and field.unit else ""
    if condition.value == COMMAND_PID:
        return "the process is the command's"
    op = {"startswith": "starts with", "==": "is", "!=": "is not"}.get(condition.op, condition.op)
    return f"{KEY_WORDS.get(condition.field, condition.field)} {op} {condition.value}{unit}"


def listed(parts: list[str]) -> str:
    """Return parts as a list in words: `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
