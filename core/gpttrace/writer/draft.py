"""Draft: what a writer hands over. Either a program, or a refusal that says why and what can be asked instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gpttrace.errors import GpttraceError, NotPermitted, QuestionRefused, Unavailable
from gpttrace.language.findings import Finding
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.sentence import Span

if TYPE_CHECKING:
    from gpttrace.model import Spent

LEVELS = ("static", "compile", "load", "meaning", "comprehension")
Agreement = Literal["certain", "differs", "alone"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is run. `kind` says whose lack it is; `would_be` is the program for a machine that has what is missing."""

    why: str
    kind: Literal["question", "unavailable", "denied"] = "question"
    hint: str | None = None
    alternatives: tuple[tuple[str, str], ...] = ()
    would_be: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of a refusal."""
        return {
            "why": self.why,
            "hint": self.hint,
            "alternatives": [{"shows": shows, "question": question} for shows, question in self.alternatives],
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of a model's program. `levels` says of each of LEVELS `passed`, `failed: why` or `not done: why`.

    `agreement` holds it against the offline reading: `certain` (a sure reading means the same), `differs` (`differences` says in
    what, `other` is that reading's program), `alone` (`differences` says why nothing could be compared). `best` is the
    best program of a draft that was refused.
    """

    model: str
    rounds: int
    levels: Mapping[str, str] = field(default_factory=dict)
    agreement: Agreement = "alone"
    differences: tuple[str, ...] = ()
    cost: Spent | None = None
    best: str | None = None
    other: str | None = None

    def failed(self, *names: str) -> bool:
        """Tell whether one of these levels was not passed."""
        return any(self.levels.get(name, "").startswith("failed") for name in names)

    @property
    def may_run(self) -> bool:
        """Tell whether nothing of the checks stands against running it, whatever it means."""
        return bool(self.levels) and not self.failed("static", "compile", "load")

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        cost = self.cost
        return {
            "name": self.model,
            "rounds": self.rounds,
            "calls": cost.calls if cost else 0,
            "tokens_in": cost.tokens_in if cost else 0,
            "tokens_out": cost.tokens_out if cost else 0,
            "money": cost.money if cost else None,
            "seconds": round(cost.seconds, 3) if cost else 0.0,
            "judged": {
                **dict(self.levels),
                "agreement": self.agreement,
                "differences": list(self.differences),
            },
            "best": self.best,
            "other": self.other,
        }


@dataclass(frozen=True, slots=True)
class Draft:
    """A program and everything that is known about how it came about.

    `hooks` are attach points; `units` are those of maps (`@latency`), keys (`@reads.bytes`) and columns (`printf:1.bytes`);
    `seconds` is how long was asked to trace, None when the question does not say; `notes` say what the program cannot see;
    `understood` is what the words of the question were taken to mean; `judged` is there when a model has written it.
    """

    program: str | None
    spec: TraceSpec | None = None
    hooks: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    writer: str = "offline"
    attempts: int = 1
    why: str = ""
    confidence: float = 0.0
    notes: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    refused: Refusal | None = None
    seconds: float | None = None
    understood: tuple[Span, ...] = ()
    not_understood: tuple[str, ...] = ()
    judged: Judged | None = None


def refusal_error(draft: Draft) -> GpttraceError:
    """Return the error that a front end raises for a refused draft: exit code 1 (question), 5 (machine) or 4 (policy)."""
    assert draft.refused is not None
    refused = draft.refused
    if refused.kind == "unavailable":
        return Unavailable(refused.why, hint=refused.hint)
    if refused.kind == "denied":
        return NotPermitted(refused.why, hint=refused.hint)
    questions = tuple(question for _, question in refused.alternatives)
    return QuestionRefused(refused.why, hint=refused.hint, alternatives=questions)
