"""Names in a question that only this machine can resolve: which cgroup and which disk is meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gpttrace.errors import QuestionRefused
from gpttrace.host import find_cgroups
from gpttrace.spec.catalogue import Event
from gpttrace.spec.facts import Facts
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.spec.syscalls import syscall_names


def resolve_cgroup(spec: TraceSpec, host: Facts | None) -> TraceSpec:
    """Return the spec with cgroup names as paths; QuestionRefused when a name means none or several groups."""
    conditions = tuple(_resolved(c, host) if c.field == "cgroup" else c for c in spec.conditions)
    return replace(spec, conditions=conditions)


def resolve_disk(spec: TraceSpec, event: Event, host: Facts | None) -> TraceSpec:
    """Return the spec with the numbers of disks for their names; QuestionRefused when there is no such disk."""
    field = event.fields.get("dev")
    if field is None or field.type == "string":
        return spec
    return replace(
        spec, conditions=tuple(_numbered(c, host) if c.field == "dev" else c for c in spec.conditions)
    )


def resolve_calls(spec: TraceSpec, host: Facts | None) -> TraceSpec:
    """Return the spec with the numbers of system calls that are left out, as the hook of all calls knows them.

    QuestionRefused when this kind of machine has no such call.
    """
    if not any(map(_is_left_out, spec.conditions)):
        return spec
    names = syscall_names(host.arch if host is not None else "x86_64")
    numbers = {name: number for number, name in names.items()}

    def numbered(condition: Condition) -> Condition:
        if not _is_left_out(condition):
            return condition
        if condition.value not in numbers:
            raise QuestionRefused(
                f"this machine has no system call named {condition.value}", hint="leave it out"
            )
        return replace(condition, value=numbers[condition.value])

    return replace(spec, conditions=tuple(map(numbered, spec.conditions)))


def _is_left_out(condition: Condition) -> bool:
    return condition.field == "syscall" and condition.op == "!=" and isinstance(condition.value, str)


def _numbered(condition: Condition, host: Facts | None) -> Condition:
    if isinstance(condition.value, int):
        return condition
    number = host.block_device(condition.value) if host is not None else None
    if number is None:
        raise QuestionRefused(f"there is no disk called {condition.value} here", hint="list them: lsblk")
    return replace(condition, value=number)


def _resolved(condition: Condition, host: Facts | None) -> Condition:
    if isinstance(condition.value, int) or host is None:
        return condition
    if host.cgroup_root is None:
        raise QuestionRefused(
            "cgroup version 2 is not mounted here", hint="mount -t cgroup2 none /sys/fs/cgroup"
        )
    return replace(condition, value=str(_path(host.cgroup_root, condition.value)))


def _path(root: Path, name: str) -> Path:
    if name in ("/", "root"):
        return root
    found = find_cgroups(root, name)
    if len(found) == 1:
        return found[0]
    if not found:
        raise QuestionRefused(
            f"there is no cgroup {name!r} under {root}", hint=f"look for it: find {root} -type d"
        )
    several = ", ".join(str(path) for path in found[:4])
    raise QuestionRefused(
        f"{len(found)} cgroups are called {name!r}: {several}", hint="give the path of one of them"
    )
