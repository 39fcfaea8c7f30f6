"""A compile check where bpftrace could not run, or for another machine: namespaces and a snapshot of tracefs.

bpftrace reads tracefs and kernel types and otherwise needs no right to compile. In a user and mount namespace of its own it is
root for itself, a snapshot stands where tracefs would be, and BTF comes from a file. The same, with root's right to mount, checks
against the kernel of a saved host. What such a bpftrace says about helpers and attaching is about the namespace: it is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gpttrace.host import Host
from gpttrace.language import Program
from gpttrace.language.findings import Finding
from gpttrace.process import run_tool

TRACING = "/sys/kernel/tracing"
_NO_MOUNT = 125
# Fixed text; what differs arrives as arguments. 0.17 looks below debugfs.
_SCRIPT = f"""
mount --bind "$1/tracing" {TRACING} && mount --bind "$1/debug" /sys/kernel/debug || exit {_NO_MOUNT}
shift
exec "$@"
"""
_FALSE = re.compile(
    r".*not available for your kernel version|A call to built-in function '\w+' is not supported"
    r"|.*could not read traceable functions|.*is not traceable \(|.*Operation not permitted"
)
_ABSENT = re.compile(
    r"tracepoints? not found|No matches for|Probe has no valid attach points|Probe does not exist"
)


def namespaces_work(snapshot: Path, *, root: bool) -> bool:
    """Tell whether a namespace with the snapshot in place can be made here (10 ms)."""
    try:
        return run_tool([*entry(snapshot, root=root), "true"], timeout=5).exit == 0
    except OSError:
        return False


def entry(snapshot: Path, *, root: bool) -> tuple[str, ...]:
    """Return the command that runs what follows it in namespaces of its own, with the snapshot in place of tracefs."""
    return ("unshare", "-m" if root else "-Urm", "sh", "-c", _SCRIPT, "sh", str(snapshot))


def take_snapshot(host: Host, folder: Path, wanted: Sequence[str] = ()) -> tuple[Path, Path | None]:
    """Return the folder of a host's snapshot, made when it is not there yet, and the path of its types (BTF).

    `wanted` are tracepoints that the program names: where tracefs may not be read, they are made of BTF as far as that carries.
    """
    name = f"{host.name}-{host.kernel}"
    if not host.lists("tracepoint"):
        name += "-" + hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()[:16]
    place = folder / re.sub(r"[^\w.-]", "_", name)
    debug = place / "debug"
    debug.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (debug / "tracing").symlink_to(TRACING)
    return place, host.snapshot(place / "tracing", wanted)


def tracepoints_of(program: Program) -> list[str]:
    """Return the tracepoints that a program names, as `category:name`, without wildcards."""
    names = [
        ":".join(point.parts)
        for probe in program.probes
        for point in probe.points
        if point.kind == "tracepoint"
    ]
    return [name for name in names if "*" not in name]


def true_findings(findings: Sequence[Finding], *, probes_known: bool) -> tuple[list[Finding], list[Finding]]:
    """Split what a bpftrace in a namespace said into what is true of the host and what is true of the namespace only."""
    false = [each for each in findings if _FALSE.match(each.message)]
    if not probes_known:
        false += [each for each in findings if _ABSENT.match(each.message)]
    return [each for each in findings if each not in false], false
