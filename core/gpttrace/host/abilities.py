"""What the bpftrace of a host can do without running a program: asked of it with a program that would show if it ran.

The options differ per release, and the wrong one runs the script (`--emit-elf` of 0.27 does): an option counts only when
bpftrace takes it, ends with 0 and the program has printed nothing. Kept per path, size and time of the binary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gpttrace.errors import Unavailable
from gpttrace.host.bpftrace import INSTALL_HINT
from gpttrace.host.remembered import identity, remembered
from gpttrace.process import BPFTRACE_MEMORY, ToolResult, run_tool
from gpttrace.settings import Settings

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "BPFTRACE_COLOR": "never"}
_CACHE_FILE = "bpftrace-abilities.json"
# Newest spelling first: 0.25 would take the `codegen` of `--test codegen` for a file.
_COMPILE_ONLY = (("--mode", "codegen"), ("--test-mode", "codegen"), ("--test", "codegen"))
_HARMLESS = b'BEGIN { printf("%s-%d\\n", "ran", 6 * 7); exit(); }\n'
_RAN = b"ran-42"


@dataclass(frozen=True, slots=True)
class Abilities:
    """`compile_only` are the options that compile and do nothing else, None when there are none.

    `dry_run`: `--dry-run` loads and attaches and leaves; `formats`: `--fmt` parses a program (which needs no privilege).
    """

    compile_only: tuple[str, ...] | None
    dry_run: bool
    formats: bool

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Abilities:
        """Return the abilities that `dataclasses.asdict` made plain."""
        options = data["compile_only"]
        return cls(None if options is None else tuple(options), data["dry_run"], data["formats"])


def abilities_of(
    path: str,
    *,
    prefix: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    cache_dir: Path | None = None,
) -> Abilities:
    """Return what the bpftrace at `path` can do; blocks up to a second the first time.

    `prefix` and `environment` start it with the rights that it needs (`sudo -n`, a user namespace): without any right it
    answers nothing, which is not remembered. Raises Unavailable when it cannot be started.
    """
    cache = (Settings.load().cache_dir if cache_dir is None else cache_dir) / _CACHE_FILE
    command, env = (*prefix, path), {**ENVIRONMENT, **(environment or {})}
    try:
        key = f"{identity(path)}|{''.join(prefix[:1])}"  # what it may do depends on the rights
        found = Abilities.from_json(remembered(cache, key, lambda: _answer(command, env)))
    except OSError as error:
        raise Unavailable(f"{path} cannot be started: {error.strerror}", hint=INSTALL_HINT) from error
    except _NoAnswer as silent:
        found = silent.abilities
    return found


class _NoAnswer(Exception):
    """Nothing to remember: it may answer another user, or this one tomorrow."""

    def __init__(self, abilities: Abilities) -> None:
        super().__init__()
        self.abilities = abilities


def _answer(command: Sequence[str], env: Mapping[str, str]) -> dict[str, Any]:
    options = next((options for options in _COMPILE_ONLY if _harmless(command, options, env)), None)
    # A dry run of an older one without the right to load looks the same as an unknown option.
    dry_run = options is not None and _harmless(command, ("--dry-run",), env)
    said = _ask(command, ("--fmt",), env)
    formats = said.exit == 0 and b"printf" in said.stdout
    found = Abilities(options, dry_run, formats)
    if options is None:
        raise _NoAnswer(found)
    return asdict(found)


def _harmless(command: Sequence[str], options: Sequence[str], env: Mapping[str, str]) -> bool:
    said = _ask(command, options, env)
    return said.exit == 0 and _RAN not in said.stdout


def _ask(command: Sequence[str], options: Sequence[str], env: Mapping[str, str]) -> ToolResult:
    return run_tool([*command, *options, "-"], stdin=_HARMLESS, timeout=20, env=env, memory=BPFTRACE_MEMORY)
