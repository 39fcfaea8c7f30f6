"""Asking an installed tool for its `--help`: bounded in time, memory and output, with nothing of ours in its environment.

What came out is kept per tool in the cache folder, a refusal with its reason too, until the tool's file changes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpttrace.bcc.described import Description, description_from_json
from gpttrace.bcc.helptext import read_help
from gpttrace.bcc.installed import Installed
from gpttrace.process import ToolResult, run_tool

PATIENCE = 5.0  # seconds; a Python tool takes 0.2-0.5
MOST_OUTPUT = 256 << 10
MEMORY = 4 << 30  # address space: bcc maps LLVM
FORM = 1  # of the cache files; a new reader of help texts gets a new number
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool said of itself: a description, or why there is none."""

    description: Description | None
    trouble: str | None = None


def tool_environment(caller: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a tool: nothing of the caller's but where and when it is, and where kernel headers are.

    The system's own PATH: `env python3` in a tool must not find the Python of a virtual environment, which has no bcc.
    """
    kept = ("HOME", "TZ", "BCC_KERNEL_SOURCE", "BCC_LINUX_VERSION_CODE")
    env = {name: caller[name] for name in kept if name in caller}
    return env | {
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
        "TERM": "dumb",
        "PYTHONUNBUFFERED": "1",
    }


def describe_tool(tool: Installed, cache_dir: Path) -> Told:
    """Return what is kept of a tool, or ask it now; never raises."""
    known = remembered_description(tool, cache_dir)
    if known is not None:
        return known
    told = ask_tool(tool)
    _keep(tool, told, cache_dir)
    return told


def remembered_description(tool: Installed, cache_dir: Path) -> Told | None:
    """Return what is kept of a tool, without starting anything; None when nothing is."""
    try:
        data = json.loads(_file(tool, cache_dir).read_text(encoding="utf-8"))
        if data["form"] != FORM or data["identity"] != tool.identity:
            return None
        kept = data["description"]
        return Told(description_from_json(kept) if kept else None, data["trouble"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ask_tool(tool: Installed) -> Told:
    """Run `TOOL --help` and read it."""
    if tool.trouble is not None:
        return Told(None, tool.trouble)
    try:
        answer = run_tool(
            [tool.path, "--help"],
            timeout=PATIENCE,
            env=tool_environment({}),
            cwd="/",
            memory=MEMORY,
            output=MOST_OUTPUT,
        )
    except OSError as error:
        return Told(None, f"it cannot be started: {error.strerror}")
    return read_answer(answer)


def read_answer(answer: ToolResult) -> Told:
    """Read what a tool left after `--help`."""
    if answer.exit is None:
        return Told(None, f"its --help did not end within {PATIENCE:g} s and was killed")
    if answer.cut:
        return Told(None, f"its --help printed more than {MOST_OUTPUT >> 10} KiB")
    if answer.exit != 0:
        how = f"signal {-answer.exit}" if answer.exit < 0 else f"exit status {answer.exit}"
        return Told(None, f"its --help ended with {how}{_last_words(answer)}")
    # getopt's tools call `--help` an error and print their usage there.
    for raw in (answer.stdout, answer.stderr):
        if (description := read_help(raw.decode(errors="replace"))) is not None:
            return Told(description)
    return Told(None, "its --help printed no usage")


def _last_words(answer: ToolResult) -> str:
    lines = (answer.stderr or answer.stdout).decode(errors="replace").strip().splitlines()
    words = "".join(char if char.isprintable() else "?" for char in lines[-1][:120]) if lines else ""
    return f": {words}" if words else ""


def _file(tool: Installed, cache_dir: Path) -> Path:
    return cache_dir / "bcc" / f"{tool.path.strip('/').replace('/', '+')}.json"


def _keep(tool: Installed, told: Told, cache_dir: Path) -> None:
    # A cache that cannot be written only costs time.
    whole: dict[str, Any] = {
        "form": FORM,
        "identity": tool.identity,
        "description": told.description.to_json() if told.description else None,
        "trouble": told.trouble,
    }
    place = _file(tool, cache_dir)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        draft.write_text(json.dumps(whole), encoding="utf-8")
        draft.replace(place)
