"""Control groups of this machine: where version 2 is mounted, and which group a name means."""

from __future__ import annotations

import os
from pathlib import Path

_MOUNTS = "/proc/self/mounts"
_DEEPEST_SEARCH = 20_000


def find_cgroup_root() -> Path | None:
    """Return where cgroup v2 is mounted (`/sys/fs/cgroup`, or `…/unified` beside version 1), or None."""
    try:
        lines = Path(_MOUNTS).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if len(fields) > 2 and fields[2] == "cgroup2":
            return Path(fields[1].encode().decode("unicode_escape"))
    return None


def find_cgroups(root: Path, name: str) -> list[Path]:
    """Return the groups that `name` can mean: a path, a path below `root`, or the last part of one (`nginx.service`)."""
    for candidate in (Path(name), root / name.lstrip("/")):
        if candidate.is_dir() and candidate.is_relative_to(root):
            return [candidate]
    found: list[Path] = []
    for seen, (folder, children, _) in enumerate(os.walk(root)):
        found += [Path(folder) / child for child in children if child == name]
        if seen > _DEEPEST_SEARCH:
            break
    return found
