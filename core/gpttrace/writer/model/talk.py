"""The talk with a model over the rounds: what every round begins with, the last two exchanges, and the tool calls of this one.

It stays short: earlier rounds are a line each, and tool calls are forgotten with their round.
"""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.model import Message, Reply

_KEPT = 2
_MOST_SAID = 12_000


class Talk:
    """`whole` and `short` are two forms of the beginning; the short one is taken once the model cannot take the other."""

    def __init__(self, whole: Sequence[Message], short: Sequence[Message]) -> None:
        self._head, self._short = tuple(whole), tuple(short)
        self._exchanges: list[tuple[Message, Message]] = []
        self._now: list[Message] = []
        self.is_short = False

    def messages(self) -> list[Message]:
        """What is sent now."""
        kept = self._exchanges[-1:] if self.is_short else self._exchanges[-_KEPT:]
        return [
            *(self._short if self.is_short else self._head),
            *(message for exchange in kept for message in exchange),
            *self._now,
        ]

    def shorten(self) -> None:
        """Leave out what is not needed: examples, earlier rounds, tool calls."""
        self.is_short = True
        self._now = []

    def called(self, reply: Reply, results: Sequence[Message]) -> None:
        """Note tool calls and what came of them."""
        self._now += [Message("assistant", reply.text, reply.calls), *results]

    def answered(self, reply: Reply, feedback: str) -> None:
        """Note the answer of a round and what was found in it; the round is over."""
        said = reply.text[:_MOST_SAID] or "(no answer)"
        self._exchanges.append((Message("assistant", said), Message("user", feedback)))
        self._now = []
