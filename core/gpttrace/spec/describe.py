"""A spec in words: the head of a program, and one line for people."""

from __future__ import annotations

from gpttrace.spec.catalogue import Event
from gpttrace.spec.literals import COMMAND_PID
from gpttrace.spec.model import Condition, TraceSpec

_SHAPES = {
    "events": "{noun}", "count": "number of {noun}", "rate": "number of {noun}", "sum": "total {value} of {noun}",
    "avg": "average {value} of {noun}", "min": "smallest {value} of {noun}", "max": "largest {value} of {noun}",
    "stats": "count, average and total {value} of {noun}", "hist": "distribution of the {value} of {noun}",
    "lhist": "distribution of the {value} of {noun}", "stacks": "stacks of {noun}",
}  # fmt: skip
KEY_WORDS = {
    "comm": "process name", "pid": "process ID", "tid": "thread ID", "uid": "user ID", "cpu": "CPU", "cgroup": "cgroup ID",
    "ustack": "user stack", "kstack": "kernel stack", "filename": "file name", "ret": "result",
}  # fmt: skip


def describe(spec: TraceSpec, event: Event) -> str:
    """Return one sentence (without the full stop) that says what a spec measures."""
    value = spec.value or ""
    unit = event.fields[value].unit if value in event.fields else None
    if value == "bytes" and spec.shape not in ("sum", "rate"):
        value = "size"
    shown = f"{value} ({unit})" if unit and unit != value else value
    if spec.shape == "rate" and spec.value:
        text = f"total {shown} of {event.noun}"
    else:
        text = _SHAPES[spec.shape].format(noun=event.noun, value=shown)
    keys = [KEY_WORDS.get(key, key) for key in spec.keys]
    if keys:
        text += (", each with " if spec.shape == "events" else " by ") + _listed(keys)
    if spec.hz:
        text += f", at {spec.hz} Hz"
    asked = [condition_text(c, event) for c in spec.conditions if c not in event.assume or not event.assumed]
    if event.assumed and all(c in spec.conditions for c in event.assume):
        text = text.replace(event.noun, f"{event.noun} {event.assumed}", 1)
    if asked:
        text += ", only where " + _listed(asked)
    if spec.every:
        text += f", every {spec.every / 1e9:g} s"
    if spec.top:
        text += f", the {spec.top} largest"
    return text[0].upper() + text[1:]


def condition_text(condition: Condition, event: Event) -> str:
    """Return a condition in words."""
    field = event.fields.get(condition.field)
    unit = f" {field.unit}" if field and field.unit else ""
    if condition.value == COMMAND_PID:
        return "the process is the command's"
    op = {"startswith": "starts with", "==": "is", "!=": "is not"}.get(condition.op, condition.op)
    return f"{KEY_WORDS.get(condition.field, condition.field)} {op} {condition.value}{unit}"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
