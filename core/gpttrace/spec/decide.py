"""Which form the answer takes, which value is measured and which rows it has: the last step from words to a spec."""

from __future__ import annotations

from dataclasses import replace

from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.conditions import (
    directed,
    error_conditions,
    file_names,
    named_values,
    settled,
    share_of,
    thresholds,
)
from gpttrace.spec.either import take_either
from gpttrace.spec.exclusions import turned
from gpttrace.spec.form import NEED_VALUE, SUBJECTS, form_of
from gpttrace.spec.measured import apart, counts_users, named_value
from gpttrace.spec.model import Condition, Shape, TraceSpec
from gpttrace.spec.remote import turn_to_addresses
from gpttrace.spec.rows import rows_of
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.sized import sized
from gpttrace.spec.validate import problems_of
from gpttrace.spec.victims import interrupted


def decide(
    sentence: Sentence, asked: Asked, event: Event, several: bool = False
) -> tuple[TraceSpec, list[str]]:
    """Return the spec and what stands against it; `several` says that further events are named."""
    whom = turn_to_addresses(sentence, asked, event)
    if asked.place and "location" in event.fields:  # `where in the kernel do packets die`
        asked.stacks, asked.keys = (), [*asked.keys, "location"]
    problems = [
        *file_names(sentence, event),
        *directed(asked, event),
        *apart(sentence, event),
        *interrupted(sentence, asked, event),
        *whom,
    ]
    conditions = [*asked.conditions, *named_values(sentence, event, asked), *sized(sentence, event)]
    conditions += error_conditions(asked, event, problems)
    conditions = _failed_otherwise(turned(sentence, conditions), asked)
    conditions = _without_doubles(_of_results(conditions, asked, event))
    hint, value = named_value(sentence, asked, event, problems)
    conditions += thresholds(sentence, asked, event, value, problems)
    conditions, either = take_either(sentence, event, conditions)
    shape, value = form_of(sentence, asked, event, hint, value, problems)
    if shape == "stacks" and value is not None:
        shape = "sum"  # `bytes by stack`, `time by stack`
    few = asked.failed or asked.errno is not None or counts_users(sentence)
    if few and shape in ("sum", "hist") and event.shape == shape and hint is None:
        shape, value = "count", None  # `mmap failures`: how many, nothing was moved
    shape, value = _of_failures(event, conditions, shape, value)
    part = None
    if asked.ratio:
        shape, value = "ratio", None
        conditions, part = share_of(conditions, event, sentence)
        if part is None and not several:
            problems.append(
                f"a share of {event.noun} is told by a condition or against another event; name it"
            )
    elif asked.distinct:
        if asked.distinct in asked.keys and f"target_{asked.distinct}" in event.fields:
            asked.distinct = (
                f"target_{asked.distinct}"  # `how many different processes does each sender signal`
            )
        shape, value = "distinct", asked.distinct
        asked.keys = [key for key in asked.keys if key != asked.distinct]
        asked.mentioned = [key for key in asked.mentioned if key != asked.distinct]
    elif asked.linear and shape in ("hist", "events", "count", "sum", "lhist"):
        value = value or event.value or next((f.name for f in event.fields.values() if f.unit), None)
        shape = "lhist" if value else shape
    keys = tuple(
        key
        for key in rows_of(sentence, asked, event, shape, value, conditions)
        if shape == "events" or key != value
    )
    if asked.who and "comm" not in event.fields and not any(key.endswith("comm") for key in keys):
        problems.append(f"{event.noun} cannot be told by comm: the hook does not carry it")
    problems += [*_one_of_whom(asked, shape, keys, conditions), *_done_to_nobody(asked, event)]
    if any(c.field == "syscall" and c.op == "==" for c in conditions):
        keys = tuple(key for key in keys if key != "syscall")  # the hook of one call does not say which it is
    elif (
        event.id == "syscall"
        and not keys
        and shape == "count"
        and any(c.field in SUBJECTS for c in conditions)
    ):
        keys = ("syscall",)  # `the system calls of sshd`: which they are
    conditions = _one_name(conditions)
    given = [*conditions, part] if part else conditions
    asked.attempts = asked.attempts and value is None  # what failed has no size
    conditions += [
        c
        for c in event.assume
        if not settled(c, given, event, asked) and (c.field not in keys or c.field in event.columns)
    ]
    spec = TraceSpec(
        event=event.id,
        shape=shape,
        value=value,
        keys=keys,
        conditions=tuple(dict.fromkeys(conditions)),
        every=asked.every or (10**9 if shape == "rate" else None),
        top=asked.top,
        duration=asked.duration,
        hz=asked.hz if asked.hz is not None else event.hz,
        buckets=(asked.buckets or _BUCKETS.get(event.fields[value].unit or "", (0, 100, 5)))
        if shape == "lhist" and value
        else None,
        part=part,
        either=either,
    )
    return spec, [*problems, *problems_of(spec, event)]


