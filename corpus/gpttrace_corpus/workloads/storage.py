"""Data on its way to a disk and back: the page cache, writeback, the block layer and the file systems above it."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PAGE = mmap.PAGESIZE
_IO_SUBMIT = {"x86_64": (206, 209, 208, 207), "aarch64": (0, 2, 4, 1)}  # setup, submit, getevents, destroy


@contextmanager
def _file(pages: int, synced: bool = True) -> Iterator[int]:
    """Give a descriptor of a nameless file of so many pages on a disk, its data written through."""
    fd, name = tempfile.mkstemp(prefix="gptcanary-", dir="/var/tmp")
    os.unlink(name)
    try:
        os.write(fd, bytes(_PAGE) * pages)
        if synced:
            os.fsync(fd)
        yield fd
    finally:
        os.close(fd)


def _drop(fd: int) -> None:
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def fsync_file(times: int) -> Iterator[None]:
    """Change a file on disk and write it through; each act is one fsync(2) (and one pwrite64(2))."""
    with _file(1) as fd:
        data = bytes(512)
        yield
        for _ in range(times):
            os.pwrite(fd, data, 0)
            os.fsync(fd)
        yield


def sync_filesystem(times: int) -> Iterator[None]:
    """Have one file system written out; each act is one syncfs(2), with something to write."""
    with _file(1) as fd:
        data = bytes(512)
        yield
        for _ in range(times):
            os.pwrite(fd, data, 0)
            if _LIBC.syncfs(fd) != 0:
                raise OSError(ctypes.get_errno(), "syncfs")
        yield


def allocate_block(times: int) -> Iterator[None]:
    """Write the first page of an empty file and write it through; each act is one fsync(2) that finds room for one block.

    Each file has its own: one that grows may need blocks for its extent tree as well, when the disk has no room in one piece.
    """
    with ExitStack() as opened:
        files = [opened.enter_context(_file(0)) for _ in range(times)]
        data = bytes(_PAGE)
        yield
        for fd in files:
            os.write(fd, data)
            os.fsync(fd)
        yield


def sync_mapping(times: int) -> Iterator[None]:
    """Change a mapped page and write it through; each act is one msync(2)."""
    with _file(1) as fd, mmap.mmap(fd, _PAGE) as mapped:
        yield
        for number in range(times):
            mapped[0] = number % 256
            mapped.flush()
        yield


def fill_cache(times: int) -> Iterator[None]:
    """Bring pages into the page cache one by one, by writing a new page each time; each act adds one page."""
    with _file(0) as fd:
        data = bytes(_PAGE)
        yield
        for number in range(times):
            os.pwrite(fd, data, number * _PAGE)
        yield


def drop_cached_file(times: int) -> Iterator[None]:
    """Take pages out of the page cache, by cutting a page off a file each time; each act removes one page."""
    with _file(0) as fd:
        for number in range(times):
            os.pwrite(fd, bytes(_PAGE), number * _PAGE)
        yield
        for number in reversed(range(times)):
            os.ftruncate(fd, number * _PAGE)
        yield


def read_cached(times: int) -> Iterator[None]:
    """Read a page that is in the page cache; each act is one pread64(2) and one look into the cache."""
    with _file(1) as fd:
        os.pread(fd, _PAGE, 0)
        yield
        for _ in range(times):
            os.pread(fd, _PAGE, 0)
        yield


def read_ahead(times: int) -> Iterator[None]:
    """Read a page that is not in the page cache, far from the last one; each act makes the kernel read ahead once."""
    with _file(64 * times) as fd:
        _drop(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        yield
        for number in range(times):
            os.pread(fd, _PAGE, 64 * _PAGE * number)
        yield


def advise_file(times: int) -> Iterator[None]:
    """Tell the kernel `times` times that a file will be read in order."""
    with _file(4) as fd:
        yield
        for _ in range(times):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        yield


def call_readahead(times: int) -> Iterator[None]:
    """Ask `times` times for the first page of a file to be read into the page cache."""
    libc = ctypes.CDLL(None, use_errno=True)
    with _file(4) as fd:
        yield
        for _ in range(times):
            libc.readahead(fd, ctypes.c_int64(0), ctypes.c_size_t(_PAGE))
        yield


def dirty_page(times: int) -> Iterator[None]:
    """Change clean pages of a file; each act makes one page dirty."""
    with _file(0) as fd:
        data = bytes(_PAGE)
        for number in range(times):  # one by one: a long write would make pages that are dirtied together
            os.pwrite(fd, data, number * _PAGE)
        os.fsync(fd)
        yield
        for number in range(times):
            os.pwrite(fd, data, number * _PAGE)
        yield


def _aligned() -> mmap.mmap:
    return mmap.mmap(-1, _PAGE)


def _direct(fd: int) -> int:
    path = f"/proc/self/fd/{fd}"
    try:
        return os.open(path, os.O_RDWR | os.O_DIRECT)
    except OSError as error:
        raise RuntimeError(f"/var/tmp takes no direct I/O: {error.strerror}") from error


def direct_write(times: int) -> Iterator[None]:
    """Write a page past the page cache; each act is one request of 4 KiB to the disk."""
    with _file(times) as fd, _aligned() as page:
        direct = _direct(fd)
        yield
        for number in range(times):
            os.pwrite(direct, page, number * _PAGE)
        yield
        os.close(direct)


def direct_read(times: int) -> Iterator[None]:
    """Read a page past the page cache; each act is one request of 4 KiB to the disk."""
    with _file(times) as fd, _aligned() as page:
        direct = _direct(fd)
        yield
        for number in range(times):
            os.preadv(direct, [page], number * _PAGE)
        yield
        os.close(direct)


def buffered_write(times: int) -> Iterator[None]:
    """Write a page into the page cache again and again; nothing goes to the disk meanwhile."""
    with _file(1, synced=False) as fd:
        data = bytes(_PAGE)
        yield
        for _ in range(times):
            os.pwrite(fd, data, 0)
        yield


def delete_full_file(times: int) -> Iterator[None]:
    """Delete files that have a block on the disk; each act frees the blocks of one file."""
    folder = Path(tempfile.mkdtemp(prefix="gptcanary-", dir="/var/tmp"))
    paths = [bytes(folder / f"file{number}") for number in range(times)]
    for path in paths:
        fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(fd, bytes(_PAGE))
        os.fsync(fd)
        os.close(fd)
    yield
    for path in paths:
        os.unlink(path)
    yield
    shutil.rmtree(folder)


def submit_aio(times: int) -> Iterator[None]:
    """Read a page by the kernel's asynchronous I/O; each act is one io_submit(2) with one request."""
    numbers = _IO_SUBMIT.get(platform.machine())
    if numbers is None:
        raise RuntimeError(f"the numbers of the system calls of {platform.machine()} are not known")
    setup, submit, events, destroy = numbers
    context = ctypes.c_ulong(0)
    if _LIBC.syscall(setup, 8, ctypes.byref(context)) != 0:
        raise RuntimeError(f"io_setup: {os.strerror(ctypes.get_errno())}")
    done = ctypes.create_string_buffer(32 * 8)
    target = ctypes.create_string_buffer(_PAGE)
    with _file(1) as fd:
        # struct iocb: data, key, flags, opcode (0: pread), priority, fd, address, bytes, offset, …
        block = ctypes.create_string_buffer(
            struct.pack("<QIIHhIQQqQII", 0, 0, 0, 0, 0, fd, ctypes.addressof(target), _PAGE, 0, 0, 0, 0), 64
        )
        pointers = (ctypes.c_void_p * 1)(ctypes.addressof(block))
        yield
        for _ in range(times):
            if _LIBC.syscall(submit, context, 1, pointers) != 1:
                raise OSError(ctypes.get_errno(), "io_submit")
            _LIBC.syscall(events, context, 1, 1, done, None)
        yield
    _LIBC.syscall(destroy, context)
