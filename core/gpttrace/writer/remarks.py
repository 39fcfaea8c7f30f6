"""What a program's author should know before it runs: as findings where a place in the program is meant, as notes otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.language.findings import Finding
from gpttrace.spec.choose import Choice
from gpttrace.spec.facts import Facts
from gpttrace.spec.layout import Layout
from gpttrace.spec.literals import COMM_BYTES, COMMAND_PID, cut_comm, quote
from gpttrace.spec.model import Condition, TraceSpec


def findings_for(spec: TraceSpec, program: str, host: Facts | None) -> tuple[Finding, ...]:
    """Return warnings about conditions that can never or hardly be met."""
    found = []
    for condition in spec.conditions:
        if condition.field == "comm":
            found += _long_name(condition, program)
        if condition.field in ("pid", "tid") and condition.op == "==" and host is not None:
            found += _no_process(condition, program, host)
    return tuple(found)


def _long_name(condition: Condition, program: str) -> list[Finding]:
    name = str(condition.value)
    kept = cut_comm(name)
    if kept == name:
        return []
    message = f"the kernel keeps {COMM_BYTES} bytes of a name: {name!r} is compared as {kept!r}"
    hint = "other programs whose names begin alike are seen too; ask by PID to be exact"
    return [_finding(program, quote(kept), "information", "long-comm", message, hint)]


def _no_process(condition: Condition, program: str, host: Facts) -> list[Finding]:
    if not isinstance(condition.value, int) or host.pid_exists(condition.value):
        return []
    number = condition.value
    what = "process" if condition.field == "pid" else "thread"
    message = f"there is no {what} {number} now: nothing will be seen"
    return [
        _finding(
            program,
            f"{condition.field} == {number}",
            "warning",
            "no-such-process",
            message,
            "find it: pgrep -a NAME",
        )
    ]


def _finding(program: str, text: str, severity: str, code: str, message: str, hint: str) -> Finding:
    start = max(program.find(text), 0)
    return Finding(start, start + len(text), severity, code, message, hint)  # type: ignore[arg-type]  # two literals


def misses_of(choices: Sequence[Choice]) -> tuple[str, ...]:
    """Return what the chosen hooks cannot see, one sentence each."""
    misses = [miss for c in choices if c.hook for miss in (*c.event.misses, *c.hook.misses)]
    return tuple(f"Not seen: {miss}." for miss in dict.fromkeys(misses))


def notes_for(specs: Sequence[TraceSpec], choices: Sequence[Choice]) -> tuple[str, ...]:
    """Return what the program cannot see and how its numbers are to be read."""
    notes = list(misses_of(choices))
    used = [condition for spec in specs for condition in spec.conditions]
    if any(condition.value == COMMAND_PID for condition in used):
        notes.append("Only the command's own process is seen, not those that it starts.")
    if any(condition.field == "cgroup" for condition in used):
        notes.append("Only processes directly in this cgroup are seen, not those in groups below it.")
    if any(condition.field == "comm" for condition in used):
        notes.append("Names are those of threads: a thread of the same program can have another name.")
    notes += [
        f"Sampled: each count stands for {c.hook.scale:,} {c.event.noun}."
        for c in choices
        if c.hook and c.hook.scale != 1
    ]
    if any(spec.shape == "ratio" for spec in specs):
        notes.append("Percentages are whole numbers, rounded down; the counts beside them are exact.")
    return tuple(notes)


def units_of(layouts: Sequence[Layout]) -> dict[str, str]:
    """Return the units of result maps (`@latency`), of their keys (`@reads.bytes`) and of columns (`printf:1.bytes`)."""
    units: dict[str, str] = {}
    for layout in layouts:
        fields, spec, targets = layout.event.fields, layout.spec, layout.results
        for prefix in targets or ("printf:1",):
            units |= {f"{prefix}.{name}": unit for name in spec.keys if (unit := fields[name].unit)}
        if targets:
            measured = fields[spec.value].unit if spec.value and spec.shape != "distinct" else None
            many = (
                layout.event.noun if layout.hook.scale == 1 else f"{layout.hook.scale:,} {layout.event.noun}"
            )
            units[targets[0]] = measured or (f"different {spec.value}" if spec.shape == "distinct" else many)
            units |= dict.fromkeys(targets[1:], "%")
    return units
