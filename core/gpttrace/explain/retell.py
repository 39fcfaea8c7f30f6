"""A result in a model's words, with every number of each sentence held against the tables, all rows of them.

A sentence stays when what it cites is so, when each amount in it is what it cites (or a share, ratio, difference or sum of that)
as far as it was rounded, when a number of a row stands beside the row's own name, and when every name in it stands in the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpttrace.explain.figures import STATS
from gpttrace.explain.labels import labels_for
from gpttrace.explain.result import explain_result
from gpttrace.explain.summary import summary_of
from gpttrace.explain.support import Ground, ground_of, stands
from gpttrace.explain.told import Told, answer_of, extra_sentences, rejoined, sentences_of
from gpttrace.model import FENCE_RULE, Message, Model, fenced
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.describe import describe
from gpttrace.spec.model import TraceSpec
from gpttrace.trace.result import Result

_MOST_CITES = 12
_NULLABLE_TEXT = {"type": ["string", "null"]}
_WHERE = {
    "type": "object",
    "properties": {
        "table": {"type": "string"},
        "column": _NULLABLE_TEXT,
        "row": {"type": ["integer", "null"]},
        "key": {"type": ["string", "integer", "array", "null"], "items": {"type": ["string", "integer"]}},
        "stat": {"type": ["string", "null"], "enum": [*STATS, None]},
    },
    "required": ["table", "column", "row", "key", "stat"],
    "additionalProperties": False,
}
_CITE = {
    "type": "object",
    "properties": {"value": {"type": "number"}, "unit": _NULLABLE_TEXT, "where": _WHERE},
    "required": ["value", "unit", "where"],
    "additionalProperties": False,
}
_SENTENCE = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "cites": {"type": "array", "items": _CITE}},
    "required": ["text", "cites"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {"sentences": {"type": "array", "items": _SENTENCE}},
    "required": ["sentences"],
    "additionalProperties": False,
}
_RULES = (
    "You tell an engineer what the result of a kernel trace shows, in at most six short sentences that answer the question. "
    "Say only what the tables show: no causes, no advice, no guesses. Every sentence cites each number in it: value and where it "
    "stands, which is a table, a column, and either the row number or the key of a row, or a stat over the whole column "
    "(sum, count, distinct, min, max, mean, median, p99; share is the part of one key in the column's sum, in percent). You may "
    "write shares, ratios, differences and sums of what you cite. A number of a row stands beside that row's name; names of "
    "processes and files stand as they are, in backticks. Sentences whose numbers are not so are thrown away. Answer with one "
    'JSON object: {"sentences": [{"text": "…", "cites": [{"value": 12, "unit": null, "where": {"table": "@reads", "column": '
    '"count", "row": null, "key": "nginx", "stat": null}}]}]}. '
)


async def explain_result_with(
    result: Result,
    *,
    model: Model,
    question: str | None = None,
    spec: TraceSpec | None = None,
    offline: str | None = None,
) -> Told:
    """Return what a result shows in a model's words where the tables support them; our own (`offline`) words stay where not.

    `dropped` counts the sentences that were not supported; `why` says in a line why our words stayed.
    """
    own = offline or _own_words(result, question, spec)
    filled = [table for table in result.tables if len(table)]
    if not filled:
        return Told(own, 0, "tables", "there are no rows to tell of")
    event = load_catalogue().events.get(spec.event) if spec else None
    labels = labels_for(spec, event)
    messages = _messages(result, question, spec, own, summary_of(filled, labels))
    given, why = await answer_of(model, messages, SCHEMA, wanted=("sentences",), name="told")
    if given is None:
        return Told(own, 0, "tables", why)
    kept, dropped = _supported(given, ground_of(result, filled, labels, own, spec))
    if not kept:
        return Told(own, dropped, "tables", "the tables support none of the model's sentences")
    # What was lost, cut or ended early is never left out, whoever tells the rest.
    return Told(rejoined([*kept, *_warnings(own)]), dropped, "model")


def _own_words(result: Result, question: str | None, spec: TraceSpec | None) -> str:
    ending = {"status": result.status, "reason": result.reason, "lost": result.lost, "took_s": result.took}
    return explain_result(list(result.tables), **ending, question=question, spec=spec)  # type: ignore[arg-type]  # four fields


def _warnings(own: str) -> list[str]:
    marks = ("events were lost", "The trace ended early", "there may be more", "Sampled: each count")
    return [line for line in own.splitlines() if any(mark in line for mark in marks)]


def _messages(
    result: Result, question: str | None, spec: TraceSpec | None, own: str, summary: str
) -> list[Message]:
    measured = (
        describe(spec, load_catalogue()) if spec and spec.event in load_catalogue() else "see the program"
    )
    parts = [
        fenced(question or "what does this show?", "question"),
        f"What was measured: {fenced(measured, 'measured', most=1000)}",
        fenced(result.program, "program", most=4000),
        fenced(own, "our own words, right to the digit", most=4000),
        fenced(summary, "tables", most=12_000),
        "Tell what the tables show.",
    ]
    return [Message("system", _RULES + FENCE_RULE), Message("user", "\n\n".join(parts))]


def _supported(given: Mapping[str, Any], ground: Ground) -> tuple[list[str], int]:
    kept: list[str] = []
    dropped = extra_sentences(given)
    for text, told in sentences_of(given):
        cites = told.get("cites")
        if text and isinstance(cites, list) and 0 < len(cites) <= _MOST_CITES and stands(text, cites, ground):
            kept.append(text)
        else:
            dropped += 1
    return kept, dropped
