"""Which performance events this machine counts, asked of the kernel itself."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from functools import lru_cache

_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}  # arch/*/include/**/syscall tables
_ATTR_SIZE = 64  # PERF_ATTR_SIZE_VER0, accepted by every kernel since 2.6.31
_ATTR_SIZE_1 = 72  # PERF_ATTR_SIZE_VER1, which has the length of a breakpoint
PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE, PERF_TYPE_BREAKPOINT = 0, 1, 5
HW_BREAKPOINT_W = 2
PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_SW_CPU_CLOCK = 0, 0
_DISABLED = 1


@lru_cache(maxsize=8)
def counts(kind: int, config: int) -> bool:
    """Tell whether perf_event_open(2) gives a counter of this type and config on CPU 0 or for ourselves."""
    attr = struct.pack("<IIQQQQQ", kind, _ATTR_SIZE, config, 0, 0, 0, _DISABLED).ljust(_ATTR_SIZE, b"\0")
    opened = _opens(attr, pid=0, cpu=-1)
    return os.path.exists("/sys/bus/event_source/devices/cpu") if opened is None else opened


def _opens(attr: bytes, *, pid: int, cpu: int) -> bool | None:
    """Tell whether the kernel opens such an event; None where we do not know the number of the system call."""
    number = _PERF_EVENT_OPEN.get(platform.machine()) if sys.platform == "linux" else None
    if number is None:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(number, ctypes.create_string_buffer(attr, len(attr)), pid, cpu, -1, 0)
    if fd < 0:
        return False
    os.close(fd)
    return True


@lru_cache(maxsize=1)
def watchpoints() -> bool | None:
    """Tell whether the CPU watches an address for us (bpftrace's `watchpoint`); virtual machines often cannot."""
    watched = ctypes.c_uint32()
    head = struct.pack("<IIQQQQQ", PERF_TYPE_BREAKPOINT, _ATTR_SIZE_1, 0, 0, 0, 0, _DISABLED)
    tail = struct.pack("<IIQQ", 0, HW_BREAKPOINT_W, ctypes.addressof(watched), ctypes.sizeof(watched))
    return _opens((head + tail).ljust(_ATTR_SIZE_1, b"\0"), pid=0, cpu=-1)


def hardware_counters() -> bool:
    """Tell whether the CPU's cycle counter can be used (it cannot in most virtual machines)."""
    return counts(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES)


def software_events() -> bool:
    """Tell whether the kernel's software events (page faults, context switches …) can be counted."""
    return counts(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK)
