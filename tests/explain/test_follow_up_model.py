"""Follow-up questions that only a model reads: one operation of the small set, held against the columns and carried out by us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from tests.explain.made import asked, counts, events, result
from tests.model.scripted import HUGE, Asked, Script, Step, Turn, answer, say

from gpttrace.errors import UsageError
from gpttrace.explain import FollowUp, follow_up
from gpttrace.explain.operation import read_operation

ODD = "the gist of the elephants, if you please"  # our own reading has no word of it
NOTHING: dict[str, Any] = {"filter": [], "group": [], "measure": None, "sort": None, "top": None, "ask": None}


@dataclass
class Program:
    """What a writer hands over."""

    program: str | None


def follow(*steps: Step, question: str = ODD, **more: Any) -> FollowUp:
    done = asked(steps, lambda model: follow_up(result(events()), question, model=model, **more))
    assert isinstance(done, FollowUp)
    return done


def operation(**given: Any) -> dict[str, Any]:
    return {"table": "printf:1", **NOTHING, **given}


def test_an_operation_is_carried_out_over_all_rows() -> None:
    wanted = operation(
        filter=[{"column": "bytes", "op": ">", "value": 50}],
        group=["op"],
        measure={"column": "bytes", "how": "sum"},
        sort={"column": "sum", "descending": True},
        top=1,
    )
    done = follow(answer(wanted))

    assert done.table is not None
    assert list(done.table.rows()) == [("write", (2 << 20) + 100)]
    assert done.by == "model"
    assert done.operation is not None
    assert done.operation.to_json() | {"ask": None} == wanted


def test_what_we_understand_ourselves_asks_no_model() -> None:
    script = Script([])
    done = asked(script, lambda model: follow_up(result(events()), "only nginx", model=model))

    assert (script.asked, done.by) == ([], "tables")


def test_a_wrong_operation_is_told_once_and_then_refused() -> None:
    def look(request: Asked) -> Turn:
        assert "printf:1 has no column size" in request.prompt
        return answer(operation(filter=[{"column": "bytes", "op": ">", "value": 4096}]))

    wrong = answer(operation(filter=[{"column": "size", "op": ">", "value": 1}]))
    mended, refused = follow(wrong, look), follow(wrong, wrong)

    assert mended.table is not None
    assert len(mended.table) == 1
    assert refused.table is None
    assert "The model did not help: printf:1 has no column size" in refused.words


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("text", "is an object"),
        ({"table": "@none"}, "none of printf:1"),
        ({"code": "import os"}, "has no code"),
        ({"filter": "bytes > 5"}, "is a list"),
        ({"filter": [{"column": "bytes", "op": "eval", "value": 1}]}, "`op` is one of"),
        ({"filter": [{"column": "bytes", "op": ">", "value": "5"}]}, "cannot be compared"),
        ({"filter": [{"column": "comm", "op": ">", "value": "a"}]}, "compares one number"),
        ({"filter": [{"column": "comm", "op": "==", "value": {"x": 1}}]}, "a number or a text"),
        ({"filter": [{"column": "comm", "op": "==", "value": []}]}, "a number or a text"),
        ({"filter": [{"column": "bytes", "op": "contains", "value": 5}]}, "is for texts"),
        ({"group": ["comm"]}, "grouped for a measure"),
        ({"group": ["nothing"], "measure": {"column": None, "how": "count"}}, "no column nothing"),
        ({"measure": {"column": "comm", "how": "sum"}}, "it has no sum"),
        ({"measure": {"column": None, "how": "sum"}}, "needs a column"),
        ({"measure": {"column": "bytes", "how": "__import__"}}, "one of count"),
        ({"sort": {"column": "nothing"}}, "to sort by"),
        ({"top": 0}, "whole number above 0"),
        ({"top": True}, "whole number above 0"),
        ({"top": "5"}, "whole number above 0"),
        ({"filter": [{"column": "comm", "op": "==", "value": "x"}] * 50}, "at most 12"),
    ],
)
def test_an_operation_that_the_tables_do_not_have_is_not_carried_out(given: Any, why: str) -> None:
    whole = operation(**given) if isinstance(given, dict) else given

    with pytest.raises(UsageError) as caught:
        read_operation(whole, (events(),))
    assert why in caught.value.message


def test_what_the_tables_cannot_tell_becomes_the_offline_writer_s_program() -> None:
    asked_for: list[str] = []

    def write(question: str) -> Program:
        asked_for.append(question)
        return Program("tracepoint:a:b { @[uid] = count(); }")

    done = follow(answer(operation(table=None, ask="count opens\nby user")), write=write)

    assert asked_for == ["count opens by user"]
    assert done.program == "tracepoint:a:b { @[uid] = count(); }"
    assert done.table is None
    assert "it was not run" in done.words


def test_a_question_that_the_writer_refuses_gives_no_program() -> None:
    done = follow(answer(operation(table=None, ask="read my mind")), write=lambda question: Program(None))

    assert (done.table, done.program) == (None, None)
    assert '"read my mind"' in done.words


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        (HUGE, "10 MB"),
        (say("{"), "no JSON object"),
        (say("rows where comm is nginx"), "no JSON object"),
        (say(None, refusal="no"), "would not answer"),
        (say('{"table": "printf:1", "filter": [], }'), "comma"),
    ],
)
def test_a_model_that_is_no_help_leaves_our_refusal(turn: Turn, why: str) -> None:
    done = follow(turn)

    assert (done.table, done.program) == (None, None)
    assert "I did not understand: " in done.words
    assert why in done.words


def test_an_endpoint_that_is_down_leaves_our_refusal() -> None:
    done = asked(
        (), lambda model: follow_up(result(counts()), ODD, model=model), base_url="http://127.0.0.1:9/v1"
    )

    assert "cannot be reached" in done.words


def test_traced_strings_are_sent_inside_fences_and_escapes_do_not_come_back() -> None:
    def look(request: Asked) -> Turn:
        assert request.prompt.count("<<<DATA ") == request.prompt.count("<<<END ")
        return answer(operation(filter=[{"column": "comm", "op": "==", "value": "\x1b[31mnginx"}]))

    done = follow(look)

    assert done.table is not None
    assert len(done.table) == 2
    assert "\x1b" not in done.words
