"""Is a value right for an argument: numbers in range, choices, processes that exist, no text that could be an option.

Every argument of a tool passes here right before it is run, whoever put it together.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence

from gpttrace.bcc.described import Argument, Description, Meaning

LONGEST = 200  # characters of a text
# A function, `lib:function`, `t:category:name`: no signature, predicate or format: those become C text of the program.
PROBE = re.compile(r"(?:[prtu]:)?(?:[\w./+*-]*:){0,2}[A-Za-z_*?][\w.*?]*")
NEVER: frozenset[Meaning] = frozenset(("map", "command"))  # a pinned BPF map; a text that a shell would run

# Least and most of the meanings that are whole numbers.
_RANGES: dict[Meaning, tuple[int, int]] = {
    "pid": (1, 1 << 22), "tid": (1, 1 << 22), "ppid": (1, 1 << 22), "uid": (0, 2**32 - 2), "cpu": (0, 1 << 13),
    "interval": (1, 86_400), "duration": (1, 86_400), "count": (1, 1_000_000), "top": (1, 1_000_000), "frequency": (1, 10_000),
    "above": (0, 10**15), "below": (0, 10**15), "port": (1, 65_535), "local_port": (1, 65_535), "remote_port": (1, 65_535),
    "size": (1, 1 << 40), "least_size": (0, 1 << 40), "most_size": (0, 1 << 40), "signal": (1, 64), "number": (0, 1 << 40),
}  # fmt: skip


def value_problem(argument: Argument, value: str) -> str | None:
    """Return what is wrong with a value, or None."""
    name = argument.flag or argument.name
    if argument.meaning in NEVER:
        return f"{name} is not given to tools by gpttrace"
    if not value or not value.isprintable() or len(value) > LONGEST:
        return f"{name} cannot be {value[:40]!r}"
    if value.startswith("-"):
        return f"{name} cannot be {value[:40]!r}: a value that begins with `-` could be taken for an option"
    if argument.choices and value not in argument.choices:
        return f"{name} is one of {', '.join(argument.choices)}, not {value!r}"
    parts = value.split(",") if argument.many else [value]
    return next((problem for part in parts if (problem := _part_problem(argument, name, part))), None)


def _part_problem(argument: Argument, name: str, value: str) -> str | None:
    meaning = argument.meaning
    if meaning in _RANGES:
        low, high = _RANGES[meaning]
        if not re.fullmatch(r"[0-9]{1,18}", value):
            return f"{name} is a whole number, not {value!r}"
        if not low <= int(value) <= high:
            return f"{name} goes from {low} to {high}, not {value}"
    check = _CHECKS.get(meaning)
    return check(name, value) if check else None


def _process(name: str, value: str) -> str | None:
    return None if os.path.exists(f"/proc/{value}") else f"there is no process {value}"


def _probe(name: str, value: str) -> str | None:
    if not PROBE.fullmatch(value):
        return f"{name} is a function or tracepoint by its name, not {value!r}"
    # `*` alone would attach to tens of thousands of functions.
    return None if len(re.findall(r"\w", value.rsplit(":", 1)[-1])) > 2 else f"{value!r} matches too much"


def _existing(name: str, value: str) -> str | None:
    if value.startswith("/") and not os.path.exists(value):
        return f"there is no {value}"
    return None if re.fullmatch(r"[\w./+@:~-]+", value) else f"{name} cannot be {value!r}"


def _comm(name: str, value: str) -> str | None:
    if len(value.encode()) > 15:
        return f"process names have at most 15 bytes: {value!r}"
    # Some tools write what they are given into the C text of their program.
    return None if re.fullmatch(r"[\w.:/@+# -]+", value) else f"{name} cannot be {value!r}"


def _processor(name: str, value: str) -> str | None:
    count = os.cpu_count() or 1
    return None if int(value) < count else f"there is no CPU {value}; this machine has {count}"


_CHECKS: dict[Meaning, Callable[[str, str], str | None]] = {
    "pid": _process, "tid": _process, "ppid": _process, "probe": _probe, "path": _existing, "object": _existing,
    "disk": _existing, "cgroup": _existing, "comm": _comm, "cpu": _processor,
}  # fmt: skip


def argument_problems(arguments: Sequence[str], description: Description) -> list[str]:
    """Return what is wrong with a tool's arguments as a whole; an empty list when they may be given to it."""
    problems: list[str] = []
    given: list[Argument] = []
    places = list(description.positionals)
    rest = list(arguments)
    while rest:
        text = rest.pop(0)
        argument = description.option(text) if text.startswith("-") else (places.pop(0) if places else None)
        if argument is None:
            problems.append(f"the tool has no argument {text!r}")
            continue
        given.append(argument)
        if argument.flags and not argument.takes_value:
            continue
        value = text if not argument.flags else rest.pop(0) if rest else ""
        if (problem := value_problem(argument, value)) is not None:
            problems.append(problem)
    return [*problems, *_group_problems(given, description), *_missing(given, description)]


def _group_problems(given: Sequence[Argument], description: Description) -> list[str]:
    flags = {flag for each in given for flag in each.flags}
    clashes = [[flag for flag in group if flag in flags] for group in description.exclusive]
    return [f"{' and '.join(clash)} cannot be given together" for clash in clashes if len(clash) > 1]


def _missing(given: Sequence[Argument], description: Description) -> list[str]:
    return [
        f"it needs {each.flag or each.name}" + (f" ({each.help})" if each.help else "")
        for each in description.arguments
        if each.required and each not in given
    ]
