"""Which bcc tools this machine has: found by name in the places where distributions put them; nothing is started."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

SUFFIX = "-bpfcc"
# Debian and Ubuntu rename the tools, since names such as `trace` are taken; others keep them in a folder of their own.
PLACES: tuple[tuple[str, str], ...] = (
    ("/usr/sbin", SUFFIX),
    ("/usr/local/sbin", SUFFIX),
    ("/usr/share/bcc/tools", ""),
    ("/usr/local/share/bcc/tools", ""),
)
INSTALL_HINT = (
    "install them: apt-get install bpfcc-tools (Debian, Ubuntu), dnf install bcc-tools (Fedora), "
    "pacman -S bcc-tools (Arch)"
)
_NO_TOOLS = (".py", ".txt", ".c", ".md", ".8", ".lua", ".json")


@dataclass(frozen=True, slots=True)
class Installed:
    """One tool: `name` as its authors call it (`memleak`), `path`, and `identity`, which changes when the file does."""

    name: str
    path: str
    identity: str
    trouble: str | None = None  # why it must not be started

    @property
    def command(self) -> str:
        """Its name on this machine: `memleak-bpfcc`."""
        return self.path.rsplit("/", 1)[-1]


def installed_tools(places: Sequence[tuple[str, str]] | None = None) -> dict[str, Installed]:
    """Return the tools of this machine by name; of two with one name the first place wins."""
    found: dict[str, Installed] = {}
    for folder, suffix in PLACES if places is None else places:
        for tool in _in_folder(folder, suffix):
            found.setdefault(tool.name, tool)
    return found


def _in_folder(folder: str, suffix: str) -> Iterator[Installed]:
    try:
        names = sorted(entry for entry in os.listdir(folder) if entry.endswith(suffix))
    except OSError:
        return
    for name in names:
        if name.startswith((".", "_")) or name.endswith(_NO_TOOLS):
            continue
        path = f"{folder}/{name}"
        with suppress(OSError):
            facts = os.stat(path)
            if stat.S_ISREG(facts.st_mode):
                yield Installed(
                    name.removesuffix(suffix) if suffix else name,
                    path,
                    f"{path}|{facts.st_size}|{facts.st_mtime_ns}",
                    _trouble(facts),
                )


def _trouble(facts: os.stat_result) -> str | None:
    if not facts.st_mode & 0o111:
        return "it is not executable"
    if facts.st_uid not in (0, os.geteuid()) or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        # It would run as root: what others may write is theirs, not the distribution's.
        return "others than its owner may change it, or its owner is not root"
    return None
