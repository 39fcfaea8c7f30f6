"""A question that is cancelled ends there: the connection is closed, nothing more is asked, nothing is left to complain about."""

from __future__ import annotations

import gc
import threading
from typing import Any

import anyio
import pytest
from tests.model.asked import HELLO
from tests.model.scripted import ENDLESS, PATIENCE, Asked, Script, Turn, say, serving, status

from gpttrace.model import Budget, Model


async def cancel_when(script: Script, model: Model, ready: Any) -> None:
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: model.ask(HELLO))
            while not ready():
                await anyio.sleep(0.005)
            group.cancel_scope.cancel()
        await model.aclose()


def cancelled(script: Script, ready: Any, **more: Any) -> None:
    with serving(script) as served:
        anyio.run(cancel_when, script, Model(served.settings(), Budget(), **more), ready)
        if script.turns[0] is STREAM:
            assert script.gone.wait(PATIENCE)
    gc.collect()
    assert len(script.asked) == 1


STREAM = Turn(text=ENDLESS.text, endless=True, pause=0.005)


def test_while_it_streams() -> None:
    script = Script([STREAM, say("never")])
    cancelled(script, script.begun.is_set)


def test_while_nothing_came_yet() -> None:
    done = threading.Event()

    def wait(asked: Asked) -> Turn:
        done.wait(PATIENCE)
        return say("late")

    script = Script([wait, say("never")])
    cancelled(script, lambda: bool(script.asked))
    done.set()


def test_while_it_waits_for_another_try() -> None:
    script = Script([status(503), say("never")])
    cancelled(script, script.begun.is_set, pause=60.0)


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.01, 0.03, 0.1])
def test_at_any_moment_and_asking_again_works(delay: float) -> None:
    script = Script([lambda asked: say("hello there")] * 2)

    async def run(model: Model) -> str:
        with anyio.move_on_after(delay):
            await model.ask(HELLO)
        reply = await model.ask(HELLO)
        await model.aclose()
        await model.aclose()
        return reply.text

    with serving(script) as served:
        assert anyio.run(run, Model(served.settings(), Budget())) == "hello there"
    gc.collect()
