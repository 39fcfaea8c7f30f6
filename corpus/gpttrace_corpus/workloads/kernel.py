"""What makes the kernel itself work: locks of threads, timers, soft interrupts, RCU."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import time
from collections.abc import Iterator

_FUTEX = {"x86_64": 202, "aarch64": 98}
_MEMBARRIER = {"x86_64": 324, "aarch64": 283}
_WAIT, _WAKE = 0, 1
_QUERY, _GLOBAL = 0, 1

_libc = ctypes.CDLL(None, use_errno=True)


def _number(numbers: dict[str, int], name: str) -> int:
    try:
        return numbers[platform.machine()]
    except KeyError:
        raise RuntimeError(f"the number of {name} on {platform.machine()} is not known here") from None


def stay_in_user_mode(times: int) -> Iterator[None]:
    """Add `times` numbers: nothing that the kernel has to do with."""
    total = 0
    yield
    for index in range(times):
        total += index
    yield


def wait_on_futex(times: int) -> Iterator[None]:
    """Wait for a lock whose value is another one, so that the kernel returns at once; each act is one FUTEX_WAIT."""
    number, word = _number(_FUTEX, "futex"), ctypes.c_uint32(1)
    address = ctypes.byref(word)
    yield
    for _ in range(times):
        _libc.syscall(number, address, _WAIT, 0, None, None, 0)
    yield


def wake_futex(times: int) -> Iterator[None]:
    """Wake those that wait for a lock, of whom there are none; each act is one FUTEX_WAKE."""
    number, word = _number(_FUTEX, "futex"), ctypes.c_uint32(1)
    address = ctypes.byref(word)
    yield
    for _ in range(times):
        _libc.syscall(number, address, _WAKE, 1, None, None, 0)
    yield


def wait_for_rcu(times: int) -> Iterator[None]:
    """Wait until every processor has passed through the scheduler; each act is one synchronize_rcu."""
    number = _number(_MEMBARRIER, "membarrier")
    if _libc.syscall(number, _QUERY, 0, 0) & _GLOBAL == 0:
        raise RuntimeError("this kernel does not give membarrier(2) for all processors")
    yield
    for _ in range(times):
        _libc.syscall(number, _GLOBAL, 0, 0)
    yield


def nap(times: int) -> Iterator[None]:
    """Sleep a tenth of a millisecond, `times` times; each act sets one high-resolution timer, which fires."""
    yield
    for _ in range(times):
        time.sleep(0.0001)
    yield


def loop_packet(times: int) -> Iterator[None]:
    """Send one datagram to itself over the loopback device, `times` times; each act raises the soft interrupt of receiving."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(1)
        address = sock.getsockname()
        yield
        for _ in range(times):
            sock.sendto(b"canary", address)
            sock.recv(16)
        yield


def make_filter(times: int) -> Iterator[None]:
    """Give a socket a filter of one instruction, `times` times; each act allocates kernel memory for the program."""
    code = (ctypes.c_uint64 * 1)(0x0000FFFF00000006)  # return 65535
    program = (ctypes.c_uint64 * 2)(1, ctypes.addressof(code))
    attach = 26
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        descriptor = sock.fileno()
        yield
        for _ in range(times):
            _libc.setsockopt(descriptor, socket.SOL_SOCKET, attach, program, 16)
        yield


def make_pipes(times: int) -> Iterator[None]:
    """Make and close a pipe, `times` times; each act allocates and frees one ring of buffers in the kernel."""
    yield
    for _ in range(times):
        for end in os.pipe():
            os.close(end)
    yield
