"""What one trace may use, and how that is said to bpftrace.

Time, rows, bytes and memory are watched by us and end a trace gracefully: all its maps are kept. Map sizes, string
lengths and numbers of probes are bpftrace's own limits, given to it in its environment, under the names of every version.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

GIB = 1 << 30
BUFFER_BUDGET = 64 << 20  # bytes for all CPUs together
PAGE = 4096
OLD_STRING_LIMIT = 200  # 0.17 refuses more: strings lived on the 512-byte BPF stack


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one trace; None leaves bpftrace's own default.

    `seconds` counts from the moment all probes are attached (None: until stopped), `attach_seconds` before it; `rows` is
    for all event tables together; `memory` is bpftrace's resident memory in bytes; `grace` is what a stop may take
    besides 0.15 s per probe; `buffer_pages` are pages of 4 KiB per CPU.
    """

    seconds: float | None = None
    rows: int = 1_000_000
    output_bytes: int = GIB
    memory: int = 2 * GIB
    attach_seconds: float = 60.0
    grace: float = 2.0
    map_keys: int | None = None
    string_length: int | None = None
    probes: int = 1024
    buffer_pages: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as the supervisor reads them."""
        return asdict(self)


def bpftrace_environment(limits: Limits, caller: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of bpftrace: nothing of the caller's but where and when it is."""
    env = {name: caller[name] for name in ("PATH", "HOME", "TZ") if name in caller}
    env |= {"LANG": "C.UTF-8", "NO_COLOR": "1", "BPFTRACE_COLOR": "never"}
    # 0.17 knows the first of each pair, 0.20 and later the second; 0.27 ignores old names without a word.
    pages = limits.buffer_pages or default_buffer_pages(os.cpu_count() or 1)
    env["BPFTRACE_PERF_RB_PAGES"] = str(pages)
    env["BPFTRACE_MAX_PROBES"] = env["BPFTRACE_MAX_BPF_PROGS"] = str(limits.probes)
    if limits.map_keys is not None:
        env["BPFTRACE_MAP_KEYS_MAX"] = env["BPFTRACE_MAX_MAP_KEYS"] = str(limits.map_keys)
    if limits.string_length is not None:
        env["BPFTRACE_STRLEN"] = str(min(limits.string_length, OLD_STRING_LIMIT))
        env["BPFTRACE_MAX_STRLEN"] = str(limits.string_length)
    return env


def default_buffer_pages(cpus: int) -> int:
    """Share the budget between CPUs: a power of two (0.17 wants that) from 64 to 4096 pages.

    bpftrace's own 64 pages lost 67 % of the rows of a loop of getpid(2), 4096 none (0.23.2).
    """
    pages = 4096
    while pages > 64 and pages * PAGE * cpus > BUFFER_BUDGET:
        pages //= 2
    return pages
