"""The best of several candidates: the one that got furthest, the later one among equals."""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.writer.draft import LEVELS
from gpttrace.writer.model.judge import Judgement


def best_of(judgements: Sequence[Judgement]) -> Judgement | None:
    """Return the candidate that passed most, None when there is none."""
    ranked = sorted(enumerate(judgements), key=lambda each: (rank(each[1]), each[0]))
    return ranked[-1][1] if ranked else None


def rank(judgement: Judgement) -> tuple[int, ...]:
    """Return how far a candidate got: what may run before what may not, then level by level, then whether both writers agree."""
    levels = [judgement.levels[name] for name in LEVELS]
    reached = [2 if each == "passed" else 0 if each.startswith("failed") else 1 for each in levels]
    agreement = {"certain": 2, "alone": 1, "differs": 0}[judgement.agreement]
    return (not judgement.denied, judgement.may_run, judgement.good, *reached, agreement)
