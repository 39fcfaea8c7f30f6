"""Proof: what running a program beside a workload of known size came to, with the numbers that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gpttrace.check.report import Step
from gpttrace.language import Finding

Verdict = Literal["proved", "failed", "not proved"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the program's tables told while a workload acted: `made` events of it, `counted` of them by the program.

    `counted` is None where no table tells a number of events.
    """

    workload: str
    made: int
    counted: int | None


@dataclass(frozen=True, slots=True)
class Proof:
    """`seen` is of the workload that makes the event happen, `control` of the one that does not; None when nothing was run.

    `why` is one sentence with the numbers, or with the reason why nothing is known. `steps` are the levels that were tried.
    """

    event: str | None
    canary: str | None
    attached: str
    seen: Seen | None
    control: Seen | None
    verdict: Verdict
    why: str
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of a proof."""
        return {
            "verdict": self.verdict,
            "why": self.why,
            "event": self.event,
            "attached": self.attached,
            "seen": _seen(self.seen),
            "control": _seen(self.control),
            "steps": [step.to_json() for step in self.steps],
        }


def _seen(seen: Seen | None) -> dict[str, Any] | None:
    return None if seen is None else {"workload": seen.workload, "made": seen.made, "counted": seen.counted}
