"""What processes do with their memory: mapping, touching, protecting, giving hints, running out of it."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_HUGE = 2 << 20
_READ, _WRITE = 1, 2
_PRIVATE, _ANONYMOUS = 2, 0x20
_COLLAPSE, _NO_HUGE, _COLD = 25, 15, 20
_THP_DISABLE = 41  # PR_SET_THP_DISABLE of linux/prctl.h
_TRIES = 20
_MAY_MOVE = 1
_FAILED = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
for _name, _types in {
    "mmap": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long),
    "munmap": (ctypes.c_void_p, ctypes.c_size_t),
    "mremap": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int),
    "mprotect": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int),
    "madvise": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int),
    "mlock": (ctypes.c_void_p, ctypes.c_size_t),
    "munlock": (ctypes.c_void_p, ctypes.c_size_t),
    "sbrk": (ctypes.c_long,),
    "prctl": (ctypes.c_int, *[ctypes.c_ulong] * 4),
}.items():
    getattr(_libc, _name).argtypes = _types
for _name in ("mmap", "mremap", "sbrk"):
    getattr(_libc, _name).restype = ctypes.c_void_p


def _map(size: int) -> int:
    address = _libc.mmap(None, size, _READ | _WRITE, _PRIVATE | _ANONYMOUS, -1, 0)
    if address == _FAILED:
        raise RuntimeError(f"mmap: {os.strerror(ctypes.get_errno())}")
    return int(address or 0)


def _advise(address: int, size: int, advice: int) -> int:
    return int(_libc.madvise(address, size, advice))


def _pages(times: int) -> int:
    """Map `times` pages that never become a huge page."""
    address = _map(times * _PAGE)
    _advise(address, times * _PAGE, _NO_HUGE)
    return address


def map_memory(times: int) -> Iterator[None]:
    """Map one page `times` times; each act is one mmap(2)."""
    addresses = [0] * times
    yield
    for index in range(times):
        addresses[index] = _map(_PAGE)
    yield
    for address in addresses:
        _libc.munmap(address, _PAGE)


def unmap_memory(times: int) -> Iterator[None]:
    """Give `times` mappings of one page back; each act is one munmap(2)."""
    addresses = [_map(_PAGE) for _ in range(times)]
    yield
    for address in addresses:
        _libc.munmap(address, _PAGE)
    yield


def resize_mapping(times: int) -> Iterator[None]:
    """Make one mapping larger by a page, `times` times; each act is one mremap(2)."""
    address = _map(_PAGE)
    yield
    for pages in range(1, times + 1):
        address = _libc.mremap(address, pages * _PAGE, (pages + 1) * _PAGE, _MAY_MOVE)
    yield
    _libc.munmap(address, (times + 1) * _PAGE)


def touch_memory(times: int) -> Iterator[None]:
    """Write to `times` fresh pages; each act is one page fault in user mode."""
    size = times * _PAGE
    address = _pages(times)
    ctypes.memset(_pages(1), 1, 1)  # memset itself is in memory from here on
    yield
    ctypes.memset(address, 1, size)
    yield
    _libc.munmap(address, size)


def write_zero_pages(times: int) -> Iterator[None]:
    """Write to `times` pages that were only read so far; each act is one fault that copies the shared page of zeros."""
    size = times * _PAGE
    address = _pages(times)
    ctypes.string_at(address, size)
    ctypes.memset(_pages(1), 1, 1)
    yield
    ctypes.memset(address, 1, size)
    yield
    _libc.munmap(address, size)


def grow_heap(times: int) -> Iterator[None]:
    """Move the end of the heap up by a page, `times` times; each act is one brk(2)."""
    _libc.sbrk(0)
    yield
    for _ in range(times):
        _libc.sbrk(_PAGE)
    yield
    # It is left where it is: the C library may have taken memory behind it.


def protect_memory(times: int) -> Iterator[None]:
    """Change what may be done with a page, `times` times; each act is one mprotect(2)."""
    address = _map(_PAGE)
    yield
    for index in range(times):
        _libc.mprotect(address, _PAGE, _READ if index % 2 else _READ | _WRITE)
    yield
    _libc.munmap(address, _PAGE)


def advise_memory(times: int) -> Iterator[None]:
    """Tell the kernel that a page is not needed soon, `times` times; each act is one madvise(2)."""
    address = _map(_PAGE)
    yield
    for _ in range(times):
        _advise(address, _PAGE, _COLD)
    yield
    _libc.munmap(address, _PAGE)


def lock_memory(times: int) -> Iterator[None]:
    """Lock `times` pages; each act is one mlock(2)."""
    addresses = [_map(2 * _PAGE) for _ in range(times)]
    if _libc.mlock(addresses[0], _PAGE):
        raise RuntimeError(f"mlock: {os.strerror(ctypes.get_errno())}")
    _libc.munlock(addresses[0], _PAGE)
    yield
    for address in addresses:
        _libc.mlock(address, _PAGE)
    yield
    for address in addresses:
        _libc.munmap(address, 2 * _PAGE)


def collapse_memory(times: int) -> Iterator[None]:
    """Ask for a huge page in place of small ones, `times` times (Linux 6.1); each act is one collapse."""
    if not Path("/sys/kernel/mm/transparent_hugepage").exists():
        raise RuntimeError("this kernel has no transparent huge pages")
    size = (times + 1) * _HUGE
    # Advice (no huge pages, then huge pages) would wake khugepaged, which collapses one now and then before this process does.
    _libc.prctl(_THP_DISABLE, 1, 0, 0, 0)
    base = _map(size)
    address = (base + _HUGE - 1) // _HUGE * _HUGE
    for index in range(times):
        ctypes.memset(address + index * _HUGE, 1, 1)
    _libc.prctl(_THP_DISABLE, 0, 0, 0, 0)
    with suppress(OSError):
        # Each collapse takes a huge page; when memory is in pieces, there may be none.
        Path("/proc/sys/vm/compact_memory").write_text("1")
    yield
    for index in range(times):
        _collapse(address + index * _HUGE)
    yield
    _libc.munmap(base, size)


def _collapse(address: int) -> None:
    for _ in range(_TRIES):
        if _advise(address, _HUGE, _COLLAPSE) == 0:
            return
        # EAGAIN: somebody (compaction, reclaim) holds the page for the moment.
    raise RuntimeError(f"madvise(MADV_COLLAPSE): {os.strerror(ctypes.get_errno())}")


def set_oom_score(times: int) -> Iterator[None]:
    """Write the OOM score adjustment that the process has already, `times` times."""
    path = "/proc/self/oom_score_adj"
    text = Path(path).read_bytes()
    file = os.open(path, os.O_WRONLY)
    yield
    for _ in range(times):
        os.pwrite(file, text, 0)
    yield
    os.close(file)


def oom_in_cgroup(times: int) -> Iterator[None]:
    """Let `times` children run out of the memory of a cgroup of their own; each act is one process that the kernel kills."""
    group = _small_cgroup(4 << 20)
    size = 16 << 20
    try:
        yield
        for _ in range(times):
            child = os.fork()
            if child == 0:
                _exhaust(group, size)
            os.waitpid(child, 0)
        yield
    finally:
        group.rmdir()


def _exhaust(group: Path, size: int) -> None:
    try:
        (group / "cgroup.procs").write_text("0")
        signal.alarm(5)  # where nothing is killed, it ends by itself
        ctypes.memset(_map(size), 1, size)
    finally:
        os._exit(1)


def _small_cgroup(limit: int) -> Path:
    root = Path("/sys/fs/cgroup")
    if not (root / "cgroup.controllers").exists():
        raise RuntimeError("there is no cgroup v2")
    if "memory" in (root / "cgroup.controllers").read_text().split():
        (root / "cgroup.subtree_control").write_text("+memory")
    group = root / f"gptcanary-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.max").write_text(str(limit))
        swap = group / "memory.swap.max"
        if swap.exists():
            swap.write_text("0")
    except OSError as error:
        group.rmdir()
        raise RuntimeError(f"cgroups cannot limit memory here: {error}") from None
    return group
