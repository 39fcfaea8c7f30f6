"""Tracepoints of a kernel whose tracefs may not be read: those that BTF shows to exist and whose category is known.

BTF has a type for each event (`btf_trace_NAME`) and a function for each system call, but no categories. Those of Linux do not
change once they are out, so they are kept beside this module (`categories.txt`). What is not there is not listed, so the list
is for searching and completing; it does not tell that a name is wrong (`Host.lists("tracepoint")` is False).
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from gpttrace.host.names import Names
from gpttrace.host.templates import RAW_TYPEDEF
from gpttrace.host.types import Types

# What SYSCALL_DEFINE makes of a call's name: by architecture, and the last for a call without arguments.
_CALL_PREFIXES = ("__x64_sys_", "__arm64_sys_", "__s390x_sys_", "__riscv_sys_", "__do_sys_")
_CALLS = "syscalls"


def likely_tracepoints(types: Types) -> Names:
    """Return `category:name` of the tracepoints that this kernel has, as far as BTF and the known categories tell."""
    typedefs, functions = types.indexes["typedef"], types.indexes["function"]
    found: list[str] = []
    for group, names in categories().items():
        if group != _CALLS:
            found += (f"{group}:{name}" for name in names if RAW_TYPEDEF + name in typedefs)
            continue
        there = [name for name in names if any(prefix + name in functions for prefix in _CALL_PREFIXES)]
        found += (f"{_CALLS}:sys_{side}_{name}" for name in there for side in ("enter", "exit"))
    return Names.of(name.encode() for name in found)


@lru_cache(maxsize=1)
def categories() -> dict[str, list[str]]:
    """Return the events of each category; for `syscalls` the names of the calls."""
    text = files("gpttrace.host").joinpath("categories.txt").read_text(encoding="utf-8")
    lines = (line.partition(": ") for line in text.splitlines() if not line.startswith("#"))
    return {group: names.split() for group, _, names in lines}
