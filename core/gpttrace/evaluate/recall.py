"""How well the index finds: for each question, at which place the first example stands that shows what was asked.

An example is relevant when one of its probes is an acceptable hook of the question. Only our own corpus and catalogue count, so
that the figure does not depend on which tools a machine has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gpttrace.evaluate.compare import fits
from gpttrace.evaluate.questions import Question
from gpttrace.index import Found, find_examples

_SOURCES = ("corpus", "catalogue")
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Recall:
    """`places` holds for each question that has an answer the place of the first relevant example, 0 when there was none."""

    places: tuple[int, ...]
    missed: tuple[str, ...]

    def at(self, k: int) -> float:
        """Return the share of questions with a relevant example among the first k."""
        return sum(0 < place <= k for place in self.places) / max(len(self.places), 1)

    def mrr(self) -> float:
        """Return the mean reciprocal rank."""
        return sum(1 / place for place in self.places if place) / max(len(self.places), 1)

    def line(self) -> str:
        """Return the figures in one line."""
        figures = ", ".join(f"recall@{k} {self.at(k):.3f}" for k in (1, 3, 5))
        return f"retrieval of {len(self.places)} questions: {figures}, MRR {self.mrr():.3f}"

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {f"recall@{k}": self.at(k) for k in (1, 3, 5)} | {
            "mrr": self.mrr(),
            "missed": list(self.missed),
        }


def recall(
    questions: Iterable[Question], find: Callable[..., list[Found]] = find_examples, k: int = _DEEPEST
) -> Recall:
    """Search for every question that has an answer."""
    asked = [question for question in questions if not question.refuse]
    places = [_place(question, find(question.ask, k, sources=_SOURCES)) for question in asked]
    return Recall(
        tuple(places), tuple(q.ask for q, place in zip(asked, places, strict=True) if not 0 < place <= 3)
    )


def _place(question: Question, found: list[Found]) -> int:
    lists = question.all or (question.hooks,)
    for number, each in enumerate(found, 1):
        points = [point for group in each.example.groups for point in group]
        if any(fits(point, patterns) for point in points for patterns in lists):
            return number
    return 0
