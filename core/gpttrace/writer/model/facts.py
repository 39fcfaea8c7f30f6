"""What a model must know of this machine and this bpftrace before it writes: a few lines, only those that apply here.

Each trap was seen on a real bpftrace or kernel; which version a line holds for stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from gpttrace.host import Host

Version = tuple[int, ...]
_KINDS = ("kprobe", "fentry", "uprobe", "usdt", "rawtracepoint", "iter", "profile", "hardware", "software")
_OLDER_THAN_FENTRY = (0, 22)


def _before(*version: int) -> Callable[[Version], bool]:
    return lambda given: given < version


def _in(*version: int) -> Callable[[Version], bool]:
    return lambda given: given[: len(version)] == version


def _from(*version: int) -> Callable[[Version], bool]:
    return lambda given: given >= version


_RULES: tuple[tuple[Callable[[Version], bool], str], ...] = (
    (_from(), "Read tracepoint fields as args->NAME (an arrow), which every version takes."),
    (_before(*_OLDER_THAN_FENTRY), "Functions by BTF are kfunc: and kretfunc: here, not fentry: and fexit:."),
    (_before(0, 19), "There is no `for` loop over maps, no block `config = {…}` and no bool; BEGIN and END are in capitals."),
    (_before(0, 25), 'printf wants its types: "%s" takes strings only, numbers need %d or %lld.'),
    (_before(0, 24), "args->rwbs of block tracepoints is a string: compare with strncmp(args->rwbs, \"F\", 1)."),
    (_from(0, 24), "args->rwbs of block tracepoints is an array: use strncmp(args->rwbs, \"F\", 1), no str(), no index."),
    (_in(0, 23), 'str() of a __data_loc field is silently ""; use a rawtracepoint with a struct cast for such names.'),
    (_in(0, 23), "Both texts of `cond ? \"a\" : \"b\"` must have the same length."),
    (_in(0, 17), "The first bit field of a struct (iphdr.ihl) reads 0: mask the byte instead."),
    (_from(), "sched_switch: a task that stays runnable has prev_state 0, or 256 when it was preempted in the kernel."),
    (_from(), "Kernel functions come and go with versions; a tracepoint is the better hook wherever there is one."),
)  # fmt: skip


def facts_text(host: Host) -> str:
    """Return the facts of a host, one a line."""
    version = ".".join(map(str, host.version)) or "of an unknown version"
    lines = [f"bpftrace {version}, kernel {host.kernel}, {host.arch}, {host.cpus} CPUs."]
    lines += [f"Probes of kind {kind} do not work here." for kind in _KINDS if host.works(kind) is False]
    if not host.has_types:
        lines.append("Kernel types (BTF) are not known here: do not read members of kernel structs.")
    return "\n".join([*lines, *rules_for(host.version)])


def rules_for(version: Version) -> list[str]:
    """Return the rules that hold for a version of bpftrace; all that hold for any when it is not known."""
    known = version or (0, 20)
    return [text for holds, text in _RULES if holds(known)]
