"""Ask a writer every question of a set and mark what it answers: right, wrong or refused.

A program is right when it differs in nothing from what was asked and passes the checks of this machine. Where this kernel has
no hook for the event, the program for one that has is judged instead, without being loaded here.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gpttrace.evaluate.compare import difference
from gpttrace.evaluate.questions import Question
from gpttrace.host import Host
from gpttrace.writer import Draft, write_offline

Verdict = Literal["right", "wrong", "refused"]
Writer = Callable[[str, Host | None], Draft]
Check = Callable[[str], str | None]

# A wrong answer that runs costs a user more than an honest refusal.
WRONG_COSTS = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of one question; `why` says what was wrong, or why it was refused; `elsewhere`: for a host with other hooks."""

    question: Question
    verdict: Verdict
    why: str
    seconds: float
    draft: Draft
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """All marks of a set."""

    marks: tuple[Mark, ...]

    def count(self, verdict: Verdict, area: str | None = None) -> int:
        """Return how many questions, of an area or all, have a verdict."""
        return sum(m.verdict == verdict and area in (None, m.question.area) for m in self.marks)

    def areas(self) -> list[str]:
        """Return the areas in the order of the set."""
        return list(dict.fromkeys(mark.question.area for mark in self.marks))

    def share(self, verdict: Verdict) -> float:
        """Return the share of a verdict, 0 to 1."""
        return self.count(verdict) / len(self.marks) if self.marks else 0.0

    def points(self) -> int:
        """Return right answers less what wrong ones cost."""
        return self.count("right") - WRONG_COSTS * self.count("wrong")

    def seconds(self) -> tuple[float, float]:
        """Return the median and the longest time to a program."""
        taken = [mark.seconds for mark in self.marks] or [0.0]
        return statistics.median(taken), max(taken)

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of `gpttrace eval --json`."""
        return {
            "questions": len(self.marks),
            "right": self.count("right"),
            "wrong": self.count("wrong"),
            "refused": self.count("refused"),
            "points": self.points(),
            "seconds": {"median": self.seconds()[0], "longest": self.seconds()[1]},
            "marks": [
                {
                    "question": m.question.ask,
                    "area": m.question.area,
                    "difficulty": m.question.difficulty,
                    "verdict": m.verdict,
                    "why": m.why,
                    "program": m.draft.program,
                }
                for m in self.marks
            ],
        }


def evaluate(
    questions: Iterable[Question],
    host: Host,
    check: Check = lambda program: None,
    writer: Writer = write_offline,
    progress: Callable[[int], None] = lambda done: None,
) -> Score:
    """Mark a writer's answers; `check` returns what is wrong with a program on this machine, or None."""
    marks = []
    for number, question in enumerate(questions, 1):
        marks.append(_mark(question, host, check, writer))
        progress(number)
    return Score(tuple(marks))


def _mark(question: Question, host: Host, check: Check, writer: Writer) -> Mark:
    began = time.perf_counter()
    draft = writer(question.ask, host)
    seconds = time.perf_counter() - began
    elsewhere = draft.refused is not None and draft.refused.kind == "unavailable"
    if elsewhere:
        draft = writer(question.ask, None)
    if draft.refused is not None:
        verdict: Verdict = "right" if question.refuse else "refused"
        return Mark(question, verdict, draft.refused.why, seconds, draft, elsewhere)
    if question.refuse:
        return Mark(question, "wrong", "this cannot be answered by tracing", seconds, draft, elsewhere)
    wrong = difference(draft, question)
    if wrong is None and not elsewhere and draft.program is not None:
        wrong = check(draft.program)
    return Mark(question, "wrong" if wrong else "right", wrong or "", seconds, draft, elsewhere)


def by_area(score: Score) -> Sequence[tuple[str, int, int, int]]:
    """Return (area, right, wrong, refused) for each area."""
    return [
        (a, score.count("right", a), score.count("wrong", a), score.count("refused", a))
        for a in score.areas()
    ]
