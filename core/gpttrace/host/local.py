"""Host: what one machine can trace. Every fact is asked of the machine, the costly ones once.

`Host.local()` never fails: what cannot be found out is absent, and `problems()` says for each thing that does not work why, and
the command that mends it.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpttrace.errors import Unavailable
from gpttrace.host import counters, tracefs
from gpttrace.host.bpftrace import Bpftrace, find_bpftrace
from gpttrace.host.cgroups import find_cgroup_root
from gpttrace.host.tracefs import Field
from gpttrace.settings import Settings


@dataclass(frozen=True, slots=True)
class Host:
    """The facts that writing, checking and running stand on."""

    tool: Bpftrace | None
    tool_problem: tuple[str, str] | None
    kernel: str
    arch: str
    cpus: int
    is_root: bool
    tracefs: Path | None
    btf: bool
    kprobes: bool
    fentry: bool
    hardware_counters: bool
    software_events: bool
    cgroup_root: Path | None

    @classmethod
    def local(cls, settings: Settings | None = None) -> Host:
        """Find out what this machine can trace; a few milliseconds after the first time."""
        settings = settings or Settings.load()
        tool, problem = _tool(settings)
        mounted = tracefs.find_tracefs()
        return cls(
            tool=tool,
            tool_problem=problem,
            kernel=platform.release(),
            arch=platform.machine(),
            cpus=os.cpu_count() or 1,
            is_root=os.geteuid() == 0,
            tracefs=mounted,
            btf=os.path.exists("/sys/kernel/btf/vmlinux"),
            kprobes=os.path.exists("/sys/bus/event_source/devices/kprobe"),
            fentry=_fentry(mounted),
            hardware_counters=counters.hardware_counters(),
            software_events=counters.software_events(),
            cgroup_root=find_cgroup_root(),
        )

    @property
    def bpftrace(self) -> str | None:
        """Path of bpftrace, or None."""
        return self.tool.path if self.tool else None

    @property
    def version(self) -> tuple[int, ...]:
        """bpftrace's version as numbers; empty when there is none."""
        return self.tool.version if self.tool else ()

    def tracepoint_names(self) -> frozenset[str]:
        """Return every tracepoint of this kernel as `category:name`."""
        return tracefs.tracepoint_names(self.tracefs) if self.tracefs else frozenset()

    def has_tracepoint(self, name: str) -> bool:
        """Tell whether `category:name` exists here."""
        return name in self.tracepoint_names()

    def tracepoint_fields(self, name: str) -> dict[str, Field]:
        """Return the fields of `category:name` by name."""
        return tracefs.tracepoint_fields(self.tracefs, name) if self.tracefs else {}

    def pid_exists(self, pid: int) -> bool:
        """Tell whether a process or thread of this id is alive."""
        return os.path.exists(f"/proc/{pid}")

    def comm_of(self, pid: int) -> str | None:
        """Return the name of a living process (15 bytes at most), or None."""
        try:
            return Path(f"/proc/{pid}/comm").read_bytes().decode(errors="replace").removesuffix("\n")
        except OSError:
            return None

    def problems(self) -> list[tuple[str, str]]:
        """List what keeps this machine from tracing, each with the command that mends it."""
        found = [self.tool_problem] if self.tool_problem else []
        if not self.is_root:
            found.append(("only root may load BPF programs here", "run the command again with sudo"))
        if (trouble := tracefs.problem()) is not None:
            found.append(trouble)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of `gpttrace host show --json`."""
        return {
            "bpftrace": {"path": self.bpftrace, "version": self.tool.version_text if self.tool else None},
            "kernel": self.kernel,
            "arch": self.arch,
            "cpus": self.cpus,
            "root": self.is_root,
            "tracefs": str(self.tracefs) if self.tracefs else None,
            "tracepoints": len(self.tracepoint_names()),
            "btf": self.btf,
            "kprobes": self.kprobes,
            "fentry": self.fentry,
            "hardware_counters": self.hardware_counters,
            "software_events": self.software_events,
            "cgroup_root": str(self.cgroup_root) if self.cgroup_root else None,
            "problems": [{"what": what, "mend": mend} for what, mend in self.problems()],
        }


def _tool(settings: Settings) -> tuple[Bpftrace | None, tuple[str, str] | None]:
    try:
        return find_bpftrace(settings), None
    except Unavailable as error:
        return None, (error.message, error.hint or "")


def _fentry(mounted: Path | None) -> bool:
    # bpftrace takes fentry targets from this list; a kernel without ftrace does not have it.
    try:
        return mounted is not None and bool((mounted / "available_filter_functions").open("rb").read(1))
    except OSError:
        return False
