"""What is wrong with a program, said in about a millisecond, without bpftrace, on every platform.

An `error` means that bpftrace of the host's version refuses the program, or aborts on it; a `warning` that it runs and does
something else than it seems to, or at a high price; `information` and `hint` are matters of style. What a version does was
measured on 0.17.0, 0.23.2 and 0.27.1; what is not known is not said.
"""

from __future__ import annotations

from gpttrace.check.static.facts import Facts
from gpttrace.check.static.study import Study
from gpttrace.language import Finding, Program

__all__ = ["Facts", "static_findings", "studied_findings"]


def static_findings(program: Program, host: Facts | None, *, unsafe: bool = False) -> list[Finding]:
    """Return what is wrong with a program on a host (None: as far as the language alone tells), in source order.

    The parser's own findings are among them; with `unsafe` functions are allowed that change the machine. Never raises for
    any program.
    """
    return studied_findings(Study(program, host, unsafe=unsafe))


def studied_findings(study: Study) -> list[Finding]:
    """Return the findings of a study that nobody looked at yet."""
    from gpttrace.check.static.rules import look

    look(study)
    return in_order([*study.program.findings, *study.findings])


def in_order(findings: list[Finding]) -> list[Finding]:
    """Return findings by place, each once; of one code at one place the first only."""
    seen: dict[tuple[int, int, str], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.start, finding.end, finding.code), finding)
    return sorted(seen.values(), key=lambda finding: (finding.start, finding.end, finding.code))
