"""Conversations with a scripted model: what it writes, what its blind reader says and whether that answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
from tests.model.scripted import Asked, Script, Served, Step, Turn, answer, serving

from gpttrace.host import Host
from gpttrace.model import Budget, Model
from gpttrace.settings import Settings
from gpttrace.writer import Draft, Options
from gpttrace.writer.model import write_with_model

QUESTION = "bytes read by process"
SPEC: dict[str, Any] = {
    "event": "read", "shape": "sum", "value": "bytes", "keys": ["comm"],
    "conditions": [{"field": "bytes", "op": ">", "value": 0}],
    "every": None, "top": None, "duration": None, "hz": None, "buckets": None, "part": None, "others": [],
}  # fmt: skip
GOOD = "tracepoint:syscalls:sys_exit_read /args->ret > 0/ { @bytes[comm] = sum(args->ret); }\n"
BY_PID = GOOD.replace("comm", "pid")
WRONG_PROBE = GOOD.replace("sys_exit_read", "sys_exit_raed")
DENIED = 'tracepoint:syscalls:sys_exit_read { system("touch %s", "pwned"); }\n'
READS: dict[str, Any] = {"spec": SPEC, "says": "It adds up the bytes that reads returned, by process name."}
YES = {"answer": "yes", "reason": "it is what was asked for"}
NO = {"answer": "no", "reason": "nothing of that is measured"}


def writes(
    program: str = GOOD, spec: dict[str, Any] | None = SPEC, *, refusal: str | None = None, **turn: Any
) -> Turn:
    """The model answers in the form that it was asked for."""
    return answer({"spec": spec, "program": program, "assumptions": [], "refusal": refusal}, **turn)


def purpose(asked: Asked) -> str:
    """Return what a request is for: `program`, `reading` or `held`."""
    form = asked.body.get("response_format") or {}
    return str((form.get("json_schema") or {}).get("name") or "program")


class Played:
    """A script whose turns are chosen by what is asked for; the last turn of each kind is played again and again."""

    def __init__(self, *writing: Step, reads: Sequence[Step] = (), held: Sequence[Step] = ()) -> None:
        self._left: dict[str, Iterator[Step]] = {
            "program": _again(writing),
            "reading": _again(reads or [answer(READS)]),
            "held": _again(held or [answer(YES)]),
        }
        self.script = Script([self._turn] * 60)

    def _turn(self, asked: Asked) -> Turn:
        step = next(self._left[purpose(asked)])
        return step if isinstance(step, Turn) else step(asked)

    def asked(self, kind: str = "program") -> list[Asked]:
        """The requests of a kind."""
        return [each for each in self.script.chats if purpose(each) == kind]


def _again(steps: Sequence[Step]) -> Iterator[Step]:
    yield from steps
    while True:
        yield steps[-1]


def write(
    played: Played,
    host: Host,
    settings: Settings,
    *,
    question: str = QUESTION,
    options: Options | None = None,
    budget: Budget | None = None,
    said: list[str] | None = None,
    of_model: dict[str, Any] | None = None,
    **more: Any,
) -> Draft:
    """Have a question written by a scripted model; `said` collects the lines of progress."""
    with serving(played.script) as served:
        return anyio.run(
            lambda: _written(served, host, settings, question, options, budget, said, of_model or {}, more)
        )


async def _written(
    served: Served,
    host: Host,
    settings: Settings,
    question: str,
    options: Options | None,
    budget: Budget | None,
    said: list[str] | None,
    of_model: dict[str, Any],
    more: dict[str, Any],
) -> Draft:
    model = Model(served.settings(**of_model), budget or Budget(), pause=0.001)
    progress: Callable[[str], None] = said.append if said is not None else lambda line: None
    try:
        return await write_with_model(
            question, host, options, model=model, settings=settings, progress=progress, **more
        )
    finally:
        await model.aclose()


def feedback(asked: Asked) -> str:
    """Return the last thing that the model was told."""
    return str(asked.body["messages"][-1]["content"])


def program_of(draft: Draft) -> str:
    """Return a draft's program, which it must have."""
    assert draft.program is not None, draft
    return draft.program


def levels(draft: Draft) -> dict[str, str]:
    """Return what was judged, each level in its first word."""
    assert draft.judged is not None
    return {name: state.partition(":")[0] for name, state in draft.judged.levels.items()}


def nowhere(text: str, *folders: Path) -> bool:
    """Tell whether a text is in no file below some folders."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return not any(text.encode() in path.read_bytes() for path in files)


def with_endpoint(settings: Settings, served: Served, **more: Any) -> Settings:
    """Return settings that lead to a served script."""
    return replace(settings, model=served.settings(**more))


def as_text(value: Any) -> str:
    """Return JSON text."""
    return json.dumps(value)
