"""Stream: the body of an answer, whole or in server-sent events, as the one JSON object that it would be unstreamed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gpttrace.model.failures import Failure, told
from gpttrace.model.wire import Answer
from gpttrace.settings import Secret

# Errors inside an answer have no status of their own; most are of a server in trouble, these are not.
_FINAL = re.compile(
    r"invalid|not_found|not found|context|content_(filter|policy)|unsupported|not support", re.IGNORECASE
)


def completion_of(answer: Answer, key: Secret | None) -> dict[str, Any] | Failure:
    """Return the completion object; a Failure when the body is none, ends early, or is an error sent with status 200."""
    text = answer.body.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if "html" in answer.kind or text[:1] == "<":
        return Failure("web_page", told(answer.body, key)[:200])
    if "event-stream" in answer.kind or text.startswith(("data:", "event:", ":")):
        return _merged(text, key)
    return _checked(_loaded(text), answer.body, key)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _checked(value: Any, body: bytes, key: Secret | None) -> dict[str, Any] | Failure:
    if not isinstance(value, dict):
        return Failure("not_json", told(body, key)[:200])
    if value.get("error"):
        return _error(value, key)
    return value


def _error(value: dict[str, Any], key: Secret | None) -> Failure:
    error = value["error"]
    code = error.get("code") if isinstance(error, dict) else None
    text = told(json.dumps(value).encode(), key)
    if not isinstance(code, int) or not 400 <= code < 600:
        code = 400 if _FINAL.search(text) else 500
    return Failure("status", text, code)


def _events(text: str) -> Iterator[str]:
    data: list[str] = []
    # Not splitlines(): a JSON string may hold the separators that it would split at.
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line and data:
            yield "\n".join(data)
            data = []
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
    if data:
        yield "\n".join(data)


def _merged(text: str, key: Secret | None) -> dict[str, Any] | Failure:
    whole = _Whole()
    for event in _events(text):
        if event.strip().startswith("[DONE]"):
            return whole.completion()
        value = _checked(_loaded(event), event.encode("utf-8", "replace"), key)
        if isinstance(value, Failure):
            # Half a line at the end is a connection that ended, not a server that talks nonsense.
            cut = value.kind == "not_json" and text.rstrip().endswith(event.rstrip())
            return Failure("broken", "the stream ends in the middle") if cut else value
        whole.add(value)
    if not whole.finish:
        return Failure("broken", "the stream ends in the middle")
    return whole.completion()


class _Whole:
    """What the chunks add up to."""

    def __init__(self) -> None:
        self.said: dict[str, list[str]] = {"content": [], "refusal": []}
        self.calls: dict[Any, dict[str, Any]] = {}
        self.finish: str | None = None
        self.usage: Any = None
        self.choices = False

    def add(self, chunk: dict[str, Any]) -> None:
        self.usage = chunk.get("usage") or self.usage
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return
        self.choices = True
        self.finish = choices[0].get("finish_reason") or self.finish
        delta = choices[0].get("delta") or choices[0].get("message")
        if not isinstance(delta, dict):
            return
        for name, parts in self.said.items():
            if isinstance(delta.get(name), str):
                parts.append(delta[name])
        for call in delta.get("tool_calls") or ():
            if isinstance(call, dict):
                self._add_call(call)

    def _add_call(self, part: dict[str, Any]) -> None:
        # Some servers give every call the index 0, or none; a new id is then a new call.
        at, given = part.get("index"), part.get("id")
        slot = next(reversed(self.calls), None) if at is None else (at if isinstance(at, int) else str(at))
        slot = 0 if slot is None else slot
        if slot in self.calls and given and self.calls[slot]["id"] not in (None, given):
            slot = ("more", len(self.calls))
        call = self.calls.setdefault(slot, {"id": None, "function": {"name": "", "arguments": []}})
        call["id"] = call["id"] or given
        function = part.get("function")
        if isinstance(function, dict):
            call["function"]["name"] = call["function"]["name"] or function.get("name") or ""
            if isinstance(function.get("arguments"), str):
                call["function"]["arguments"].append(function["arguments"])

    def completion(self) -> dict[str, Any]:
        message: dict[str, Any] = {name: "".join(parts) or None for name, parts in self.said.items()}
        message["tool_calls"] = [
            {
                "id": each["id"],
                "function": {**each["function"], "arguments": "".join(each["function"]["arguments"])},
            }
            for each in self.calls.values()
        ]
        choice = {"message": message, "finish_reason": self.finish}
        return {"choices": [choice] if self.choices else [], "usage": self.usage}
