"""Propose: the next program, when a finished run cannot tell what is asked: its spec with the field or condition that lacks.

Composed for this host as the offline writer does; shown, never run. A word that no field of the event explains proposes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gpttrace.errors import GpttraceError
from gpttrace.explain.asked import Reading
from gpttrace.explain.called import Amount
from gpttrace.explain.operation import Filter
from gpttrace.explain.plain import is_plain
from gpttrace.spec.catalogue import Catalogue, Event, load_catalogue
from gpttrace.spec.choose import choose_hook
from gpttrace.spec.compose import compose
from gpttrace.spec.describe import KEY_WORDS, condition_text, describe
from gpttrace.spec.facts import Facts
from gpttrace.spec.layout import lay_out
from gpttrace.spec.literals import COMMAND_PID
from gpttrace.spec.model import Comparison, Condition, TraceSpec
from gpttrace.spec.units import unit
from gpttrace.spec.validate import problems_of
from gpttrace.spec.vocabulary import FAILED, KEYS, SUCCEEDED
from gpttrace.spec.words import stem
from gpttrace.trace.table import Table

_EVERYWHERE = 3  # words of the longest name of a field


@dataclass(frozen=True, slots=True)
class Proposal:
    """A program that would tell, its spec, and what it adds in words; no program when this machine cannot, and why."""

    program: str | None
    spec: TraceSpec
    adds: str
    why: str = ""


def propose(spec: TraceSpec, reading: Reading, host: Facts | None) -> Proposal | None:
    """Return the run's spec with what a question asks for that its tables lack; None when a word is none of the event's, or when
    nothing is lacking."""
    left, columns = reading.left, reading.table.names
    catalogue = load_catalogue()
    if spec.event not in catalogue or spec.others:
        return None
    event = catalogue[spec.event]
    wider, adds = spec, list[str]()
    for op, amount in reading.missing:
        condition = _threshold(event, op, amount)
        if condition is None:
            return None
        wider, adds = _with_condition(wider, condition), [*adds, condition_text(condition, event)]
    at = 0
    while at < len(left):
        found, taken = _meant(event, left, at, columns)
        if found is None:
            return None
        if isinstance(found, Condition):
            wider, adds = _with_condition(wider, found), [*adds, condition_text(found, event)]
        elif found not in wider.keys:
            wider, adds = replace(wider, keys=(*wider.keys, found)), [*adds, KEY_WORDS.get(found, found)]
        at += taken
    if wider == spec:
        return None
    for kept in filter(None, (_kept(event, each, reading.table) for each in reading.filters)):
        wider = _with_condition(wider, kept)
    return _proposal(wider, ", ".join(adds), catalogue, host)


def _kept(event: Event, given: Filter, table: Table) -> Condition | None:
    """Return what was understood of the tables as a condition on the event; None where no field of its own is one value."""
    field, value = event.fields.get(given.column), given.values[0]
    column = next(each for each in table.columns if each.name == given.column)
    fits = field is not None and not field.values and (column.unit or None) == (field.unit or None)
    if not fits or len(given.values) != 1 or isinstance(value, bool | float):
        return None
    return Condition(given.column, given.op, value)


def _threshold(event: Event, op: Comparison, amount: Amount) -> Condition | None:
    field = event.field_of_unit(amount.kind)
    for each in event.fields.values() if field is None else ():
        found = unit(each.unit) if each.unit else None
        if found is not None and found[0] == amount.kind:
            return Condition(each.name, op, round(amount.value / found[1]))
    return Condition(field.name, op, round(amount.value)) if field is not None else None


def _meant(
    event: Event, left: Sequence[str], at: int, columns: Sequence[str]
) -> tuple[str | Condition | None, int]:
    """Return the field, or the condition, that words mean, and how many of them."""
    for length in range(min(_EVERYWHERE, len(left) - at), 0, -1):
        stems = [stem(word) for word in left[at : at + length]]
        for field in event.fields.values():
            names = (field.name, field.name.replace("_", " "), *field.names)
            if any(stems == [stem(part) for part in name.split()] for name in names):
                return field.name, length
    word = left[at]
    for field in event.fields.values():
        for value in field.values:
            if stem(value) == stem(word):
                return Condition(field.name, "==", value), 1
    if (key := KEYS.get(stem(word))) is not None and key in event.fields:
        return key, 1
    if stem(word) in FAILED | SUCCEEDED and "ret" in event.fields:
        return Condition("ret", "<" if stem(word) in FAILED else ">=", 0), 1
    if not is_plain(word) and "comm" in event.fields and "comm" not in columns:
        return Condition("comm", "==", word), 1
    return None, 1


def _with_condition(spec: TraceSpec, condition: Condition) -> TraceSpec:
    # `failed` takes the place of the `succeeded` that is assumed.
    kept = tuple(c for c in spec.conditions if c.field != condition.field or c.op not in ("==", "<", ">="))
    return replace(spec, conditions=(*kept, condition))


def _proposal(spec: TraceSpec, adds: str, catalogue: Catalogue, host: Facts | None) -> Proposal:
    try:
        program, why = program_of(spec, catalogue, host)
    except GpttraceError as error:
        program, why = None, error.message
    return Proposal(program, spec, adds, why)


def program_of(spec: TraceSpec, catalogue: Catalogue, host: Facts | None) -> tuple[str | None, str]:
    """Return the program for a spec on this host, or None and why there is none."""
    event = catalogue[spec.event]
    if problems := problems_of(spec, event):
        return None, "; ".join(problems)
    spec = _numbered_disks(spec, event, host)
    choice = choose_hook(spec, event, host)
    if choice.hook is None:
        return None, choice.why
    misses = tuple(
        f"Not seen: {miss}." for miss in dict.fromkeys((*choice.event.misses, *choice.hook.misses))
    )
    head = (describe(spec, catalogue) + ".", *misses)
    if any(c.value == COMMAND_PID for c in spec.conditions):
        head = (*head, "Run it with --cmd: it looks at that command's own process.")
    return compose(lay_out(spec, choice.event, choice.hook), head), ""


def _numbered_disks(spec: TraceSpec, event: Event, host: Facts | None) -> TraceSpec:
    field = event.fields.get("dev")
    if field is None or field.type == "string" or host is None:
        return spec
    conditions = tuple(
        replace(c, value=number)
        if c.field == "dev"
        and isinstance(c.value, str)
        and (number := host.block_device(c.value)) is not None
        else c
        for c in spec.conditions
    )
    return replace(spec, conditions=conditions)
