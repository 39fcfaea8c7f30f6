"""One way for these tests to ask: a script, a question, and what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import pytest
from tests.model.scripted import Script, Served, Step, serving

from gpttrace.errors import GpttraceError
from gpttrace.model import Budget, Message, Model, Reply

HELLO = (Message("user", "hello"),)
PAUSE = 0.001


def with_model(
    served: Served, do: Callable[[Model], Awaitable[Any]], budget: Budget | None = None, **settings: Any
) -> Any:
    """Do something with a model at a served script, and close it."""

    async def run() -> Any:
        model = Model(served.settings(**settings), budget or Budget(), pause=PAUSE)
        try:
            return await do(model)
        finally:
            await model.aclose()

    return anyio.run(run)


def ask(
    script: Script | Sequence[Step],
    messages: Sequence[Message] = HELLO,
    *,
    budget: Budget | None = None,
    settings: dict[str, Any] | None = None,
    **more: Any,
) -> Reply:
    """Ask a script one question."""
    script = script if isinstance(script, Script) else Script(script)
    with serving(script) as served:
        reply = with_model(served, lambda model: model.ask(messages, **more), budget, **(settings or {}))
    assert isinstance(reply, Reply)
    return reply


def error_of(script: Script | Sequence[Step], **more: Any) -> GpttraceError:
    """Ask a script one question that has no reply; return the error."""
    with pytest.raises(GpttraceError) as caught:
        ask(script, **more)
    return caught.value
