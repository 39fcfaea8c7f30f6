"""Told: what is said in the end, by whom, and how a model's sentences are asked for; our own words stay whatever it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gpttrace.errors import GpttraceError
from gpttrace.model import BudgetSpent, Message, Model, Reply, read_json

MOST_SENTENCES = 20
LONGEST_SENTENCE = 500
LONGEST_ANSWER = 2_000  # tokens


@dataclass(frozen=True, slots=True)
class Told:
    """Words for a user. `dropped` counts the model's sentences that were not supported; `why` says why our own words stayed."""

    text: str
    dropped: int
    by: Literal["model", "tree", "tables"]
    why: str | None = None


async def answer_of(
    model: Model, messages: Sequence[Message], schema: Mapping[str, Any], *, wanted: Sequence[str], name: str
) -> tuple[dict[str, Any] | None, str]:
    """Return the JSON object that the model answers with, or None and in a line why there is none; raises nothing expected."""
    try:
        reply = await model.ask(messages, schema=schema, name=name, most=LONGEST_ANSWER)
    except BudgetSpent as error:
        if error.reply is None:
            return None, error.message
        reply = error.reply
    except GpttraceError as error:
        return None, error.message
    return _read(reply, wanted)


def _read(reply: Reply, wanted: Sequence[str]) -> tuple[dict[str, Any] | None, str]:
    if reply.refused is not None:
        return None, f"the model would not answer: {' '.join(reply.refused.split())[:200]}"
    given, problem = read_json(reply.text, wanted=wanted, finish=reply.finish)
    return given, f"the model's answer could not be read: {problem}" if given is None else ""


def sentences_of(given: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the sentences of an answer on one line each, with all that was said about them; "" for what is no sentence."""
    listed = given.get("sentences")
    if not isinstance(listed, list):
        return []
    found: list[tuple[str, Mapping[str, Any]]] = []
    for each in listed[:MOST_SENTENCES]:
        told = each if isinstance(each, dict) else {}
        text = told.get("text")
        line = " ".join(text.split()) if isinstance(text, str) else ""
        found.append((line if len(line) <= LONGEST_SENTENCE and line.isprintable() else "", told))
    return found


def extra_sentences(given: Mapping[str, Any]) -> int:
    """Return how many sentences are more than are read."""
    listed = given.get("sentences")
    return max(0, len(listed) - MOST_SENTENCES) if isinstance(listed, list) else 0


def rejoined(kept: Sequence[str]) -> str:
    """Return sentences as lines, each with its full stop."""
    return "\n".join(each if each[-1] in ".!?:" else f"{each}." for each in kept)
