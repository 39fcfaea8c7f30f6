"""Threads that sleep, give way and move, and system calls that wait."""

from __future__ import annotations

import ctypes
import os
import platform
import select
import time
from collections.abc import Iterator
from contextlib import suppress

_NUMBERS = {
    "x86_64": {"getrandom": 318, "clock_gettime": 228},
    "aarch64": {"getrandom": 278, "clock_gettime": 113},
    "riscv64": {"getrandom": 278, "clock_gettime": 113},
}


def sleep_briefly(times: int) -> Iterator[None]:
    """Sleep for 2 ms, `times` times, on one processor; each act is one clock_nanosleep(2) and one wait off the processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})  # else a busy machine moves it, which is another event
    yield
    for _ in range(times):
        time.sleep(0.002)
    yield
    os.sched_setaffinity(0, before)


def spin_briefly(times: int) -> Iterator[None]:
    """Compute for a millisecond, `times` times, without ever waiting."""
    yield
    for _ in range(times):
        end = time.perf_counter() + 0.001
        while time.perf_counter() < end:
            pass
    yield


def yield_cpu(times: int) -> Iterator[None]:
    """Offer the processor to others `times` times."""
    yield
    for _ in range(times):
        os.sched_yield()
    yield


def move_cpu(times: int) -> Iterator[None]:
    """Move to another processor `times` times."""
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        raise RuntimeError("there is only one processor to run on")
    one, two = sorted(before)[:2]
    os.sched_setaffinity(0, {two})
    yield
    for index in range(times):
        os.sched_setaffinity(0, {two if index % 2 else one})
    yield
    os.sched_setaffinity(0, before)


def poll_pipe(times: int) -> Iterator[None]:
    """Ask poll(2) `times` times whether an empty pipe can be read, without waiting."""
    reader, writer = os.pipe()
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    yield
    for _ in range(times):
        poll.poll(0)
    yield
    os.close(reader)
    os.close(writer)


def get_random(times: int) -> Iterator[None]:
    """Take 16 random bytes `times` times with the system call (a libc may answer without one)."""
    syscall, number = _syscall("getrandom")
    buffer = ctypes.create_string_buffer(16)
    yield
    for _ in range(times):
        syscall(number, buffer, 16, 0)
    yield


def set_no_clock(times: int) -> Iterator[None]:
    """Ask `times` times to set a clock that nobody can set: each is refused."""
    yield
    for _ in range(times):
        with suppress(OSError):
            time.clock_settime(time.CLOCK_MONOTONIC, 1)
    yield


def ask_kernel_clock(times: int) -> Iterator[None]:
    """Ask the kernel itself for the time `times` times, past the vDSO."""
    syscall, number = _syscall("clock_gettime")
    place = (ctypes.c_int64 * 2)()
    yield
    for _ in range(times):
        syscall(number, ctypes.c_long(time.CLOCK_MONOTONIC), place)
    yield


def _syscall(name: str) -> tuple[ctypes._NamedFuncPointer, ctypes.c_long]:
    if (numbers := _NUMBERS.get(platform.machine())) is None:
        raise RuntimeError(f"the number of {name} is not known for {platform.machine()}")
    return ctypes.CDLL(None).syscall, ctypes.c_long(numbers[name])
