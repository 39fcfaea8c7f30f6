"""Reading: a follow-up question over a finished run as an operation on one of its tables.

Every word must be understood: a word that is neither a column, a value, an amount, one of the few verbs, nor an empty one, is
named in `left`, and then nothing is derived. The words are the tables' own; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.explain.asked import Reading
from gpttrace.explain.called import Called, Word, words_of
from gpttrace.explain.conditions import take_only, take_texts, take_thresholds, take_values
from gpttrace.explain.ranking import take_columns, take_groups, take_measures, take_sorting, take_top
from gpttrace.explain.settle import settle


def read_follow_up(question: str, tables: Sequence[Called]) -> Reading | None:
    """Return the best reading of a question, None when there are no tables."""
    readings = [_read(called, words_of(question)) for called in tables]
    if not readings:
        return None
    return min(
        readings,
        key=lambda each: (
            not each.is_sure,
            len(each.left) + len(each.problems) + len(each.missing),
            -each.understood,
        ),
    )


def _read(called: Called, words: list[Word]) -> Reading:
    reading = Reading(called, words)
    for step in (
        take_texts,
        take_thresholds,
        take_only,
        take_sorting,
        take_top,
        take_measures,
        take_groups,
        take_values,
        take_columns,
    ):
        step(reading)
    settle(reading)
    return reading
