"""Draft: what a writer hands over. Either a program, or a refusal that says why and what can be asked instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gpttrace.errors import GpttraceError, QuestionRefused, Unavailable
from gpttrace.language.findings import Finding
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.sentence import Span


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is run. `kind` says whose lack it is; `would_be` is the program for a machine that has what is missing."""

    why: str
    kind: Literal["question", "unavailable"] = "question"
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
class Draft:
    """A program and everything that is known about how it came about.

    `hooks` are attach points; `units` are those of maps (`@latency`), keys (`@reads.bytes`) and columns (`printf:1.bytes`);
    `seconds` is how long was asked to trace, None when the question does not say; `notes` say what the program cannot see;
    `understood` is what the words of the question were taken to mean.
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


def refusal_error(draft: Draft) -> GpttraceError:
    """Return the error that a front end raises for a refused draft: exit code 1 for the question, 5 for the machine."""
    assert draft.refused is not None
    refused = draft.refused
    if refused.kind == "unavailable":
        return Unavailable(refused.why, hint=refused.hint)
    questions = tuple(question for _, question in refused.alternatives)
    return QuestionRefused(refused.why, hint=refused.hint, alternatives=questions)
