"""With which rights bpftrace can be asked here: root, `sudo -n`, a namespace of its own, or not at all, and why not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gpttrace.check.compiler import rootless
from gpttrace.errors import StoreError
from gpttrace.host import Host
from gpttrace.host.abilities import ENVIRONMENT, Abilities, abilities_of
from gpttrace.host.privileges import sudo_runs
from gpttrace.language import Program
from gpttrace.process import BPFTRACE_MEMORY

_ONLY_OURS = "only GPTtrace's own checks were made"
Rights = Literal["root", "sudo", "rootless", "none"]


@dataclass(frozen=True, slots=True)
class Way:
    """`command` starts bpftrace; `why` says what is missing; `probes_known` that it sees the host's list of probes.

    `namespaced`: it runs in namespaces of its own, so that what it says of the kernel's abilities is not the host's.
    """

    rights: Rights
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    abilities: Abilities | None = None
    why: str | None = None
    namespaced: bool = False
    probes_known: bool = True


def find_way(
    host: Host,
    cache_dir: Path,
    *,
    program: Program | None = None,
    tool: str | None = None,
    seconds: float = 10.0,
) -> Way:
    """Find the best way to ask bpftrace about a program for `host`; blocks, a second the first time.

    `tool` is the bpftrace that is asked where the host is a saved one; `program` the one that will be compiled. `seconds` bounds
    what runs through sudo, which we may not kill.
    """
    path = tool or host.bpftrace
    if path is None:
        return Way("none", why=f"there is no bpftrace here; {_ONLY_OURS}")
    saved = host.saved
    if os.geteuid() == 0 and not saved:
        return _asked(Way("root", (path,), ENVIRONMENT), cache_dir)
    # Root's process is not ours to limit or to kill, so its limits go with it.
    if os.geteuid() != 0 and not saved and sudo_runs(path) and sudo_runs("prlimit"):
        limits = (
            "sudo",
            "-n",
            "prlimit",
            f"--as={BPFTRACE_MEMORY}",
            "timeout",
            "-s",
            "KILL",
            f"{seconds + 1:.0f}",
        )
        return _asked(Way("sudo", (*limits, path), ENVIRONMENT), cache_dir)
    return _namespaced(host, path, cache_dir, rootless.tracepoints_of(program) if program else [])


def _namespaced(host: Host, path: str, cache_dir: Path, wanted: Sequence[str]) -> Way:
    root = os.geteuid() == 0
    try:
        snapshot, types = rootless.take_snapshot(host, cache_dir / "snapshots", wanted)
    except (OSError, StoreError) as error:
        return Way(
            "none", why=f"bpftrace needs root, or a snapshot of the kernel's probes: {error}; {_ONLY_OURS}"
        )
    if not rootless.namespaces_work(snapshot, root=root):
        need = (
            "another machine's program needs namespaces"
            if host.saved
            else "bpftrace needs root, or namespaces"
        )
        return Way("none", why=f"{need}, and none can be made here; {_ONLY_OURS}")
    environment = {**ENVIRONMENT, **({"BPFTRACE_BTF": str(types)} if types else {})}
    command = (*rootless.entry(snapshot, root=root), path)
    known = host.lists("tracepoint")
    return _asked(Way("rootless", command, environment, namespaced=True, probes_known=known), cache_dir)


def _asked(way: Way, cache_dir: Path) -> Way:
    *prefix, path = way.command
    found = abilities_of(path, prefix=prefix, environment=way.environment, cache_dir=cache_dir)
    if found.compile_only is None:
        why = f"{path} does not compile without running as this user; {_ONLY_OURS}"
        return Way("none", why=why, abilities=found)
    return Way(way.rights, way.command, way.environment, found, None, way.namespaced, way.probes_known)
