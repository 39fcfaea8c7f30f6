"""A process whose every traced action is known: it reads what to do as JSON from stdin and does exactly that.

Run with `python -I -S`. After it became the marked user it makes no system call of the traced kinds but those asked for.
"""

import ctypes
import json
import os
import sys
import time

PR_SET_NAME, AT_FDCWD = 15, -100
MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MADV_NOHUGEPAGE = 2, 0x10, 0x20, 15

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def name(comm: str) -> None:
    libc.prctl(PR_SET_NAME, bytes.fromhex(comm), 0, 0, 0)


def opens(path: str, times: int) -> None:
    for _ in range(times):
        libc.openat(AT_FDCWD, bytes.fromhex(path), 0)


def reads(fd: int, sizes: list[int]) -> None:
    buffer = ctypes.create_string_buffer(max(sizes))
    for size in sizes:
        libc.read(fd, buffer, size)


def calls(cpus: list[int], times: int) -> None:
    """Call getpgid(0) `times` times on each of the CPUs at once."""
    children = []
    for cpu in cpus:
        child = os.fork()
        if not child:
            os.sched_setaffinity(0, {cpu})
            for _ in range(times):
                libc.getpgid(0)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def faults(address: int, pages: int) -> None:
    flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    where = libc.mmap(address, pages * 4096, 3, flags, -1, 0)
    assert where == address
    libc.madvise(address, pages * 4096, MADV_NOHUGEPAGE)
    for page in range(pages):
        ctypes.memset(address + page * 4096, 1, 1)


def pause(seconds: float) -> None:
    """Let a tracer read what is in its buffer: the event of exit() is lost like any other while that is full."""
    time.sleep(seconds)


def done() -> None:
    libc.getppid()


def main() -> None:
    zero = os.open("/dev/zero", os.O_RDONLY)
    orders = json.load(sys.stdin)
    os.sched_setaffinity(0, {orders["cpu"]})
    os.setuid(orders["uid"])
    for order, *arguments in orders["acts"]:
        if order == "reads":
            arguments = [zero, *arguments]
        globals()[order](*arguments)


main()
