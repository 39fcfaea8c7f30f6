"""Binaries: which file a uprobe or usdt probe names, and what can be hooked in it.

A name without a slash is looked for as bpftrace does: a program on PATH, or a library by its short name (`libc` is
`/lib/x86_64-linux-gnu/libc.so.6`) through the loader's cache.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import struct
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from gpttrace.errors import UsageError
from gpttrace.host.elffile import ElfFacts, read_elf
from gpttrace.host.names import Names
from gpttrace.host.remembered import identity

LOADER_CACHE = Path("/etc/ld.so.cache")
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_LIBRARY_FOLDERS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")


def resolve_binary(name: str) -> str:
    """Return the path of a program or library; UsageError when there is none."""
    if "/" in name:
        if os.path.exists(name):
            return os.path.realpath(name)
        raise UsageError(
            f"there is no file {name}", hint="give the path of a program or library on this machine"
        )
    library = _library(name)
    found = library or shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        raise UsageError(
            f"there is no program or library called {name} on this machine",
            hint="give its whole path; for a program in a container, the path below /proc/PID/root",
        )
    return os.path.realpath(found)


def _library(name: str) -> str | None:
    # bpftrace takes `libc`, `libc.so` and `libc.so.6` for the same file.
    if not name.startswith("lib"):
        return None
    wanted = re.compile(re.escape(name) + r"(\.so.*)?$" if ".so" not in name else re.escape(name) + r".*$")
    for file, path in loader_cache():
        if wanted.match(file) and os.path.exists(path):
            return path
    for folder in _LIBRARY_FOLDERS:
        with suppress(OSError):
            for entry in sorted(os.scandir(folder), key=lambda each: (len(each.name), each.name)):
                if wanted.match(entry.name):
                    return entry.path
    return None


@lru_cache(maxsize=1)
def loader_cache() -> tuple[tuple[str, str], ...]:
    """Return (file name, path) of each library that the loader knows; () on a system without such a cache."""
    with suppress(OSError, struct.error, ValueError):
        return tuple(_entries(LOADER_CACHE.read_bytes()))
    return ()


def _entries(data: bytes) -> Iterator[tuple[str, str]]:
    # Format of glibc's sysdeps/generic/dl-cache.h: a header of 48 bytes, then records of 24.
    begin = data.index(_CACHE_MAGIC)
    count = struct.unpack_from("<I", data, begin + 20)[0]
    for number in range(count):
        _, key, value = struct.unpack_from("<iII", data, begin + 48 + number * 24)
        yield _text(data, begin + key), _text(data, begin + value)


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode("utf-8", "replace")


def binary_facts(name: str) -> ElfFacts:
    """Return what can be hooked in a program or library; read again only when the file changes. UsageError as `read_elf`."""
    path = resolve_binary(name)
    try:
        return _read(path, identity(path))
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}", hint="name a program or a library"
        ) from error


@lru_cache(maxsize=16)
def _read(path: str, _: str) -> ElfFacts:
    return read_elf(path)


@lru_cache(maxsize=16)
def _lists(facts: ElfFacts, kind: str) -> Names:
    if kind == "usdt":
        return Names.of(f"{each.provider}:{each.name}".encode() for each in facts.probes)
    return Names.of(each.name.encode() for each in facts.functions)


def hooks(kind: str, point: str) -> tuple[str, Names, str] | None:
    """Split `libc:malloc` into the file as it was written, its names of this kind, and the rest; None when it cannot be read."""
    target, _, rest = point.partition(":")
    with suppress(UsageError):
        return target, _lists(binary_facts(target), kind), rest or "*"
    return None


@lru_cache(maxsize=4096)
def demangled(name: str) -> str | None:
    """Return the C++ form of a compiler's name (`_ZN3foo3barEv` → `foo::bar()`), where this machine has a C++ library."""
    if not name.startswith("_Z"):
        return None
    with suppress(OSError, AttributeError, UsageError):
        library = ctypes.CDLL(resolve_binary("libstdc++"))
        library.__cxa_demangle.restype = ctypes.c_void_p
        status = ctypes.c_int()
        found = library.__cxa_demangle(name.encode(), None, None, ctypes.byref(status))
        if status.value == 0 and found:
            text = ctypes.string_at(found).decode("utf-8", "replace")
            ctypes.CDLL(None).free(ctypes.c_void_p(found))
            return text
    return None
