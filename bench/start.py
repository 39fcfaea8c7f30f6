"""Import and start times, each in a fresh process, less what the bare interpreter costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, median, spread

TIMES = 9


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def figures() -> Iterator[Figure]:
    """Yield the start-up figures; the two targets are wall-clock seconds on this machine."""
    python = sys.executable
    command = str(Path(python).with_name("gpttrace"))
    bare = median(spread(lambda: _run(python, "-c", "pass"), TIMES))
    imported = median(spread(lambda: _run(python, "-c", "import gpttrace"), TIMES))
    helped = median(spread(lambda: _run(command, "--help"), TIMES))
    yield Figure("python -c pass", bare, "s")
    yield Figure("import gpttrace, less bare python", imported - bare, "s", 0.12)
    yield Figure("gpttrace --help", helped, "s", 0.2)
