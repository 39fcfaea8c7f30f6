"""Tools that a model may call while it writes: look for probes and examples, describe a probe, check a draft; none runs anything.

At most `IN_A_ROUND` calls are answered in a round and `IN_ALL` for a question; each answer is fenced and short.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from gpttrace.errors import GpttraceError
from gpttrace.host import Host
from gpttrace.host.describe import describe
from gpttrace.index import search_examples
from gpttrace.model import Message, Tool, ToolCall, fenced
from gpttrace.settings import Settings
from gpttrace.writer.model.answer import MOST_PROGRAM
from gpttrace.writer.model.pieces import Piece
from gpttrace.writer.model.prompt import example_words

IN_A_ROUND, IN_ALL = 8, 20
_MOST_PROBES, _MOST_EXAMPLES, _MOST_FIELDS = 15, 3, 40
_MOST_ARGUMENT = 500
_MOST_EXAMPLE = 1_200
_MOST_ANSWER = 4_000
_NO_MORE = "No more calls are answered in this round. Answer with the JSON object now."

Check = Callable[[str], Awaitable[Sequence[str]]]


def _tool(name: str, description: str, argument: str) -> Tool:
    parameters = {
        "type": "object",
        "properties": {argument: {"type": "string"}},
        "required": [argument],
        "additionalProperties": False,
    }
    return Tool(name, description, parameters)


_ARGUMENTS = {
    "search_probes": ("query", "Find hook points of this machine by name, glob or words."),
    "describe_probe": ("probe", "Fields, types and an example of one hook point, e.g. tracepoint:sched:sched_switch."),
    "search_examples": ("query", "Find example programs for a question."),
    "check_draft": ("program", "Check a bpftrace program without running it."),
}  # fmt: skip
_OF_PIECE: Mapping[Piece, tuple[str, ...]] = {
    "retrieval": ("search_probes", "describe_probe", "search_examples"),
    "check": ("check_draft",),
}


class Toolbox:
    """The tools of one question; `check` gives what is found in a program, one line each."""

    def __init__(self, host: Host, settings: Settings, check: Check, without: frozenset[Piece]) -> None:
        self._host, self._settings, self._check = host, settings, check
        closed = {name for piece in without for name in _OF_PIECE.get(piece, ())}
        self._open = [name for name in _ARGUMENTS if name not in closed]
        self._in_round = self.calls = 0

    @property
    def offered(self) -> tuple[Tool, ...]:
        """The tools that may still be called in this round."""
        if self._left() <= 0:
            return ()
        return tuple(_tool(name, _ARGUMENTS[name][1], _ARGUMENTS[name][0]) for name in self._open)

    def new_round(self) -> None:
        """Begin to count anew for a round; those in all go on."""
        self._in_round = 0

    def _left(self) -> int:
        return min(IN_A_ROUND - self._in_round, IN_ALL - self.calls)

    async def answer(self, calls: Sequence[ToolCall]) -> list[Message]:
        """Return a message for each call; what cannot be done is said in it."""
        return [Message("tool", await self._one(call), call_id=call.id) for call in calls]

    async def _one(self, call: ToolCall) -> str:
        if self._left() <= 0:
            return _NO_MORE
        self._in_round += 1
        self.calls += 1
        if call.name not in self._open:
            return f"There is no tool of this name. There are: {', '.join(self._open)}."
        argument = _argument(call, _ARGUMENTS[call.name][0])
        if argument is None:
            return f'The arguments are one JSON object: {{"{_ARGUMENTS[call.name][0]}": "…"}}'
        try:
            lines = await getattr(self, f"_{call.name}")(argument)
        except GpttraceError as error:
            lines = [error.message, *([error.hint] if error.hint else [])]
        return fenced("\n".join(lines) or "nothing found", call.name, most=_MOST_ANSWER)

    async def _search_probes(self, query: str) -> list[str]:
        return [found.probe for found in self._host.search(query[:_MOST_ARGUMENT], limit=_MOST_PROBES)]

    async def _describe_probe(self, probe: str) -> list[str]:
        told = describe(self._host, probe[:_MOST_ARGUMENT])
        lines = [told.probe + ("" if told.works is not False else " (probes of this kind do not work here)")]
        lines += [told.prototype] if told.prototype else []
        lines += [
            f"{each.name}: {each.type}, read as {each.expression}" for each in told.fields[:_MOST_FIELDS]
        ]
        return [*lines, f"example: {told.example}"]

    async def _search_examples(self, query: str) -> list[str]:
        found = await search_examples(
            query[:_MOST_ARGUMENT],
            _MOST_EXAMPLES,
            sources=("corpus", "user", "bpftrace"),
            host=self._host,
            settings=self._settings,
        )
        return [f"{example_words(each)[:_MOST_EXAMPLE]}\n" for each in found]

    async def _check_draft(self, program: str) -> list[str]:
        if len(program) > MOST_PROGRAM:
            return [f"that is longer than {MOST_PROGRAM:,} characters"]
        return list(await self._check(program)) or ["nothing is wrong with it"]


def _argument(call: ToolCall, name: str) -> str | None:
    try:
        given: Any = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return None
    value = given.get(name) if isinstance(given, dict) else None
    return value if isinstance(value, str) else None
