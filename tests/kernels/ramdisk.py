"""The initial RAM disk of a virtual machine: its first programs, the modules of its root disk, and this checkout.

Packed anew for each start (some 0.1 s), so that no image holds code of ours. The format is the kernel's "newc" cpio archive:
a header of 110 characters, the name, the bytes, each padded to four.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUEST = Path(__file__).parent / "guest"
CHECKOUT = ("core/gpttrace", "corpus/gpttrace_corpus")


def pack(machine: Path) -> bytes:
    """Return the RAM disk for the machine whose kernel, modules and busybox are in the folder `machine`."""
    archive = bytearray()
    made: set[str] = set()
    for name, source in contents(machine):
        for parent in reversed(Path(name).parents[:-1]):
            if str(parent) not in made:
                made.add(str(parent))
                archive += entry(str(parent), stat.S_IFDIR | 0o755, b"")
        executable = source.stat().st_mode & 0o111
        archive += entry(name, stat.S_IFREG | (0o755 if executable else 0o644), source.read_bytes())
    for folder in ("dev", "root"):
        archive += entry(folder, stat.S_IFDIR | 0o755, b"")
    return bytes(archive + entry("TRAILER!!!", 0, b""))


def contents(machine: Path) -> Iterator[tuple[str, Path]]:
    """Name every file of the RAM disk with the file that it is a copy of."""
    yield "init", GUEST / "init"
    yield "bin/busybox", machine / "busybox"
    for module in sorted((machine / "modules").iterdir()):
        yield f"modules/{module.name}", module
    for file in sorted(GUEST.iterdir()):
        if file.is_file():
            yield f"lab/guest/{file.name}", file
    for package in CHECKOUT:
        for file in sorted((ROOT / package).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield f"lab/{file.relative_to(ROOT)}", file


def entry(name: str, mode: int, data: bytes) -> bytes:
    """Return one file of a newc archive, owned by root."""
    path = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
