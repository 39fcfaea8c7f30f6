"""Kinds of probes: their names, and whether each can be attached on this machine, asked of the kernel's own files.

Nothing is decided by the kernel's version. Where an answer cannot be had (no right to look), it is None, not a guess.
"""

from __future__ import annotations

import gzip
import os
import platform
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gpttrace.host import counters, tracefs

KINDS = (
    "begin", "end", "self", "interval", "profile", "tracepoint", "rawtracepoint", "kprobe", "kretprobe", "fentry", "fexit",
    "uprobe", "uretprobe", "usdt", "software", "hardware", "iter", "watchpoint", "asyncwatchpoint",
)  # fmt: skip
ALIASES = {
    "kfunc": "fentry", "kretfunc": "fexit", "k": "kprobe", "kr": "kretprobe", "f": "fentry", "fr": "fexit", "t": "tracepoint",
    "rt": "rawtracepoint", "u": "uprobe", "ur": "uretprobe", "U": "usdt", "s": "software", "h": "hardware", "p": "profile",
    "i": "interval", "it": "iter", "w": "watchpoint", "aw": "asyncwatchpoint", "BEGIN": "begin", "END": "end",
}  # fmt: skip
# What `bpftrace -l` prints for these two kinds (0.23.2 and 0.27.1 print the same; 0.17 takes them without listing).
SOFTWARE = (
    "alignment-faults", "bpf-output", "context-switches", "cpu", "cpu-clock", "cpu-migrations", "cs", "dummy", "emulation-faults",
    "faults", "major-faults", "minor-faults", "page-faults", "task-clock",
)  # fmt: skip
HARDWARE = (
    "backend-stalls", "branch-instructions", "branch-misses", "branches", "bus-cycles", "cache-misses", "cache-references",
    "cpu-cycles", "cycles", "frontend-stalls", "instructions", "ref-cycles",
)  # fmt: skip
IN_BINARIES = frozenset(("uprobe", "uretprobe", "usdt"))

TRACEABLE = "available_filter_functions"
_PMU = Path("/sys/bus/event_source/devices")
_VMLINUX = Path("/sys/kernel/btf/vmlinux")


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether a kind can be attached (None: not known), and when not, why and what mends it."""

    works: bool | None
    why: str = ""
    mend: str = ""


def long_name(kind: str) -> str:
    """Return the long lower-case name of bpftrace 0.27 for a kind in any spelling."""
    return ALIASES.get(kind, kind)


@lru_cache(maxsize=64)
def local_ability(kind: str) -> Ability:
    """Find out whether this machine attaches probes of a kind."""
    match kind:
        case "begin" | "end" | "self":
            return Ability(True)
        case "tracepoint":
            return _tracepoints()
        case "kprobe" | "kretprobe":
            return _pmu("kprobe", "CONFIG_KPROBES", "gpttrace probes WORDS finds a tracepoint for it")
        case "uprobe" | "uretprobe" | "usdt":
            return _pmu("uprobe", "CONFIG_UPROBES", "trace the system calls of the program instead")
        case "fentry" | "fexit":
            return _fentry()
        case "rawtracepoint":
            return _option("CONFIG_BPF_EVENTS", "use a tracepoint")
        case "iter":
            return _needs_btf()
        case "hardware" | "software" | "profile" | "interval" | "watchpoint" | "asyncwatchpoint":
            return _counted(kind)
    return Ability(None)


@lru_cache(maxsize=1)
def kernel_config() -> dict[str, str]:
    """Return the options that the running kernel was built with, or {} when no file tells."""
    for path in (Path("/proc/config.gz"), Path(f"/boot/config-{platform.release()}")):
        try:
            data = path.read_bytes()
            text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        except (OSError, ValueError):
            continue
        pairs = (line.partition("=") for line in text.splitlines() if line.startswith("CONFIG_"))
        return {name: value for name, _, value in pairs}
    return {}


def _tracepoints() -> Ability:
    if tracefs.find_tracefs() is not None:
        return Ability(True)
    trouble = tracefs.problem()
    if trouble is not None and "root" in trouble[0]:
        return Ability(None)
    return Ability(False, *(trouble or ("tracefs cannot be used", "gpttrace host doctor")))


def _pmu(name: str, option: str, instead: str) -> Ability:
    if (_PMU / name).exists():
        return Ability(True)
    if not _PMU.exists():
        return Ability(None)
    return Ability(False, _without(option), f"{instead}, or boot a kernel with {option}=y")


def _without(option: str) -> str:
    config = kernel_config()
    if config and option not in config:
        return f"this kernel was built without {option}"
    return f"this kernel does not offer it (is {option} set?)"


def _option(option: str, instead: str) -> Ability:
    config = kernel_config()
    if not config:
        return Ability(None)
    return (
        Ability(True)
        if option in config
        else Ability(False, _without(option), f"{instead}, or boot a kernel with {option}=y")
    )


def _needs_btf() -> Ability:
    if _VMLINUX.exists():
        return Ability(True)
    option = "CONFIG_DEBUG_INFO_BTF"
    return Ability(False, "this kernel does not describe its types (BTF)", f"boot a kernel with {option}=y")


def _fentry() -> Ability:
    described = _needs_btf()
    if not described.works:
        return described
    option = "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
    if kernel_config() and option not in kernel_config():
        return Ability(False, _without(option), f"use kprobe, or boot a kernel with {option}=y")
    mounted = tracefs.find_tracefs()
    if mounted is None:
        return Ability(None)
    try:
        with (mounted / TRACEABLE).open("rb") as listing:
            return Ability(
                bool(listing.read(1)), "ftrace can hook no function of this kernel", "use a tracepoint"
            )
    except OSError as error:
        # bpftrace takes the functions from this file; without it 0.23 and 0.27 refuse every fentry.
        why = f"the list of functions that ftrace can hook, {mounted / TRACEABLE}, cannot be read: {error.strerror}"
        mend = "use a tracepoint or rawtracepoint" if os.geteuid() == 0 else "run the command again with sudo"
        return Ability(None if os.geteuid() else False, why, mend)


def _counted(kind: str) -> Ability:
    if not os.path.exists("/proc/sys/kernel/perf_event_paranoid"):
        return Ability(False, _without("CONFIG_PERF_EVENTS"), "boot a kernel with CONFIG_PERF_EVENTS=y")
    if kind == "hardware":
        works: bool | None = counters.hardware_counters()
        why = "this machine has no hardware counters (virtual machines often have none)"
        mend = "use software:cpu-clock or profile:hz:99; in a virtual machine, have the host pass its PMU through"
    elif kind in ("watchpoint", "asyncwatchpoint"):
        works = counters.watchpoints()
        why, mend = (
            "this machine cannot watch addresses (no hardware breakpoints)",
            "use a uprobe on the code that writes",
        )
    else:
        works = counters.software_events()
        why, mend = "the kernel refuses software events", "run the command again with sudo"
    if works:
        return Ability(True)
    # Without the right to ask, a refusal says nothing of the machine.
    return Ability(False, why, mend) if os.geteuid() == 0 else Ability(None)
