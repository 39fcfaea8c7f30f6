"""bpftrace's own words about a program, at the user's own place: compiled without running, read by one table of messages."""

from gpttrace.check.compiler.compile import Compiled, compile_findings
from gpttrace.check.compiler.merge import merge
from gpttrace.check.compiler.reading import read_findings

__all__ = ["Compiled", "compile_findings", "merge", "read_findings"]
