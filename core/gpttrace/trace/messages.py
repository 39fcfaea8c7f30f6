"""What bpftrace says on stderr during a run -> findings in the user's own program, and warnings."""

from __future__ import annotations

from gpttrace.language.findings import Finding
from gpttrace.trace.plan import Plan


def read_stderr(text: str, plan: Plan) -> tuple[list[Finding], list[str]]:
    """Return the errors (placed in the user's program) and the warnings of a run's stderr; noise is left out."""
    return [], [line for line in text.splitlines() if line and not line.startswith(("WARNING", "ERROR: Unknown error -1"))]
