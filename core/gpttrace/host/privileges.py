"""Privileges: what we may do on this machine, and by which way bpftrace could be run. Nothing here asks for a password.

Every answer is the kernel's or sudo's own: `sudo -n -l PROGRAM` fails rather than prompts, and a namespace is made to see
whether one can be made. Where the machine does not say, the answer is None.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gpttrace.process import run_tool

SUDO_SECONDS = 2.0
# Bits of include/uapi/linux/capability.h that tracing asks for.
CAPABILITIES = {
    "CAP_DAC_OVERRIDE": 1, "CAP_DAC_READ_SEARCH": 2, "CAP_NET_ADMIN": 12, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21,
    "CAP_SYS_RESOURCE": 24, "CAP_PERFMON": 38, "CAP_BPF": 39,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Privileges:
    """What we may do: `sudo` and `namespaces` say whether those ways are open; `lockdown` is the mode that the kernel names."""

    root: bool
    capabilities: tuple[str, ...]
    sudo: bool
    namespaces: bool
    lockdown: str | None
    unprivileged_bpf_disabled: int | None
    perf_event_paranoid: int | None
    container: str | None
    own_pid_namespace: bool | None

    def to_json(self) -> dict[str, Any]:
        """Return the facts as JSON values."""
        return asdict(self)


@lru_cache(maxsize=4)
def find_privileges(bpftrace: str | None) -> Privileges:
    """Find out; 10-60 ms, at most 4 s where sudo or unshare hang."""
    root = os.geteuid() == 0
    return Privileges(
        root=root,
        capabilities=capabilities(),
        sudo=not root and bpftrace is not None and sudo_runs(bpftrace),
        namespaces=can_make_namespaces(),
        lockdown=lockdown(),
        unprivileged_bpf_disabled=_number("kernel/unprivileged_bpf_disabled"),
        perf_event_paranoid=_number("kernel/perf_event_paranoid"),
        container=container(),
        own_pid_namespace=own_pid_namespace(),
    )


def capabilities() -> tuple[str, ...]:
    """Return the effective capabilities that matter for tracing, by name."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return ()
    mask = int(found[1], 16) if (found := re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.MULTILINE)) else 0
    return tuple(name for name, bit in CAPABILITIES.items() if mask >> bit & 1)


def sudo_runs(program: str) -> bool:
    """Tell whether sudo would start a program for us at once, without a password."""
    sudo = shutil.which("sudo")
    return sudo is not None and _succeeds([sudo, "-n", "-l", program])


def can_make_namespaces() -> bool:
    """Tell whether we can make a user namespace with mounts of its own, which checking without root stands on."""
    unshare = shutil.which("unshare")
    return unshare is not None and _succeeds([unshare, "-Urm", "true"])


def lockdown(path: Path = Path("/sys/kernel/security/lockdown")) -> str | None:
    """Return the kernel's lockdown mode (the word in brackets), or None when it has no lockdown or does not say."""
    with suppress(OSError):
        found = re.search(r"\[(\w+)\]", path.read_text(encoding="utf-8"))
        return found[1] if found else None
    return None


def container() -> str | None:
    """Return the kind of container that we are in (`docker`, `podman`, `lxc` …), or None."""
    for path, kind in (("/run/.containerenv", "podman"), ("/.dockerenv", "docker")):
        if os.path.exists(path):
            return kind
    with suppress(OSError):
        return Path("/run/systemd/container").read_text(encoding="utf-8").strip() or "container"
    return None


def own_pid_namespace() -> bool | None:
    """Tell whether our process ids differ from those that BPF programs see; None when /proc does not say."""
    if sys.platform != "linux":
        return None
    with suppress(OSError):
        # PROC_PID_INIT_INO of include/linux/proc_ns.h: the first namespace has a fixed number.
        return os.stat("/proc/self/ns/pid").st_ino != 0xEFFFFFFC
    return None


def _number(name: str) -> int | None:
    with suppress(OSError, ValueError):
        return int(Path("/proc/sys", name).read_text(encoding="utf-8"))
    return None


def _succeeds(argv: list[str]) -> bool:
    with suppress(OSError):
        return run_tool(argv, timeout=SUDO_SECONDS).exit == 0
    return False
