"""Host: what one machine can trace. Every fact is asked of the machine, the costly ones once.

`Host.local()` reads a few small files only; functions, types and the search come when they are asked for (`sources`). It never
fails: what cannot be found out is absent, and `problems()` says for each thing that does not work why, and what mends it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gpttrace.errors import Unavailable
from gpttrace.host import counters, points, tracefs
from gpttrace.host.bpftrace import Bpftrace, find_bpftrace
from gpttrace.host.cgroups import find_cgroup_root
from gpttrace.host.kinds import local_ability
from gpttrace.host.knowing import Knowing
from gpttrace.host.remembered import identity
from gpttrace.host.sources import LocalEvents, Sources
from gpttrace.host.tracefs import Field
from gpttrace.settings import Settings

# As MKDEV of include/linux/kdev_t.h.
_MINOR_BITS = 20

if TYPE_CHECKING:
    from gpttrace.host.btf import Btf
    from gpttrace.host.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Host(Knowing):
    """The facts that writing, checking and running stand on; `saved` when they were read from a host file, `name` says whose."""

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
    name: str
    saved: bool
    sources: Sources = field(repr=False, compare=False)
    saved_facts: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

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
            name=platform.node() or "localhost",
            saved=False,
            sources=_local_sources(settings, tool, mounted),
        )

    @classmethod
    def load(cls, path: Path | str) -> Host:
        """Read a host file that `save` wrote, on any system; UsageError when it is not one."""
        from gpttrace.host.saved import load_fields

        return cls(**load_fields(Path(path)))

    def save(self, path: Path | str) -> None:
        """Write everything that is known of this machine into one file; StoreError when it cannot be written."""
        from gpttrace.host.saved import save_host

        save_host(self, Path(path))

    def snapshot(self, folder: Path | str, wanted: Iterable[str] = ()) -> Path | None:
        """Write the files of tracefs that bpftrace reads when it compiles; return a BTF file (see snapshot.py)."""
        from gpttrace.host.snapshot import write_snapshot

        return write_snapshot(self, Path(folder), wanted)

    def rights(self) -> dict[str, Any]:
        """Return what we may do there: root, capabilities, sudo, namespaces, lockdown (see privileges.py)."""
        if self.saved_facts is not None:
            return dict(self.saved_facts.get("rights", {}))
        from gpttrace.host.privileges import find_privileges

        return find_privileges(self.bpftrace).to_json()

    @property
    def bpftrace(self) -> str | None:
        """Path of bpftrace, or None."""
        return self.tool.path if self.tool else None

    @property
    def version(self) -> tuple[int, ...]:
        """bpftrace's version as numbers; empty when there is none."""
        if self.saved_facts is not None:
            return tuple(self.saved_facts.get("bpftrace", {}).get("version", ()))
        return self.tool.version if self.tool else ()

    def tracepoint_names(self) -> frozenset[str]:
        """Return every tracepoint of this kernel as `category:name`."""
        return self.sources.events.names()

    def has_tracepoint(self, name: str) -> bool:
        """Tell whether `category:name` exists here."""
        return name in self.tracepoint_names()

    def tracepoint_fields(self, name: str) -> Mapping[str, Field]:
        """Return the fields of `category:name` by name."""
        return self.sources.events.fields(name)

    def has_point(self, point: str) -> bool | None:
        """Tell whether a probe can be attached here; None when that cannot be known."""
        return points.has_point(self, self.version, point)

    def lacking(self, point: str, names: Iterable[str]) -> str | None:
        """Return the first of `names` that `args` does not hold at a probe, if any is known to be missing."""
        return points.lacking(self, point, names)

    def spelled(self, point: str) -> str:
        """Return a probe in the words of this machine's bpftrace, with the paths of its libraries."""
        return points.spelled(self, self.version, point)

    def plain_fields(self, tracepoint: str) -> Mapping[str, Literal["int64", "uint64", "string"]]:
        """Return the numbers and fixed-size texts that `category:name` gives, by name."""
        return points.plain_fields(self, tracepoint)

    def pid_exists(self, pid: int) -> bool:
        """Tell whether a process or thread of this id is alive."""
        return not self.saved and os.path.exists(f"/proc/{pid}")

    def comm_of(self, pid: int) -> str | None:
        """Return the name of a living process (15 bytes at most), or None."""
        if self.saved:
            return None
        try:
            return Path(f"/proc/{pid}/comm").read_bytes().decode(errors="replace").removesuffix("\n")
        except OSError:
            return None

    def block_device(self, name: str) -> int | None:
        """Return the number that the kernel gives a disk (`sda`) in its events; None when there is none of this name."""
        try:
            text = "" if self.saved else Path(f"/sys/class/block/{name}/dev").read_text(encoding="ascii")
        except OSError:
            return None
        major, _, minor = text.strip().partition(":")
        return (int(major) << _MINOR_BITS) | int(minor) if minor else None

    def problems(self) -> list[tuple[str, str]]:
        """List what keeps this machine from tracing, each with the command that mends it; none for a host file."""
        if self.saved:
            return []
        found = [self.tool_problem] if self.tool_problem else []
        if not self.is_root:
            found.append(("only root may load BPF programs here", "run the command again with sudo"))
        if (trouble := tracefs.problem()) is not None:
            found.append(trouble)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of `gpttrace host show --json`."""
        return {
            "name": self.name,
            "saved": self.saved_facts.get("saved_at") if self.saved_facts is not None else None,
            "bpftrace": {"path": self.bpftrace, "version": ".".join(map(str, self.version)) or None},
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


def _local_sources(settings: Settings, tool: Bpftrace | None, mounted: Path | None) -> Sources:
    # What reads types and lists is imported when they are asked for: `gpttrace ask` never does.
    def open_inventory() -> Inventory:
        from gpttrace.host.inventory import local_inventory, machine_state
        from gpttrace.host.scan import KALLSYMS, scan

        told = identity(tool.path) if tool else ""
        seen = str(mounted) if _fentry(mounted) else ""
        state = machine_state(told, seen, str(os.access(KALLSYMS, os.R_OK)))
        return local_inventory(settings.cache_dir, state, lambda: scan(mounted))

    def read(module: str, base: Btf | None) -> Btf:
        from gpttrace.host.scan import OFFSETS, load_btf

        return load_btf(module, base, sources.inventory.blob(OFFSETS.format(module)))

    sources = Sources(LocalEvents(mounted), local_ability, open_inventory, read)
    return sources


def _fentry(mounted: Path | None) -> bool:
    # bpftrace takes fentry targets from this list; a kernel without ftrace does not have it.
    try:
        return mounted is not None and bool((mounted / "available_filter_functions").open("rb").read(1))
    except OSError:
        return False
