"""Limits hold: tokens, seconds, money, rounds, tool calls; what was paid for still counts; cancelled, nothing is left behind."""

from __future__ import annotations

import gc
import threading

import anyio
import pytest
from tests.model.scripted import PATIENCE, Asked, Turn, call, serving

from gpttrace.host import Host
from gpttrace.model import Budget, Model
from gpttrace.settings import Settings
from gpttrace.writer import refusal_error
from gpttrace.writer.model import write_with_model
from gpttrace.writer.model.tools import IN_A_ROUND, IN_ALL

from .conversing import (
    BY_PID,
    GOOD,
    QUESTION,
    WRONG_PROBE,
    Played,
    feedback,
    levels,
    program_of,
    write,
    writes,
)

SEARCH = call(("search_probes", {"query": "sys_exit_read"}))


def test_without_a_token_left_nothing_is_asked(reading_host: Host, settings: Settings) -> None:
    played = Played(writes())
    draft = write(played, reading_host, settings, budget=Budget(tokens=100))

    assert draft.refused is not None
    assert draft.refused.kind == "unavailable"
    assert "100 tokens" in draft.refused.why
    assert "GPTTRACE_MODEL_TOKENS" in str(draft.refused.hint)
    assert played.script.asked == []
    assert refusal_error(draft).exit_code == 5


def test_tokens_that_run_out_leave_the_best_until_then(reading_host: Host, settings: Settings) -> None:
    played = Played(writes(BY_PID, usage=(30_000, 10)), writes(usage=(30_000, 10)))
    draft = write(played, reading_host, settings, budget=Budget(tokens=32_000))

    assert len(played.script.chats) == 1
    assert draft.refused is not None
    assert draft.refused.would_be == BY_PID
    assert "32,000 tokens" in draft.refused.why


def test_the_answer_that_goes_over_the_budget_still_counts(reading_host: Host, settings: Settings) -> None:
    played = Played(writes(usage=(300_000, 10)))
    draft = write(played, reading_host, settings)

    assert program_of(draft) == GOOD
    assert len(played.script.chats) == 1
    assert draft.judged is not None
    assert draft.judged.levels["comprehension"] == "not done: it was not reached"
    assert "200,000 tokens" in draft.why


def test_money_that_runs_out_ends_it(reading_host: Host, settings: Settings) -> None:
    budget = Budget(money=0.10, prices=(1.0, 1.0))
    draft = write(Played(writes(WRONG_PROBE, usage=(200_000, 0))), reading_host, settings, budget=budget)

    assert draft.refused is not None
    assert "$0.1" in draft.refused.why
    assert draft.judged is not None
    assert draft.judged.cost is not None
    assert draft.judged.cost.money == pytest.approx(0.20)


def test_an_endpoint_that_hangs_is_left_after_the_seconds(reading_host: Host, settings: Settings) -> None:
    done = threading.Event()

    def hang(asked: Asked) -> Turn:
        done.wait(PATIENCE)
        return writes()

    draft = write(Played(hang), reading_host, settings, budget=Budget(seconds=0.3))
    done.set()

    assert draft.refused is not None
    assert "0.3 s" in draft.refused.why
    assert draft.attempts == 1


def test_tool_calls_are_answered_up_to_a_limit_in_a_round(reading_host: Host, settings: Settings) -> None:
    played = Played(*[SEARCH] * IN_A_ROUND, writes())
    draft = write(played, reading_host, settings)
    asked = played.asked()

    assert program_of(draft) == GOOD
    assert [bool(each.body.get("tools")) for each in asked] == [True] * IN_A_ROUND + [False]
    assert "tracepoint:syscalls:sys_exit_read" in feedback(asked[1])


def test_a_model_that_only_calls_tools_comes_to_an_end(reading_host: Host, settings: Settings) -> None:
    played = Played(call(*[("search_probes", {"query": "read"})] * 3))
    draft = write(played, reading_host, settings)
    answers = [m for each in played.asked() for m in each.body["messages"] if m["role"] == "tool"]
    told = {(m["tool_call_id"], str(m["content"])) for m in answers}

    assert draft.refused is not None
    assert draft.refused.kind == "question"
    assert len([text for _, text in told if "<<<DATA" in text]) <= IN_ALL
    assert any("No more calls" in text for _, text in told)


def test_cut_off_answers_get_more_room(reading_host: Host, settings: Settings) -> None:
    played = Played(writes(finish="length").__class__(text='{"program": "x', finish="length"), writes())
    write(played, reading_host, settings)
    first, second = (each.body["max_completion_tokens"] for each in played.asked())

    assert second == 2 * first


def test_a_long_talk_keeps_the_last_two_rounds_only(reading_host: Host, settings: Settings) -> None:
    played = Played(*[writes(f"{WRONG_PROBE}// try {number}\n") for number in range(5)])
    write(played, reading_host, settings)
    last = played.asked()[-1].prompt

    assert [f"// try {number}" in last for number in range(4)] == [False, False, True, True]


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.2, 0.5])
def test_cancelled_at_any_moment_it_leaves_nothing(
    delay: float, reading_host: Host, settings: Settings
) -> None:
    played = Played(Turn(text="…", endless=True, pause=0.01))

    async def run(model: Model) -> bool:
        with anyio.move_on_after(delay) as scope:
            await write_with_model(QUESTION, reading_host, model=model, settings=settings)
        await model.aclose()
        return scope.cancelled_caught

    with serving(played.script) as served:
        assert anyio.run(run, Model(served.settings(), Budget()))
        if played.script.begun.is_set():
            assert played.script.gone.wait(PATIENCE)
    gc.collect()
    assert len(played.script.chats) <= 1


def test_what_was_not_reached_is_said(reading_host: Host, settings: Settings) -> None:
    draft = write(Played(writes(usage=(300_000, 10))), reading_host, settings)
    assert levels(draft)["comprehension"] == "not done"
    assert "It ended early" in draft.why
