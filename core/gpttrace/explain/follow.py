"""Follow-up questions over a finished run: answered from its tables, or with the program that would tell; nothing is run.

First our own reading; then, when a model is given, one JSON operation of the same small set, held against the columns and carried
out here. What neither understands is refused with what can be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from gpttrace.errors import UsageError
from gpttrace.explain.answered import can_be_asked, sentence_of
from gpttrace.explain.asked import Reading
from gpttrace.explain.called import Called
from gpttrace.explain.derive import derive
from gpttrace.explain.labels import labels_for
from gpttrace.explain.operation import Comparison, How, Operation, check_operation, read_operation
from gpttrace.explain.propose import propose
from gpttrace.explain.reading import read_follow_up
from gpttrace.explain.summary import summary_of
from gpttrace.explain.told import answer_of
from gpttrace.model import FENCE_RULE, Message, Model, fenced
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.facts import Facts
from gpttrace.spec.model import TraceSpec
from gpttrace.trace.result import Result
from gpttrace.trace.table import Table

_ROUNDS = 2
LONGEST_QUESTION = 500


class Written(Protocol):
    """What a writer hands over for a question: a program, or None."""

    @property
    def program(self) -> str | None: ...


Write = Callable[[str], Written]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An answer derived from the tables, or the program that would tell, or neither and `why`. `words` is for a person."""

    table: Table | None
    words: str
    program: str | None = None
    why: str = ""
    operation: Operation | None = None
    by: Literal["tables", "model"] = "tables"

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of a follow-up."""
        return {
            "table": self.table.to_json() if self.table is not None else None,
            "words": self.words,
            "program": self.program,
            "why": self.why,
            "operation": self.operation.to_json() if self.operation else None,
            "by": self.by,
        }


async def follow_up(
    result: Result,
    question: str,
    *,
    model: Model | None = None,
    host: Facts | None = None,
    write: Write | None = None,
) -> FollowUp:
    """Answer a question about a finished run; `write` turns a question for the machine into a program (the offline writer).

    UsageError for an empty or endless question. A model's failure is no error: `why` tells of it.
    """
    asked = " ".join(question.split())
    if not asked or len(asked) > LONGEST_QUESTION:
        raise UsageError(
            "the question is empty"
            if not asked
            else f"the question is longer than {LONGEST_QUESTION} characters",
            hint='ask about the tables, such as "only nginx", "top 5", "more than 1 MB"',
        )
    spec = spec_of(result)
    event = load_catalogue().events.get(spec.event) if spec else None
    called = [Called(table, labels_for(spec, event), event) for table in result.tables]
    reading = read_follow_up(asked, called)
    if reading is None:
        return FollowUp(None, "The run left no tables.", why="there are no tables to ask about")
    trouble = ""
    if reading.is_sure:
        try:
            return _derived(result, reading.table, reading.operation(), spec, reading.notes)
        except UsageError as error:
            trouble = f"{error.message}; {error.hint}" if error.hint else error.message
    elif not reading.problems and (next_one := _next(reading, spec, host)) is not None:
        return next_one
    if model is not None:
        return await _by_model(result, asked, spec, model, write, reading, trouble)
    return _refused(result, reading, trouble)


def spec_of(result: Result) -> TraceSpec | None:
    """Return what a run measured, None when it was a program or a tool of which no spec is known."""
    try:
        return TraceSpec.from_json(result.spec) if result.spec is not None else None
    except (ValueError, TypeError, KeyError):
        return None


def _derived(
    result: Result,
    table: Table,
    operation: Operation,
    spec: TraceSpec | None,
    notes: Sequence[str],
    by: Literal["tables", "model"] = "tables",
) -> FollowUp:
    check_operation(operation, table)
    made = derive(table, operation)
    words = [sentence_of(operation, table, made), *notes, *_limits(result, table, spec)]
    return FollowUp(made, "\n".join(words), None, "", operation, by)


def _limits(result: Result, table: Table, spec: TraceSpec | None) -> list[str]:
    """Return what keeps the answer from being the whole truth."""
    found = []
    if spec is not None and spec.top is not None and table.kind != "events" and len(table) >= spec.top:
        found.append(f"The run kept only the {spec.top:,} largest rows: what was below them is not counted.")
    if result.lost:
        found.append(f"{result.lost:,} events were lost: what is shown is less than what happened.")
    if result.status in ("row_limit", "memory_limit"):
        found.append(f"The trace ended early: {result.reason.rstrip('.')}.")
    return found


def _next(reading: Reading, spec: TraceSpec | None, host: Facts | None) -> FollowUp | None:
    if spec is None:
        return None
    proposal = propose(spec, reading, host)
    if proposal is None:
        return None
    why = f"the tables do not tell {proposal.adds}"
    if proposal.program is None:
        return FollowUp(
            None, f"{why[0].upper()}{why[1:]}, and a new run cannot tell here: {proposal.why}.", why=why
        )
    words = f"{why[0].upper()}{why[1:]}. This program would tell; it was not run."
    return FollowUp(None, words, proposal.program, why)


def _refused(result: Result, reading: Reading, trouble: str) -> FollowUp:
    what = ", ".join(f"`{word[:40]}`" for word in reading.left[:8])
    problems = [trouble] if trouble else list(reading.problems)
    if what and not trouble:
        problems.insert(0, f"I did not understand: {what}")
    problems += ["no column holds such an amount"] if reading.missing and not trouble else []
    why = "; ".join(problems) or "I did not understand what is asked of the tables"
    return FollowUp(None, f"{why[0].upper()}{why[1:]}.\n{can_be_asked(result.tables)}", why=why)


# --------------------------------------------------------------------------------------------- a model

_VALUE = {"type": ["string", "number", "boolean", "array"], "items": {"type": ["string", "number"]}}
_FILTER = {
    "type": "object",
    "properties": {
        "column": {"type": "string"},
        "op": {"type": "string", "enum": list(get_args(Comparison))},
        "value": _VALUE,
    },
    "required": ["column", "op", "value"],
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "table": {"type": ["string", "null"]},
        "filter": {"type": "array", "items": _FILTER},
        "group": {"type": "array", "items": {"type": "string"}},
        "measure": {
            "type": ["object", "null"],
            "properties": {"column": {"type": ["string", "null"]}, "how": {"type": "string", "enum": list(get_args(How))}},
            "required": ["column", "how"],
            "additionalProperties": False,
        },
        "sort": {
            "type": ["object", "null"],
            "properties": {"column": {"type": "string"}, "descending": {"type": "boolean"}},
            "required": ["column", "descending"],
            "additionalProperties": False,
        },
        "top": {"type": ["integer", "null"]},
        "ask": {"type": ["string", "null"]},
    },
    "required": ["table", "filter", "group", "measure", "sort", "top", "ask"],
    "additionalProperties": False,
}  # fmt: skip
_RULES = (
    "A person asks about the tables of a finished trace. Answer with one JSON object that says which rows or sums of one table "
    "answer it; we carry it out over all rows: filter first, then group and measure, then sort, then top. Numbers are in "
    "the column's own unit. sort names a column of the outcome: a key of the group, or the measure's own name (count, sum, mean, "
    "median, min, max, share, different_COLUMN). share is percent of the whole column. When no column can tell, leave table null "
    "and put into ask one plain question for a new trace that would tell. "
    'Form: {"table": "@reads", "filter": [{"column": "comm", "op": "==", "value": "nginx"}], "group": ["comm"], "measure": '
    '{"column": "count", "how": "sum"}, "sort": {"column": "sum", "descending": true}, "top": 5, "ask": null}. '
)


async def _by_model(
    result: Result,
    question: str,
    spec: TraceSpec | None,
    model: Model,
    write: Write | None,
    reading: Reading,
    trouble: str,
) -> FollowUp:
    event = load_catalogue().events.get(spec.event) if spec else None
    shown = summary_of(result.tables, labels_for(spec, event))
    parts = [
        fenced(shown, "tables", most=12_000),
        fenced(result.question or result.program, "what was traced", most=2000),
    ]
    messages = [
        Message("system", _RULES + FENCE_RULE),
        Message("user", "\n\n".join([*parts, fenced(question, "the person's question")])),
    ]
    why = ""
    for _ in range(_ROUNDS):
        given, why = await answer_of(model, messages, SCHEMA, wanted=("table",), name="operation")
        if given is None:
            break
        if isinstance(given.get("ask"), str) and given["ask"].strip() and not given.get("table"):
            return _asked_anew(given["ask"], write, result, reading)
        try:
            operation = read_operation(given, result.tables)
            table = result.table(operation.table)
            return _derived(result, table, operation, spec, (), "model")
        except UsageError as error:
            why = f"{error.message}; {error.hint}" if error.hint else error.message
        messages += [
            Message(
                "user",
                f"That cannot be done: {fenced(why, 'problem', most=500)} Answer again with one JSON object.",
            )
        ]
    refused = _refused(result, reading, trouble)
    return FollowUp(
        None, f"{refused.words}\nThe model did not help: {why}.", why=f"{refused.why}; the model: {why}"
    )


def _asked_anew(asked: str, write: Write | None, result: Result, reading: Reading) -> FollowUp:
    question = " ".join(asked.split())[:LONGEST_QUESTION]
    why = "the tables cannot tell"
    program = write(question).program if write is not None else None
    if program is None:
        words = f'The tables cannot tell. The model would ask the machine: "{question}"; no program was written for that.'
        return FollowUp(None, f"{words}\n{can_be_asked(result.tables)}", None, why, by="model")
    words = f'The tables cannot tell. This program would, for the question "{question}"; it was not run.'
    return FollowUp(None, words, program, why, by="model")
