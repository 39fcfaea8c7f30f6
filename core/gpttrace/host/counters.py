"""Which performance events this machine counts, asked of the kernel itself."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from functools import lru_cache

_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}  # arch/*/include/**/syscall tables
_ATTR_SIZE = 64  # PERF_ATTR_SIZE_VER0, accepted by every kernel since 2.6.31
PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE = 0, 1
PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_SW_CPU_CLOCK = 0, 0
_DISABLED = 1


@lru_cache(maxsize=8)
def counts(kind: int, config: int) -> bool:
    """Tell whether perf_event_open(2) gives a counter of this type and config on CPU 0 or for ourselves."""
    number = _PERF_EVENT_OPEN.get(platform.machine())
    if number is None:
        return os.path.exists("/sys/bus/event_source/devices/cpu")
    attr = ctypes.create_string_buffer(
        struct.pack("<IIQQQQQ", kind, _ATTR_SIZE, config, 0, 0, 0, _DISABLED).ljust(_ATTR_SIZE, b"\0")
    )
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(number, attr, 0, -1, -1, 0)
    if fd < 0:
        return False
    os.close(fd)
    return True


def hardware_counters() -> bool:
    """Tell whether the CPU's cycle counter can be used (it cannot in most virtual machines)."""
    return counts(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES)


def software_events() -> bool:
    """Tell whether the kernel's software events (page faults, context switches …) can be counted."""
    return counts(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK)
