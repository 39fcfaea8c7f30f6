"""What costs time to find out about files (a start of a program, a parse): asked once, kept as JSON by path, size and time.

A cache that cannot be read or written only costs time, never an error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any


def identity(path: str) -> str:
    """Return what changes when the program at `path` does; OSError when there is none."""
    stat = os.stat(path)
    return f"{path}|{stat.st_size}|{stat.st_mtime_ns}"


def remembered(cache: Path, key: str, find: Callable[[], Any], alone: bool = False) -> Any:
    """Return the JSON value kept under `key` in the file `cache`, or what `find` finds, which is kept then (`alone`: as all)."""
    known = _read(cache)
    if key not in known:
        known = {key: find()} if alone else {**known, key: find()}
        _write(cache, known)
    return known[key]


def _read(cache: Path) -> dict[str, Any]:
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(cache: Path, known: dict[str, Any]) -> None:
    with suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        draft = cache.with_name(f"{cache.name}.{os.getpid()}")
        draft.write_text(json.dumps(known), encoding="utf-8")
        draft.replace(cache)
