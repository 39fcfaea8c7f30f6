"""The bpftrace of this machine: where it is and which version it says it is.

The version is kept in the cache folder per path, size and time of the binary: asking costs 50-250 ms, reading back 0.1 ms.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass

from gpttrace.errors import Unavailable
from gpttrace.host.remembered import identity, remembered
from gpttrace.process import run_tool
from gpttrace.settings import Settings

INSTALL_HINT = "install it: apt-get install bpftrace (Debian, Ubuntu), dnf install bpftrace (Fedora)"


@dataclass(frozen=True, slots=True)
class Bpftrace:
    """An installed bpftrace: `path`, and `version` as numbers, e.g. (0, 23, 2)."""

    path: str
    version: tuple[int, ...]

    @property
    def version_text(self) -> str:
        """The version as people write it: `0.23.2`."""
        return ".".join(map(str, self.version))


def find_bpftrace(settings: Settings) -> Bpftrace:
    """Return the bpftrace that the settings name or that PATH holds; Unavailable when there is none that starts."""
    path = locate_bpftrace(settings.bpftrace)
    cache = settings.cache_dir / "bpftrace-versions.json"
    return Bpftrace(path, tuple(remembered(cache, identity(path), lambda: _ask_version(path))))


def locate_bpftrace(wanted: str | None) -> str:
    """Return the absolute path of `wanted`, or of the first bpftrace on PATH and where root's programs are."""
    found = shutil.which(wanted or "bpftrace")
    if found is None and wanted is None:
        found = shutil.which("bpftrace", path="/usr/sbin:/usr/local/sbin")
    if found is not None:
        return os.path.abspath(found)
    if wanted is None:
        raise Unavailable("there is no bpftrace on this machine", hint=INSTALL_HINT)
    raise Unavailable(
        f"there is no program at {wanted}", hint="set GPTTRACE_BPFTRACE to the path of bpftrace"
    )


def _ask_version(path: str) -> tuple[int, ...]:
    try:
        answer = run_tool([path, "--version"])
    except OSError as error:
        raise Unavailable(f"{path} cannot be started: {error.strerror}", hint=INSTALL_HINT) from error
    match = re.search(rb"v?(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
    if answer.exit != 0 or match is None:
        said = (answer.stderr or answer.stdout).decode(errors="replace").strip().splitlines()
        detail = f": {said[0]}" if said else ""
        raise Unavailable(f"{path} --version gave no version{detail}", hint=INSTALL_HINT)
    return tuple(int(part or 0) for part in match.groups())
