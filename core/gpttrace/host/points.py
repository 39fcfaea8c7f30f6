"""Attach points as the catalogue writes them: whether a host has one, what it carries, and how its bpftrace spells it.

Where something cannot be known (a host file says nothing of libraries; tracefs may not be readable) the answer is None, not no.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from gpttrace.errors import UsageError
from gpttrace.host.binaries import resolve_binary
from gpttrace.host.kinds import IN_BINARIES, TRACEABLE, long_name

if TYPE_CHECKING:
    from gpttrace.host.knowing import Knowing

_CALLED = {"profile", "interval", "begin", "end", "software", "hardware"}
_FUNCTIONS = {"kprobe": "kprobe", "kretprobe": "kprobe", "fentry": "fentry", "fexit": "fentry"}
_KFUNC_UNTIL = (0, 20)  # `fentry` came with 0.20 as another word for `kfunc`
_OLD = {"fentry": "kfunc", "fexit": "kretfunc"}
_RAW_FROM = (0, 18)  # 0.17 lists raw tracepoints and ends with SIGABRT when a program has one
_RAW_LISTED_FROM = (0, 24)  # 0.27.1 finds none without the list of traceable functions, 0.23.2 does


def has_point(host: Knowing, version: tuple[int, ...], point: str) -> bool | None:
    """Tell whether a bpftrace version can attach a probe on a host."""
    kind, _, name = point.partition(":")
    kind = long_name(kind)
    works = host.works(kind)
    if works is False or kind in _CALLED:
        return works
    if kind == "rawtracepoint" and not _takes_raw(host, version):
        return False
    if kind in IN_BINARIES:
        return _in_binary(host, kind, name)
    if not host.lists(_FUNCTIONS.get(kind, kind)):
        return None
    return host.count(_FUNCTIONS.get(kind, kind), name) > 0


def _takes_raw(host: Knowing, version: tuple[int, ...]) -> bool:
    if not version:
        return True
    listed = version < _RAW_LISTED_FROM or TRACEABLE in host.listed_by("fentry")
    return version >= _RAW_FROM and listed


def _in_binary(host: Knowing, kind: str, name: str) -> bool | None:
    if not host.sources.here:
        return None
    return host.count(kind, name) > 0


def lacking(host: Knowing, point: str, names: Iterable[str]) -> str | None:
    """Return the first of `names` that `args` does not hold at a probe; None when all are there or it is not known."""
    kind, _, name = point.partition(":")
    wanted = list(names)
    known = host.fields(kind, name) if wanted else None
    return next((each for each in wanted if each not in known), None) if known else None


def spelled(host: Knowing, version: tuple[int, ...], point: str) -> str:
    """Return the probe in the words of a bpftrace version, and a library or program by its path on this machine."""
    kind, _, name = point.partition(":")
    if kind in _OLD and version and version < _KFUNC_UNTIL:
        return f"{_OLD[kind]}:{name}"
    if kind in IN_BINARIES and host.sources.here:
        binary, _, rest = name.partition(":")
        try:
            return f"{kind}:{resolve_binary(binary)}:{rest}"
        except UsageError:
            return point
    return point


def plain_fields(host: Knowing, tracepoint: str) -> dict[str, Literal["int64", "uint64", "string"]]:
    """Return the numbers and fixed-size texts that a tracepoint gives; pointers, arrays and moved texts are left out."""
    found: dict[str, Literal["int64", "uint64", "string"]] = {}
    for name, field in (host.fields("tracepoint", tracepoint) or {}).items():
        if name.startswith("common_") or field.is_data_loc:
            continue
        if field.is_string and field.type.endswith("]"):
            found[name] = "string"
        elif (
            field.size in (1, 2, 4, 8)
            and field.type[-1:] not in "]*"
            and not field.type.startswith(("struct", "union"))
        ):
            found[name] = "int64" if field.signed else "uint64"
    return found
