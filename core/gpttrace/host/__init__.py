"""What one machine can trace: bpftrace, probes with their fields, kernel types, functions of programs, rights; and its file.

`Host.local()` is the running machine, `Host.load(FILE)` another one; both answer as `Knowledge`.
"""

from gpttrace.host.bpftrace import Bpftrace, find_bpftrace
from gpttrace.host.cgroups import find_cgroups
from gpttrace.host.knowledge import Found, Function, Knowledge, Member, Struct
from gpttrace.host.local import Host
from gpttrace.host.tracefs import Field

__all__ = [
    "Bpftrace",
    "Field",
    "Found",
    "Function",
    "Host",
    "Knowledge",
    "Member",
    "Struct",
    "find_bpftrace",
    "find_cgroups",
]
