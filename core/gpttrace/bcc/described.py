"""What a tool's own `--help` says, as values: its arguments with their types, and which of them exclude each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

# What an argument is about; `flag` takes no value, `text` and `number` are all that is known of the others.
Meaning = Literal[
    "pid", "tid", "ppid", "uid", "cpu", "interval", "count", "duration", "above", "below", "top", "frequency", "port",
    "local_port", "remote_port", "path", "cgroup", "comm", "command", "errno", "signal", "syscall", "object", "disk",
    "size", "least_size", "most_size", "probe", "choice", "map", "number", "text", "flag",
]  # fmt: skip
Unit = Literal["s", "ms", "us", "ns", "bytes", "hz"]


@dataclass(frozen=True, slots=True)
class Argument:
    """An option (it has `flags`) or a positional one (it has none). `many`: more values than one, or a list with commas."""

    name: str
    flags: tuple[str, ...] = ()
    meaning: Meaning = "text"
    unit: Unit | None = None
    choices: tuple[str, ...] = ()
    default: str | None = None
    help: str = ""
    required: bool = False
    many: bool = False

    @property
    def flag(self) -> str:
        """The form to write it in: the long one where there is one, since people read it."""
        return next(
            (each for each in self.flags if each.startswith("--")), self.flags[0] if self.flags else ""
        )

    @property
    def takes_value(self) -> bool:
        """Tell whether a value belongs to it."""
        return self.meaning != "flag"


@dataclass(frozen=True, slots=True)
class Description:
    """All that one tool takes; `exclusive` are groups of flags of which one at most may be given."""

    usage: str
    summary: str
    arguments: tuple[Argument, ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[Argument, ...]:
        """The arguments that are written with a flag."""
        return tuple(each for each in self.arguments if each.flags)

    @property
    def positionals(self) -> tuple[Argument, ...]:
        """The arguments that are known by their place."""
        return tuple(each for each in self.arguments if not each.flags)

    def option(self, flag: str) -> Argument | None:
        """Return the option with that flag."""
        return next((each for each in self.arguments if flag in each.flags), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def description_from_json(data: Mapping[str, Any]) -> Description:
    """Return the description that `to_json` gave; KeyError or TypeError for anything else."""
    return Description(
        usage=data["usage"],
        summary=data["summary"],
        arguments=tuple(
            Argument(**{**each, "flags": tuple(each["flags"]), "choices": tuple(each["choices"])})
            for each in data["arguments"]
        ),
        exclusive=tuple(tuple(group) for group in data["exclusive"]),
        examples=tuple(data["examples"]),
    )
