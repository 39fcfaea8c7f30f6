"""Ask a writer every question of a set and mark what it answers: right, wrong or refused.

A program is right when it differs in nothing from what was asked and passes the checks of this machine. Where this kernel has
no hook for the event, the program for one that has is judged instead, without being loaded here.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gpttrace.errors import GpttraceError
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
    """What became of one question; `why` says what was wrong, or why it was refused; `elsewhere`: for a host with other hooks.

    `tokens` are in and out together; `money` is None without prices.
    """

    question: Question
    verdict: Verdict
    why: str
    seconds: float
    draft: Draft
    elsewhere: bool = False
    rounds: int = 1
    tokens: int = 0
    money: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """All marks of a set, or those until it was `stopped` by ^C (an empty text) or by an error."""

    marks: tuple[Mark, ...]
    stopped: GpttraceError | KeyboardInterrupt | None = None

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

    def cost(self, area: str | None = None) -> dict[str, Any]:
        """Return rounds, tokens and money (None without prices) of an area or all."""
        marks = [mark for mark in self.marks if area in (None, mark.question.area)]
        money = [mark.money for mark in marks if mark.money is not None]
        return {
            "rounds": sum(mark.rounds for mark in marks),
            "tokens": sum(mark.tokens for mark in marks),
            "money": sum(money) if money else None,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of `gpttrace eval --json`."""
        return {
            "questions": len(self.marks),
            "right": self.count("right"),
            "wrong": self.count("wrong"),
            "refused": self.count("refused"),
            "points": self.points(),
            "seconds": {"median": self.seconds()[0], "longest": self.seconds()[1]},
            "cost": self.cost(),
            "marks": [
                {
                    "question": m.question.ask,
                    "area": m.question.area,
                    "difficulty": m.question.difficulty,
                    "verdict": m.verdict,
                    "why": m.why,
                    "program": m.draft.program,
                    "rounds": m.rounds,
                    "tokens": m.tokens,
                    "money": m.money,
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
    known: Mapping[str, Mark] | None = None,
    keep: Callable[[Mark], None] = lambda mark: None,
) -> Score:
    """Mark a writer's answers; `check` returns what is wrong with a program on this machine, or None.

    `known` are marks of an earlier run by question, `keep` is given each new one. ^C and an endpoint that is gone end it with
    the marks until then.
    """
    marks: list[Mark] = []
    try:
        for number, question in enumerate(questions, 1):
            mark = (known or {}).get(question.ask)
            if mark is None:
                mark = _mark(question, host, check, writer)
                keep(mark)
            marks.append(mark)
            progress(number)
    except (KeyboardInterrupt, GpttraceError) as stopped:
        return Score(tuple(marks), stopped)
    return Score(tuple(marks))


def _mark(question: Question, host: Host, check: Check, writer: Writer) -> Mark:
    began = time.perf_counter()
    draft = writer(question.ask, host)
    seconds = time.perf_counter() - began
    elsewhere = draft.refused is not None and draft.refused.kind == "unavailable" and draft.judged is None
    if elsewhere:
        draft = writer(question.ask, None)
    verdict, why = _verdict(draft, question, (lambda program: None) if elsewhere else check)
    cost = draft.judged.cost if draft.judged else None
    return Mark(
        question,
        verdict,
        why,
        seconds,
        draft,
        elsewhere,
        rounds=draft.judged.rounds if draft.judged else 1,
        tokens=cost.tokens_in + cost.tokens_out if cost else 0,
        money=cost.money if cost else None,
    )


def _verdict(draft: Draft, question: Question, check: Check) -> tuple[Verdict, str]:
    if draft.refused is not None:
        # A budget that is spent is no insight into the question.
        insight = question.refuse and (draft.judged is None or draft.refused.kind != "unavailable")
        return "right" if insight else "refused", draft.refused.why
    if question.refuse:
        return "wrong", "this cannot be answered by tracing"
    wrong = difference(draft, question)
    if wrong is None and draft.program is not None:
        wrong = check(draft.program)
    return "wrong" if wrong else "right", wrong or ""


def by_area(score: Score) -> Sequence[tuple[str, int, int, int]]:
    """Return (area, right, wrong, refused) for each area."""
    return [
        (a, score.count("right", a), score.count("wrong", a), score.count("refused", a))
        for a in score.areas()
    ]
