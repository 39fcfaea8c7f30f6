"""What one machine can trace: bpftrace, tracepoints and their fields, counters, control groups."""

from gpttrace.host.bpftrace import Bpftrace, find_bpftrace
from gpttrace.host.cgroups import find_cgroups
from gpttrace.host.local import Host
from gpttrace.host.tracefs import Field

__all__ = ["Bpftrace", "Field", "Host", "find_bpftrace", "find_cgroups"]
