"""Running the real command line as a user does: its own process, its own folders."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

GPTTRACE = str(Path(sys.executable).with_name("gpttrace"))
Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Return a function that runs `gpttrace ARGS…` in an empty folder and gives its output and exit code."""

    def run(*args: str, stdin: bytes = b"", timeout: float = 60) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [GPTTRACE, *args], input=stdin, capture_output=True, cwd=tmp_path, timeout=timeout, check=False
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        )

    return run
