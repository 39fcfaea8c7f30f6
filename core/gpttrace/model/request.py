"""Request: the body of a question in the endpoint's own dialect, and what is left out once it said that it does not know it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gpttrace.model.clean import sendable
from gpttrace.model.failures import UNSUPPORTED, Failure
from gpttrace.model.values import Message, Tool


@dataclass(frozen=True, slots=True)
class Question:
    """One question as it was asked; `most` is the number of tokens that the answer may have."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]
    schema: Mapping[str, Any] | None
    name: str
    most: int

    @property
    def characters(self) -> int:
        """About how many characters the model will read."""
        said = sum(len(each.text) + sum(len(call.arguments) for call in each.calls) for each in self.messages)
        shown = [tool_json(each) for each in self.tools] + ([dict(self.schema)] if self.schema else [])
        return said + (len(json.dumps(shown)) if shown else 0)


# Each feature as a ladder: one step down is one request more, and for good. In the order in which they are given up when
# a server refuses without naming what, so that what matters least goes first; the words are those by which servers name them.
LADDERS: dict[str, tuple[str, ...]] = {
    "stream_options": ("yes", "no"),
    "temperature": ("yes", "no"),
    "limit": ("max_completion_tokens", "max_tokens", "none"),
    "format": ("json_schema", "json_object", "none"),
    "tools": ("yes", "no"),
    "stream": ("yes", "no"),
}
_NAMED = {
    "stream_options": r"stream_options|include_usage",
    "limit": r"max_completion_tokens|max_tokens",
    "temperature": r"temperature",
    "format": r"response_format|json_schema|json_object|json mode|structured output|guided",
    "tools": r"\btools?\b|tool_choice|tool use|function.?call",
    "stream": r"\bstream(ing)?\b",
}


class Dialect:
    """What this endpoint understands, as far as it has said; lives as long as the Model."""

    def __init__(self) -> None:
        self._steps = dict.fromkeys(LADDERS, 0)
        self._guesses: list[str] = []

    def says(self, feature: str) -> str:
        """Return the step of a feature that is used now."""
        return LADDERS[feature][self._steps[feature]]

    def keep_guesses(self) -> None:
        """There was a reply without what was left out."""
        self._guesses.clear()

    def forget_guesses(self) -> None:
        """There was none, so what no one named was not the reason."""
        for feature in self._guesses:
            self._steps[feature] -= 1
        self._guesses.clear()

    def step_down(self, failure: Failure, body: Mapping[str, Any]) -> bool:
        """Give up what the failure names, or when it names nothing the next that the body holds; False: there is nothing to.

        A refusal that names only what was not sent is about something else.
        """
        if failure.status not in UNSUPPORTED:
            return False
        sent = [feature for feature in LADDERS if self._sent(feature, body)]
        named = [each for each, words in _NAMED.items() if re.search(words, failure.text, re.IGNORECASE)]
        for feature in (each for each in named if each in sent):
            self._steps[feature] += 1
            return True
        # 404 says of most servers that the address is wrong, and then no feature is.
        likely = [each for each in sent if self.says(each) != "max_tokens"]
        if named or failure.status == 404 or not likely:
            return False
        self._steps[likely[0]] += 1
        self._guesses.append(likely[0])
        return True

    def _sent(self, feature: str, body: Mapping[str, Any]) -> bool:
        key = {"format": "response_format", "limit": self.says("limit")}.get(feature, feature)
        return key in body and self._steps[feature] + 1 < len(LADDERS[feature])


def body_of(question: Question, model: str, dialect: Dialect) -> dict[str, Any]:
    """Return the JSON object that asks the question in a dialect."""
    body: dict[str, Any] = {"model": model, "messages": [message_json(each) for each in question.messages]}
    if dialect.says("temperature") == "yes":
        body["temperature"] = 0
    if dialect.says("limit") != "none":
        body[dialect.says("limit")] = question.most
    if dialect.says("stream") == "yes":
        body["stream"] = True
        if dialect.says("stream_options") == "yes":
            body["stream_options"] = {"include_usage": True}
    if question.tools and dialect.says("tools") == "yes":
        body["tools"] = [tool_json(each) for each in question.tools]
    if question.schema is not None:
        _add_schema(body, question.schema, question.name, dialect.says("format"))
    return body


def _add_schema(body: dict[str, Any], schema: Mapping[str, Any], name: str, form: str) -> None:
    if form == "json_schema":
        told = {"name": name, "strict": True, "schema": dict(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": told}
        return
    if form == "json_object":
        body["response_format"] = {"type": "json_object"}
    # The server does not hold the model to the schema, so the model is told of it.
    text = f"Answer with one JSON object and nothing else. Its JSON schema:\n{json.dumps(schema)}"
    body["messages"] = [*body["messages"], {"role": "system", "content": text}]


def message_json(message: Message) -> dict[str, Any]:
    """Return a message in the spelling of the endpoint."""
    told: dict[str, Any] = {"role": message.role, "content": sendable(message.text)}
    if message.calls:
        told["content"] = told["content"] or None
        told["tool_calls"] = [
            {
                "id": each.id,
                "type": "function",
                "function": {"name": each.name, "arguments": sendable(each.arguments)},
            }
            for each in message.calls
        ]
    if message.call_id is not None:
        told["tool_call_id"] = message.call_id
    return told


def tool_json(tool: Tool) -> dict[str, Any]:
    """Return a tool in the spelling of the endpoint."""
    told = {"name": tool.name, "description": sendable(tool.description), "parameters": dict(tool.parameters)}
    return {"type": "function", "function": told}
