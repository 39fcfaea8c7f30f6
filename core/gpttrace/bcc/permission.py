"""May this tool run here? The same policy as for programs, and the same way to ask a person.

What a tool reads of people's data and what it changes stands in our data; of a tool that is not in it nobody has said that it is
harmless, so it asks. A machine's policy may name tools as `tool:NAME` among its probes.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from gpttrace.bcc.known import Known
from gpttrace.check.policy import Policy, Verdict
from gpttrace.errors import NotPermitted


def judge_tool(name: str, known: Known | None, policy: Policy) -> Verdict:
    """Hold a tool against a policy."""
    if _is_named(name, policy.deny_probes) or (known is not None and known.changes and not policy.unsafe):
        return Verdict("no")
    reads = tuple(filter(None, [known.reads if known else "what nobody has looked into"]))
    if _is_named(name, policy.sensitive_probes):
        reads = (*reads, f"what the policy calls sensitive (tool:{name})")
    if not reads or policy.sensitive == "allow":
        return Verdict("yes", reads=reads)
    return Verdict("no" if policy.sensitive == "deny" else "ask", reads=reads)


def require_permission(name: str, known: Known | None, verdict: Verdict, *, approved: bool) -> None:
    """Raise NotPermitted for a tool that is denied, or that nobody approved."""
    if verdict.allowed == "no":
        why = known.changes if known and known.changes and not verdict.reads else ", ".join(verdict.reads)
        raise NotPermitted(
            f"the policy denies {name}" + (f": {why}" if why else ""),
            hint="what root's /etc/gpttrace/policy.toml says decides (docs/policy.md)",
        )
    if verdict.allowed == "ask" and not approved:
        raise NotPermitted(
            f"{name} shows {', '.join(verdict.reads)}, and nobody has approved that",
            hint="look at the command; if that is what you want, approve it with --yes",
        )


def _is_named(name: str, patterns: tuple[str, ...]) -> bool:
    return any(each.startswith("tool:") and fnmatchcase(f"tool:{name}", each) for each in patterns)
