"""A question being understood: its tokens, and which of them have been given a meaning so far."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from gpttrace.spec.tools import spelled_out
from gpttrace.spec.words import Token, tokenize

_CHUNK = re.compile(r"[^\s,;?!'\"]+")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the question and what it was taken to mean."""

    start: int
    end: int
    text: str
    meaning: str


@dataclass(slots=True)
class Sentence:
    """The question's text, its tokens, the corrections made; `event` is the meaning of the words that name the event."""

    text: str
    tokens: list[Token] = field(default_factory=list)
    corrections: list[tuple[str, str]] = field(default_factory=list)
    event: str = "the event"

    def __post_init__(self) -> None:
        self.tokens = self.tokens or spelled_out(tokenize(self.text), self.text)

    def copy(self) -> Sentence:
        """Return a copy that can be read in another way."""
        return Sentence(
            self.text, [replace(token) for token in self.tokens], list(self.corrections), self.event
        )

    def stem(self, index: int) -> str:
        """Return the stem of a token, an empty text outside the sentence."""
        return self.tokens[index].stem if 0 <= index < len(self.tokens) else ""

    def is_free(self, index: int) -> bool:
        """Tell whether a token exists and has no meaning yet."""
        return 0 <= index < len(self.tokens) and self.tokens[index].meaning is None

    def ends_part(self, index: int) -> bool:
        """Tell whether a token is the last of the sentence, or a stop or comma stands right behind it."""
        end = self.tokens[index].end
        return index + 1 == len(self.tokens) or self.text[end : end + 1] in (",", ";", "?", ".", ":")

    def take(self, first: int, last: int, meaning: str) -> None:
        """Give the tokens from `first` to `last` (inclusive) a meaning."""
        for token in self.tokens[first : last + 1]:
            token.meaning = meaning

    def take_inside(self, start: int, end: int, meaning: str) -> None:
        """Give the free tokens between two places of the text a meaning."""
        for token in self.tokens:
            if start <= token.start and token.end <= end and token.meaning is None:
                token.meaning = meaning

    def find(self, stems: Collection[str], start: int = 0) -> int | None:
        """Return the index of the first free token whose stem is one of `stems`."""
        for index in range(start, len(self.tokens)):
            if self.tokens[index].meaning is None and self.tokens[index].stem in stems:
                return index
        return None

    def find_phrase(self, phrase: tuple[str, ...]) -> int | None:
        """Return where the free tokens spell the stems of `phrase` in order."""
        for index in range(len(self.tokens) - len(phrase) + 1):
            if all(self.is_free(index + n) and self.stem(index + n) == word for n, word in enumerate(phrase)):
                return index
        return None

    def chunk(self, index: int) -> tuple[str, int]:
        """Return the text at a token up to the next blank or comma, and the index of the last token inside it."""
        token = self.tokens[index]
        if token.kind == "quoted":
            return token.text, index
        match = _CHUNK.match(self.text, token.start)
        text = (match.group() if match else token.text).rstrip(".:)")
        last = index
        while last + 1 < len(self.tokens) and self.tokens[last + 1].start < token.start + len(text):
            last += 1
        return text, last

    def spans(self) -> tuple[Span, ...]:
        """Return what was understood, neighbouring tokens of one meaning together."""
        found: list[Span] = []
        for token in self.tokens:
            if token.meaning is None or not token.meaning:
                continue
            same = bool(found) and found[-1].meaning == token.meaning
            start = found.pop().start if same else token.start
            found.append(Span(start, token.end, self.text[start : token.end], token.meaning))
        return tuple(found)

    def left_over(self) -> tuple[str, ...]:
        """Return the words that have no meaning yet, each once."""
        return tuple(dict.fromkeys(token.text for token in self.tokens if token.meaning is None))
