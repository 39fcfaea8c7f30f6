"""Report: what is known of one program after checking it, and how far the checking went.

There is no one word "verified": each tier says whether it was done, how, and if not, why not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gpttrace.check.policy import Verdict
from gpttrace.language import Finding, Program

if TYPE_CHECKING:
    from gpttrace.check.loader.load import Verdict as ProbeVerdict

Level = Literal["static", "compile", "load", "attached", "meaning", "canary"]
LEVELS: tuple[Level, ...] = ("static", "compile", "load", "attached", "meaning", "canary")


@dataclass(frozen=True, slots=True)
class Step:
    """One tier: `how` says by what it was done (`root`, `rootless`, a host file …) or what it came to (`3 of 3 probes`), `why`
    why it was not done or not whole.
    """

    level: Level
    done: bool
    how: str = ""
    why: str = ""
    took: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of a step."""
        return {
            "level": self.level,
            "done": self.done,
            "how": self.how,
            "why": self.why,
            "took_s": round(self.took, 3),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Everything found in one program, in source order; `probes` say what the verifier said of each, when it was asked."""

    program: Program
    findings: tuple[Finding, ...]
    policy: Verdict
    steps: tuple[Step, ...]
    log: str = ""
    probes: tuple[ProbeVerdict, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether nothing found is an error."""
        return not any(finding.severity == "error" for finding in self.findings)

    @property
    def denied(self) -> bool:
        """Tell whether the only errors are those of the policy: the program is right, but not allowed here."""
        errors = [finding for finding in self.findings if finding.severity == "error"]
        return bool(errors) and all(finding.source == "policy" for finding in errors)

    @property
    def level(self) -> Level:
        """The highest tier that was done; the meaning is beside these tiers, as it needs no machine."""
        done = [step.level for step in self.steps if step.done and step.level != "meaning"]
        return done[-1] if done else "static"

    def to_json(self, file: str | None = None) -> dict[str, Any]:
        """Return the documented JSON shape of one checked file."""
        return {
            "file": file,
            "ok": self.ok,
            "level": self.level,
            "policy": self.policy.allowed,
            "steps": [step.to_json() for step in self.steps],
            "probes": [
                {"range": _range(self.program, each.start, each.end), "state": each.state, "code": each.code}
                for each in self.probes
            ],
            "findings": [finding_json(each, self.program, file) for each in self.findings],
        }


def finding_json(finding: Finding, tree: Program, file: str | None) -> dict[str, Any]:
    """Return the documented JSON shape of a finding."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "hint": finding.hint,
        "source": finding.source,
        "file": file,
        "range": _range(tree, finding.start, finding.end),
        "related": [
            {"message": each.message, "range": _range(tree, each.start, each.end)} for each in finding.related
        ],
    }


def _range(tree: Program, start: int, end: int) -> dict[str, dict[str, int]]:
    places = {}
    for name, offset in (("start", start), ("end", end)):
        line, column = tree.source.line_column(offset)
        places[name] = {"line": line, "column": column}
    return places