def _without_doubles(conditions: list[Condition]) -> list[Condition]:
    """`the driver refuses them (return code other than 0)`: how failures are told is said, so no usual test of them is added."""
    told = any(c.field in ("ret", "rc") and c.op == "!=" and c.value == 0 for c in conditions)
    return [c for c in conditions if not (told and c.field in ("ret", "rc") and (c.op, c.value) == ("<", 0))]


def _of_results(conditions: list[Condition], asked: Asked, event: Event) -> list[Condition]:
    """Return the conditions as the results of this event are told: errors by number, codes of a function of the kernel."""
    numbered = "errno" in (*asked.keys, *asked.columns) and not any(
        c.field in ("ret", "errno") for c in conditions
    )
    if numbered and "ret" in event.fields and event.fields["ret"].end == "args->ret":
        return [
            *conditions,
            Condition("ret", "<", 0),
        ]  # `which error numbers`: only calls that failed have one
    if "rc" in event.fields:
        return [replace(c, field="rc") if c.field == "ret" else c for c in conditions]
    return conditions


def _of_failures(
    event: Event, conditions: list[Condition], shape: Shape, value: str | None
) -> tuple[Shape, str | None]:
    """Return the form for calls that failed: they are counted."""
    # A call that failed moved no bytes: what it returned is an error, not a size.
    failed = any(
        c.field == "ret" and (c.op == "<" or (isinstance(c.value, int) and c.op == "==" and c.value <= 0))
        for c in conditions
    )
    if failed and value is not None and event.fields[value].end == event.fields["ret"].end:
        return ("count" if shape in NEED_VALUE else shape), None
    return shape, value


def _one_of_whom(asked: Asked, shape: Shape, keys: tuple[str, ...], conditions: list[Condition]) -> list[str]:
    """Say so where it is asked who does it, and only one may: `which tasks preempt nginx` is about another one."""
    named_rows = "comm" in asked.keys and "comm" not in asked.grouped
    if shape == "events" or "comm" not in keys or not (asked.who or named_rows):
        return []
    named = [c.value for c in conditions if c.field == "comm" and c.op == "=="]
    if len(named) > 1:
        return []  # `opens by nginx and apache2, by process`
    return [f"who is asked for, and only {name} is looked at; ask without one of them" for name in named]


def _done_to_nobody(asked: Asked, event: Event) -> list[str]:
    """Say so where `who preempts whom` is asked and the event does not know whom."""
    told = "target_comm" not in asked.mentioned or any(name.startswith("target_") for name in event.fields)
    return [] if told else [f"{event.noun} do not carry whom it is done to"]


def _failed_otherwise(conditions: list[Condition], asked: Asked) -> list[Condition]:
    """`failed opens except ENOENT`: what is left out is an error, and those that remain have failed."""
    but = any(c.field in ("ret", "errno") and c.op == "!=" for c in conditions)
    return [*conditions, Condition("ret", "<", 0)] if asked.failed and but else conditions


def _one_name(conditions: list[Condition]) -> list[Condition]:
    """Return the conditions with the longer of two names where one begins the other: `does docker …? … of dockerd`."""
    names = [c for c in conditions if c.op == "==" and isinstance(c.value, str)]
    shorter = [
        c
        for c in names
        for other in names
        if c.field == other.field and c.value != other.value and str(other.value).startswith(str(c.value))
    ]
    return [c for c in conditions if c not in shorter]


_BUCKETS = {"bytes": (0, 65536, 4096), "ns": (0, 10_000_000, 500_000)}
