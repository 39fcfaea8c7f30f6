"""The doctor: what of this machine's tracing works, what does not and why, and the command that mends it.

Every check asks the machine, not a table of versions; the one exception is said where it stands. A check whose answer cannot
be had is neither well nor ill (`ok` is None), and says what would tell.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpttrace.host import tracefs
from gpttrace.host.bpftrace import INSTALL_HINT
from gpttrace.host.kinds import KINDS
from gpttrace.host.local import Host
from gpttrace.settings import Settings

LEAST_ROOM = 200 << 20
_DEBUGFS = Path("/sys/kernel/debug/tracing")
_PAIRS = {
    "kretprobe": "kprobe",
    "fexit": "fentry",
    "uretprobe": "uprobe",
    "asyncwatchpoint": "watchpoint",
    "end": "begin",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `ok` is None when it cannot be told; `mend` is what to do when it is not well."""

    name: str
    ok: bool | None
    says: str
    mend: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {"name": self.name, "ok": self.ok, "says": self.says, "mend": self.mend}


def examine(host: Host, settings: Settings | None = None) -> list[Check]:
    """Return every check, in the order in which one would mend them; of a host file only what it tells."""
    checks = [*_tool(host)]
    if not host.saved:
        checks += [*_rights(host), *_filesystems(host)]
    checks += [*_types(host), *_kinds(host)]
    if not host.saved:
        checks += [*_limits(host), *_folders(settings or Settings.load())]
    return checks


def _tool(host: Host) -> Iterator[Check]:
    version = ".".join(map(str, host.version))
    if not version:
        what, mend = host.tool_problem or ("there is no bpftrace on this machine", INSTALL_HINT)
        yield Check("bpftrace", False, what, mend)
        return
    where = f" at {host.bpftrace}" if host.bpftrace else ""
    yield Check("bpftrace", True, f"bpftrace {version}{where}")
    if (0, 23) <= host.version < (0, 24):
        # By version, because showing it needs an event: seen in 0.23.2, mended in 0.24.0 (bpftrace#4238).
        yield Check(
            "strings of tracepoints",
            False,
            "bpftrace 0.23 reads fields of variable length (`__data_loc`) as empty strings",
            "install bpftrace 0.24 or later and set GPTTRACE_BPFTRACE to its path; or use a rawtracepoint",
        )


def _rights(host: Host) -> Iterator[Check]:
    rights = host.rights()
    if rights["root"]:
        yield Check("rights", True, "we are root")
    elif rights["sudo"]:
        yield Check("rights", True, f"sudo runs {host.bpftrace} without asking for a password")
    elif shutil.which("sudo") is None:
        why = "only root may load BPF programs, and there is no sudo here"
        yield Check("rights", False, why, "become root (su -) and run the command again")
    else:
        why = "only root may load BPF programs, and sudo asks for a password"
        yield Check("rights", False, why, "sudo -v")
    if not rights["root"]:
        yield _namespaces(bool(rights["namespaces"]))
    if rights["lockdown"] == "confidentiality":
        yield Check(
            "lockdown",
            False,
            "the kernel is locked down (confidentiality): BPF programs may not read its memory",
            "boot with lockdown=integrity on the kernel's command line",
        )
    if rights["own_pid_namespace"]:
        yield Check(
            "process ids",
            False,
            "we are in a PID namespace: programs see other process ids than `ps` here",
            "trace from the machine itself, or start the container with --pid=host",
        )


def _namespaces(ok: bool) -> Check:
    if ok:
        return Check("checks without root", True, "bpftrace can be asked in a namespace of our own")
    knob = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    with suppress(OSError):
        if knob.read_text(encoding="utf-8").strip() == "1":
            why = "AppArmor forbids user namespaces; programs are checked by our own rules alone"
            return Check("checks without root", False, why, f"sudo sysctl -w kernel.{knob.name}=0")
    why = "user namespaces cannot be made here; programs are checked by our own rules alone"
    return Check("checks without root", False, why, "sudo sysctl -w user.max_user_namespaces=10000")


