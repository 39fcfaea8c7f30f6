"""Wishes and a tool's description -> its arguments; what it cannot do is said, never left out in silence.

Only arguments that the tool's own help has. A filter that it lacks is a problem, since without it the answer would be
another one; a nicety that it lacks is a note.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gpttrace.bcc.described import Argument, Description, Meaning, Unit
from gpttrace.bcc.flags import wanted_flags
from gpttrace.bcc.known import Known
from gpttrace.bcc.processes import pid_of
from gpttrace.bcc.wishes import Wishes

_FACTORS: dict[Unit, float] = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}
_WORDS: dict[str, str] = {
    "pid": "one process", "tid": "one thread", "uid": "one user", "cpu": "one CPU", "comm": "one process's name",
    "cgroup": "one cgroup", "above": "a least time", "below": "a most time", "least_size": "a least size",
    "most_size": "a most size", "port": "one port", "disk": "one disk", "errno": "one error", "signal": "one signal",
    "object": "one library or binary", "path": "one path", "frequency": "a sampling frequency",
}  # fmt: skip


@dataclass(slots=True)
class Composed:
    """`arguments` for the tool; `problems` why it must not run as asked; `notes` what a reader should know."""

    values: dict[str, str] = field(default_factory=dict)  # by the argument's name
    switches: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)


def compose_arguments(wishes: Wishes, description: Description, known: Known) -> Composed:
    """Return a tool's arguments for what was asked."""
    made = Composed(problems=list(wishes.problems))
    _whom(wishes, description, made)
    _times(wishes, description, made)
    _thresholds(wishes, description, made)
    _things(wishes, description, known, made)
    _choices(wishes, description, made)
    flags = wanted_flags(wishes, description, known)
    made.switches += flags.switches
    made.problems += flags.problems
    made.notes += flags.notes
    _lay_out(description, known, made)
    return made


def _find(description: Description, *meanings: Meaning) -> Argument | None:
    for meaning in meanings:
        for argument in description.arguments:
            if argument.meaning == meaning:
                return argument
    return None


def _set(made: Composed, description: Description, value: object, *meanings: Meaning) -> bool:
    """Give the first argument of one of the meanings a value; without one, say so."""
    argument = _find(description, *meanings)
    if argument is None:
        made.problems.append(f"it cannot look at {_WORDS.get(meanings[0], meanings[0])} only")
        return False
    made.values[argument.name] = str(value)
    return True


def _whom(wishes: Wishes, description: Description, made: Composed) -> None:
    for name, value in wishes.who.items():
        if name == "comm" and _find(description, "comm") is None and _find(description, "pid") is not None:
            pid, problem = pid_of(str(value))
            if problem is not None:
                made.problems.append(problem)
            else:
                made.values[_find(description, "pid").name] = str(pid)  # type: ignore[union-attr]
                made.notes.append(f"{value} is process {pid} now; a new one of that name is not seen")
        elif name in ("pid", "tid", "uid", "cpu", "comm", "cgroup"):
            _set(made, description, value, name)  # type: ignore[arg-type]
        else:
            made.problems.append(f"it cannot tell by {name}")


def _times(wishes: Wishes, description: Description, made: Composed) -> None:
    interval, count = _find(description, "interval"), _find(description, "count")
    if wishes.every is not None:
        if interval is None and not description.arguments:
            pass  # it takes nothing, and its data says what it does
        elif interval is None:
            made.notes.append("it prints as things happen or once at the end, not in intervals")
        elif wishes.every != int(wishes.every) or wishes.every < 1:
            made.problems.append("it takes intervals of whole seconds")
        else:
            made.values[interval.name] = str(int(wishes.every))
    if wishes.times is not None:
        if count is None:
            made.problems.append("it cannot stop after a number of reports")
        else:
            made.values[count.name] = str(wishes.times)
            if interval is not None and not interval.flags:
                made.values.setdefault(interval.name, "1")
    duration = _find(description, "duration")
    if duration is not None and wishes.duration and wishes.duration == int(wishes.duration):
        made.values[duration.name] = str(int(wishes.duration))
    if wishes.hz is not None:
        _set(made, description, wishes.hz, "frequency")


def _thresholds(wishes: Wishes, description: Description, made: Composed) -> None:
    for op, value, kind, _ in wishes.thresholds:
        above = op in (">", ">=")
        if kind == "bytes":
            _set(made, description, int(value), "least_size" if above else "most_size")
        elif kind == "ns":
            _time_threshold(value, "above" if above else "below", description, made)
        else:
            made.problems.append(f"a threshold of {value:g} needs a unit (ms, us, KB)")


def _time_threshold(ns: float, meaning: Meaning, description: Description, made: Composed) -> None:
    able = [each for each in description.arguments if each.meaning == meaning]
    if not able:
        made.problems.append(f"it cannot keep to {_WORDS[meaning]}")
        return
    for argument in able:
        factor = _FACTORS.get(argument.unit) if argument.unit else None
        if factor is not None and ns % factor == 0:
            made.values[argument.name] = str(int(ns // factor))
            return
    units = ", ".join(str(each.unit or "an unknown unit") for each in able)
    made.problems.append(f"{able[0].flag or able[0].name} takes whole numbers of {units}")


def _things(wishes: Wishes, description: Description, known: Known, made: Composed) -> None:
    if wishes.top is not None and (top := _find(description, "top")) is not None:
        made.values[top.name] = str(wishes.top)
    elif wishes.top is not None:
        made.notes.append("it shows all rows, not only the largest")
    if wishes.port is not None:
        side, number = wishes.port
        order: dict[str, tuple[Meaning, ...]] = {
            "remote": ("remote_port", "port"),
            "local": ("local_port", "port"),
            "any": ("port", "remote_port", "local_port"),
        }
        if not _find(description, *order[side]):
            made.problems.append("it cannot look at one port only")
        else:
            _set(made, description, number, *order[side])
    if wishes.errno is not None:
        _set(made, description, wishes.errno, "errno")
    for value, meanings in (
        (wishes.signal, ("signal",)),
        (wishes.disk, ("disk",)),
        (wishes.object, ("object",)),
        (wishes.path, ("path", "object")),
    ):
        if value is not None:
            _set(made, description, value, *meanings)
    if wishes.probe is not None and known.takes == "probe":
        _set(made, description, wishes.probe, "probe")


def _choices(wishes: Wishes, description: Description, made: Composed) -> None:
    words = {token.text.lower() for token in wishes.sentence.tokens}
    for argument in description.arguments:
        named = [choice for choice in argument.choices if choice.lower() in words and len(choice) > 1]
        if len(named) == 1 and argument.meaning == "choice" and (not argument.flags or argument.required):
            made.values[argument.name] = named[0]


def _lay_out(description: Description, known: Known, made: Composed) -> None:
    fixed = [flag for flag in known.fix if description.option(flag)]
    switches = dict.fromkeys([*fixed, *made.switches])
    options = [
        part
        for each in description.options
        if each.name in made.values
        for part in (each.flag, made.values[each.name])
    ]
    places = [made.values[each.name] for each in description.positionals if each.name in made.values]
    made.arguments = [*switches, *options, *places]
