"""The last gate before a program reaches a root process: it was read whole by our parser, and the policy allows it.

Front ends ask the policy themselves, to show findings and to ask a person; this holds for whoever did not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gpttrace.check.policy import Policy, changes_the_machine, judge
from gpttrace.errors import NotPermitted, ProgramRejected
from gpttrace.language import Source, parse
from gpttrace.language.findings import Finding
from gpttrace.trace.limits import Limits


@dataclass(frozen=True, slots=True)
class Permission:
    """Under which limits a program may run, and whether it may call functions that change the machine and does."""

    limits: Limits
    unsafe: bool


def permit(program: str, limits: Limits, policy: Policy, *, approved: bool) -> Permission:
    """Return what a program may do; `approved` says that a person agreed to what it reads.

    Raises ProgramRejected for what is no program, NotPermitted for what the policy denies or what nobody approved.
    """
    tree = parse(program)
    errors = [finding for finding in tree.findings if finding.severity == "error"]
    if errors:
        raise ProgramRejected(
            _told(errors[0], program), hint=errors[0].hint or "gpttrace check FILE shows every error"
        )
    verdict = judge(tree, policy, seconds=limits.seconds, rows=limits.rows)
    denied = [finding for finding in verdict.findings if finding.severity == "error"]
    if verdict.allowed == "no":
        raise NotPermitted(
            "the policy denies this program: " + _told(denied[0], program), hint=denied[0].hint
        )
    if verdict.allowed == "ask" and not approved:
        raise NotPermitted(
            f"this program reads {', '.join(verdict.reads)}, and nobody has approved that",
            hint="look at the program; if that is what you want, approve it (--yes on the command line)",
        )
    # Where a wildcard could not be counted here, bpftrace's own limit of probes holds.
    return Permission(
        replace(limits, probes=min(limits.probes, policy.probes)), policy.unsafe and changes_the_machine(tree)
    )


def _told(finding: Finding, program: str) -> str:
    line, _ = Source(program).line_column(finding.start)
    return f"line {line}: {finding.message}"
