"""Command line options that several commands share, and the values that they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
_UNITS = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


class Seconds(click.ParamType[float]):
    """A span of time on the command line: `10`, `10s`, `500ms`, `2m`, `1h`."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds; a usage error says which forms there are."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", str(value).strip())
        if match is None or match[2] not in _UNITS or float(match[1]) <= 0:
            self.fail(f"{value!r} is no span of time; write 10s, 500ms, 2m or 1h", param, ctx)
        return float(match[1]) * _UNITS[match[2]]


_SHARED: dict[str, Callable[[F], F]] = {
    "for": click.option("--for", "seconds", type=Seconds(), help="Trace for this long (default 10s)."),
    "pid": click.option("--pid", type=click.IntRange(1), help="Only this process."),
    "comm": click.option("--comm", help="Only processes of this name."),
    "cgroup": click.option("--cgroup", help="Only processes of this control group (path or name)."),
    "cmd": click.option("--cmd", help="Start this command and trace until it ends."),
    "top": click.option("--top", type=click.IntRange(1), help="Only the largest N rows."),
    "every": click.option("--every", type=Seconds(), help="A table for each such span of time."),
    "output": click.option(
        "-o", "--output", metavar="FILE", help="Write to FILE (.csv .json .parquet, .bt for a program)."
    ),
    "json": click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output."),
    "yes": click.option(
        "--yes",
        is_flag=True,
        help="Do not ask: approve what reads people's data, take a question half understood.",
    ),
    "host": click.option(
        "--host", "host_file", metavar="FILE", help="The machine of this host file (`gpttrace host save`)."
    ),
    "writer": click.option(
        "--writer",
        type=click.Choice(["auto", "offline", "model"]),
        default="auto",
        show_default=True,
        help="Who writes: auto asks a model that is set when the offline writer is unsure.",
    ),
    "key": click.option(
        "-k",
        "--key",
        metavar="KEY",
        help="API key for the model, for this call only (others see it in `ps`; OPENAI_API_KEY is better).",
    ),
    "record": click.option(
        "--record", metavar="DIR", help="Keep what is said to the model and back in DIR, for tests."
    ),
    "verbose": click.option(
        "-v", "--verbose", is_flag=True, help="Say how the program came about and what bpftrace said."
    ),
}


def shared(*names: str) -> Callable[[F], F]:
    """Add shared options to a command, in the order given."""

    def decorate(command: F) -> F:
        for name in reversed(names):
            command = _SHARED[name](command)
        return command

    return decorate
