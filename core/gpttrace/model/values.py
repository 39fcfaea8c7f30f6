"""Values: what is said to a model and what comes back, free of any server's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for; `arguments` is JSON as the model wrote it, which may be broken."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `calls` are an assistant's, `call_id` says which of them a tool's message answers."""

    role: Role
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one exchange; `estimated` when the server told nothing and a quarter of the characters was taken."""

    input: int
    output: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said; `finish` is stop, length, tool_calls, content_filter …; `refused` its words when it would not."""

    text: str
    calls: tuple[ToolCall, ...]
    finish: str
    usage: Usage
    refused: str | None


def estimated_tokens(characters: int) -> int:
    """Return about how many tokens that many characters are."""
    return (characters + 3) // 4
