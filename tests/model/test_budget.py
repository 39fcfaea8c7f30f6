"""A budget of tokens, seconds and money holds: before a call that cannot fit, after one that did not, and while one stalls."""

from __future__ import annotations

import threading

import pytest
from tests.model.asked import ask, error_of
from tests.model.scripted import ENDLESS, PATIENCE, Asked, Script, Turn, say, status

from gpttrace.model import Budget, BudgetSpent, Message, Spent, Usage
from gpttrace.settings import ModelSettings


def test_what_was_spent_reads_as_a_line() -> None:
    assert Spent(4210, 612, 0.0021, 8.43, 3).line() == "3 calls, 4,210 + 612 tokens, $0.0021, 8.4 s"
    assert Spent(0, 0, None, 0.0, 1).line() == "1 call, 0 + 0 tokens, 0.0 s"


def test_calls_are_counted_with_their_price() -> None:
    budget = Budget.of(ModelSettings(input_price=1.0, output_price=2.0, money=1.0))
    budget.spend(Usage(1000, 500, False))
    budget.spend(Usage(1000, 500, True))
    assert (budget.spent.calls, budget.spent.tokens_in, budget.spent.tokens_out) == (2, 2000, 1000)
    assert budget.spent.money == pytest.approx(0.004)
    assert budget.left().tokens == 197_000
    assert budget.left().money == pytest.approx(0.996)


@pytest.mark.parametrize(
    ("budget", "variable"),
    [
        (Budget(tokens=50), "GPTTRACE_MODEL_TOKENS"),
        (Budget(money=0.00001, prices=(1.0, 1.0)), "GPTTRACE_MODEL_MONEY"),
        (Budget(seconds=0.0), "GPTTRACE_MODEL_SECONDS"),
    ],
)
def test_a_call_that_cannot_fit_is_not_made(budget: Budget, variable: str) -> None:
    script = Script([say("no")])
    error = error_of(script, messages=[Message("user", "q" * 400)], budget=budget)
    assert type(error) is BudgetSpent
    assert variable in str(error.hint)
    assert script.asked == []


@pytest.mark.parametrize("budget", [Budget(tokens=500), Budget(money=0.0005, prices=(1.0, 1.0))])
def test_a_call_that_did_not_fit_is_told_with_its_reply(budget: Budget) -> None:
    error = error_of([say("dear", usage=(400, 200))], budget=budget)
    assert isinstance(error, BudgetSpent)
    assert error.reply is not None
    assert error.reply.text == "dear"
    assert "1 call, 400 + 200 tokens" in error.message
    with pytest.raises(BudgetSpent):
        budget.check()


def test_an_answer_may_be_as_long_as_the_budget_has_room() -> None:
    script = Script([say("ok")])
    ask(script, budget=Budget(tokens=302), most=4096)
    assert script.chats[0].body["max_completion_tokens"] == 300


def test_a_stalled_answer_ends_with_the_budget() -> None:
    error = error_of([Turn(text="slow", pause=PATIENCE)], budget=Budget(seconds=0.4))
    assert type(error) is BudgetSpent
    assert "0.4 s" in error.message


def test_an_answer_that_never_begins_ends_with_the_budget() -> None:
    done = threading.Event()

    def wait(asked: Asked) -> Turn:
        done.wait(PATIENCE)
        return say("late")

    error = error_of([wait], budget=Budget(seconds=0.4))
    done.set()
    assert type(error) is BudgetSpent


def test_an_endless_answer_ends_with_the_budget() -> None:
    error = error_of([Turn(text=ENDLESS.text, endless=True, pause=0.01)], budget=Budget(seconds=0.4))
    assert type(error) is BudgetSpent


def test_a_pause_longer_than_the_budget_is_not_begun() -> None:
    budget = Budget(seconds=5.0)
    script = Script([status(503, {"Retry-After": "6"}), say("late")])
    assert "503" in error_of(script, budget=budget).message
    assert len(script.chats) == 1


def test_only_waiting_for_the_model_counts_and_once() -> None:
    budget = Budget()
    with budget.waiting(), budget.waiting():
        pass
    before = budget.spent.seconds
    assert budget.spent.seconds == before
    assert 0 <= before < 1


def test_an_answer_that_was_cut_off_was_paid_for() -> None:
    budget = Budget()
    error_of([ENDLESS], budget=budget, most=77)
    assert (budget.spent.calls, budget.spent.tokens_out) == (1, 77)
