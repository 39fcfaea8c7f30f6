"""Doubles and finders for tests: ours, and those of programs that build on GPTtrace.

`installed_bpftraces()` gives every real bpftrace that can be run here; `require()` turns a missing one into a skip with
a reason, or into a failure where the kernel must be there (`GPTTRACE_REQUIRE_KERNEL=1`).
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

from gpttrace.process import run_tool

TREES = ("trixie", "sid")
DEFAULT_TREES_FOLDER = "/var/cache/gpttrace/trees"


@dataclass(frozen=True, slots=True)
class InstalledBpftrace:
    """A bpftrace to test with: `release` is `host` or the Debian release of its tree, `path` starts it."""

    release: str
    path: str
    root: Path

    def __str__(self) -> str:
        return self.release

    @property
    def version(self) -> tuple[int, ...]:
        """Its version as numbers, asked of it once."""
        return _version_of(self.path)

    @property
    def compile_only(self) -> tuple[str, ...]:
        """The options with which this version compiles a program and does not run it (0.24 would need --test-mode)."""
        if self.version >= (0, 25):
            return ("--mode", "codegen")
        return ("--test", "codegen")


@cache
def _version_of(path: str) -> tuple[int, ...]:
    said = run_tool([path, "--version"]).stdout.decode(errors="replace")
    return tuple(int(number) for number in re.findall(r"\d+", said)[:3])


def trees_folder() -> Path:
    """Return where the trees of other Debian releases are kept (`GPTTRACE_TREES`)."""
    return Path(os.environ.get("GPTTRACE_TREES") or DEFAULT_TREES_FOLDER)


@cache
def installed_bpftraces() -> tuple[InstalledBpftrace, ...]:
    """Return the host's bpftrace and those of the trees, oldest first; a tree's is a script beside it that enters the tree."""
    found = []
    if (path := shutil.which("bpftrace")) is not None:
        found.append(InstalledBpftrace("host", path, Path("/")))
    for release in TREES:
        tree, script = trees_folder() / release, trees_folder() / f"bpftrace-{release}"
        if (tree / "usr/bin/bpftrace").exists() and script.exists():
            found.append(InstalledBpftrace(release, str(script), tree))
    return tuple(found)


def kernel_required() -> bool:
    """Tell whether a test that cannot reach the kernel must fail instead of skip."""
    return os.environ.get("GPTTRACE_REQUIRE_KERNEL") == "1"


def require(condition: object, reason: str) -> None:
    """Skip the running test with `reason` unless `condition` holds; fail where the kernel is required."""
    if not condition:
        _give_up(reason)


def _give_up(reason: str) -> NoReturn:
    import pytest

    if kernel_required():
        pytest.fail(f"GPTTRACE_REQUIRE_KERNEL=1, but {reason}")
    pytest.skip(reason)
