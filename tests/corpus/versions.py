"""Which versions of bpftrace an example claims, and this machine with each of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gpttrace.errors import UsageError
from gpttrace.host import Host
from gpttrace.host.binaries import resolve_binary
from gpttrace.host.bpftrace import Bpftrace
from gpttrace.host.kinds import IN_BINARIES
from gpttrace.index.header import Example


def numbers(version: str) -> tuple[int, ...]:
    """Return `0.23` as numbers."""
    return tuple(int(part) for part in version.split("."))


def claims(example: Example, version: tuple[int, ...]) -> bool:
    """Tell whether an example says that it works with a version of bpftrace."""
    least, _, most = example.versions.partition("-")
    return numbers(least) <= version[:2] and (not most or version[:2] <= numbers(most))


def with_bpftrace(host: Host, version: tuple[int, ...], path: str = "/usr/bin/bpftrace") -> Host:
    """Return the host as it would be with another bpftrace."""
    return replace(host, tool=Bpftrace(path, version))


def least_version(example: Example) -> tuple[int, ...]:
    """Return the oldest version that an example claims."""
    return numbers(example.versions.partition("-")[0])


def arguments(example: Example) -> list[str]:
    """Return what stands for `$1` when an example needs it."""
    return ["1"] if any(need.startswith("argument") for need in example.needs) else []


def absent(example: Example, host: Host) -> list[str]:
    """Return the probes of groups of which a host has none; an example without any can be attached there."""
    lacking = [group for group in example.groups if all(host.has_point(point) is False for point in group)]
    return [point for group in lacking for point in group]


def in_tree(example: Example, root: Path) -> bool:
    """Tell whether the programs and libraries of an example's probes are in a tree of another release."""
    points = [point for group in example.groups for point in group if point.partition(":")[0] in IN_BINARIES]
    try:
        paths = [resolve_binary(point.split(":")[1]) for point in points]
    except UsageError:
        return False
    return all((root / path.removeprefix("/")).exists() for path in paths)