def _filesystems(host: Host) -> Iterator[Check]:
    trouble = tracefs.problem()
    if trouble is None:
        yield Check(
            "tracefs", True, f"tracefs is at {host.tracefs} ({len(host.tracepoint_names()):,} tracepoints)"
        )
    else:
        yield Check("tracefs", False, *trouble)
    if host.bpftrace is not None and _knows_only_debugfs(host.bpftrace) and not _is_there(_DEBUGFS):
        yield Check(
            "debugfs",
            False,
            f"this bpftrace looks for tracepoints below {_DEBUGFS} only, which is not there",
            "sudo mount -t debugfs debugfs /sys/kernel/debug",
        )


def _knows_only_debugfs(path: str) -> bool:
    # The path is a constant in the program: newer ones have both.
    with suppress(OSError):
        data = Path(path).read_bytes()
        return b"/sys/kernel/debug/tracing" in data and b"/sys/kernel/tracing" not in data
    return False


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return True  # something is, and we may not look


def _types(host: Host) -> Iterator[Check]:
    if host.has_types:
        count = host.sources.types.indexes["struct"].count
        yield Check("kernel types", True, f"the kernel describes its types (BTF): {count:,} structs")
        return
    yield Check(
        "kernel types",
        False,
        "the kernel does not describe its types (BTF): no fentry, no struct members without headers",
        "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as those of the distributions are",
    )
    build = Path("/lib/modules", host.kernel, "build")
    if not host.saved and not build.exists() and not Path("/sys/kernel/kheaders.tar.xz").exists():
        mend = f"sudo apt-get install linux-headers-{host.kernel}"
        yield Check(
            "kernel headers", False, f"without BTF, structs need headers, and {build} is not there", mend
        )


def _kinds(host: Host) -> Iterator[Check]:
    for kind in KINDS:
        if kind in _PAIRS or kind == "self":
            continue
        works, why = host.works(kind), host.why_not(kind)
        both = " and ".join((kind, *(pair for pair, of in _PAIRS.items() if of == kind)))
        if works:
            count = host.count(kind)
            yield Check(f"kind {kind}", True, f"{both}: {count:,} of them" if count else both)
        elif works is None:
            yield Check(f"kind {kind}", None, *_unknown(both, host))
        elif why is not None:
            yield Check(f"kind {kind}", False, f"{both}: {why[0]}", why[1])


def _unknown(kinds: str, host: Host) -> tuple[str, str]:
    if host.is_root or host.saved:
        return (
            f"{kinds}: this kernel's files do not tell",
            f"gpttrace check -e '{kinds.split()[0]}:NAME {{ }}' --level load",
        )
    return f"{kinds}: cannot be told without root", "sudo gpttrace host doctor"


def _limits(host: Host) -> Iterator[Check]:
    if sys.platform != "linux":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    small = soft != resource.RLIM_INFINITY and soft < 64 << 20
    if small and "CAP_SYS_RESOURCE" not in host.rights()["capabilities"]:
        says = f"at most {soft >> 10:,} KiB may be locked; kernels before 5.11 count BPF maps against that"
        yield Check(
            "locked memory",
            None,
            says,
            "ulimit -l unlimited" if hard == -1 else "sudo prlimit --memlock=unlimited --pid $$",
        )


def _folders(settings: Settings) -> Iterator[Check]:
    yield _folder("runs", "GPTTRACE_STATE", settings.state_dir)
    yield _folder("cache", "GPTTRACE_CACHE", settings.cache_dir)


def _folder(name: str, variable: str, folder: Path) -> Check:
    there = next(each for each in (folder, *folder.parents) if _is_there(each))
    elsewhere = f"set {variable} to a folder that you can write"
    if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
        return Check(f"folder of {name}", False, f"{folder} cannot be written", elsewhere)
    free = shutil.disk_usage(there).free
    says = f"{folder} can be written, {free >> 20:,} MiB are free"
    if free >= LEAST_ROOM:
        return Check(f"folder of {name}", True, says)
    return Check(f"folder of {name}", False, says, f"free space on the disk of {there}, or {elsewhere}")
