"""Reading: a completion object of any server as a Reply; what is missing or of another type reads as nothing."""

from __future__ import annotations

import json
from typing import Any

from gpttrace.model.clean import clean
from gpttrace.model.failures import Failure
from gpttrace.model.values import Reply, ToolCall, Usage, estimated_tokens


def read_reply(completion: dict[str, Any], sent: int) -> Reply | Failure:
    """Return the first choice; `sent` is the number of characters of the prompt, for servers that do not tell the usage."""
    choices = completion.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return Failure("no_choice", "its list of choices is empty")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        return Failure("no_choice", "its choice holds no message")
    text, calls = _text(message.get("content")), _calls(message.get("tool_calls"))
    refused = _text(message.get("refusal")) or None
    finish = choices[0].get("finish_reason")
    finish = clean(finish)[:40] if isinstance(finish, str) and finish else ("tool_calls" if calls else "stop")
    if finish == "content_filter" and refused is None:
        refused = "the endpoint's content filter held the answer back"
    written = len(text) + len(refused or "") + sum(len(each.name) + len(each.arguments) for each in calls)
    return Reply(text, calls, finish, _usage(completion.get("usage"), sent, written), refused)


def _text(content: Any) -> str:
    if isinstance(content, list):
        content = "".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return clean(content) if isinstance(content, str) else ""


def _calls(told: Any) -> tuple[ToolCall, ...]:
    found: list[ToolCall] = []
    for call in told if isinstance(told, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if (
            not isinstance(function, dict)
            or not isinstance(function.get("name"), str)
            or not function["name"]
        ):
            continue
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments) if arguments is not None else "{}"
        given = call.get("id")
        name = clean(given)[:200] if isinstance(given, str) and given else f"call_{len(found)}"
        found.append(ToolCall(name, clean(function["name"])[:200], clean(arguments)))
    return tuple(found)


def _usage(told: Any, sent: int, written: int) -> Usage:
    numbers = told if isinstance(told, dict) else {}
    taken, made = _count(numbers.get("prompt_tokens")), _count(numbers.get("completion_tokens"))
    if taken is not None and made is not None and taken + made > 0:  # some tell zeros when they do not know
        return Usage(taken, made, False)
    return Usage(estimated_tokens(sent), estimated_tokens(written), True)


def _count(number: Any) -> int | None:
    whole = isinstance(number, int) and not isinstance(number, bool)
    return number if whole and 0 <= number < 10**12 else None
