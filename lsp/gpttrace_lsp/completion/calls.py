"""The call that a cursor stands in, read from the tokens before it."""

from __future__ import annotations

from dataclasses import dataclass

from gpttrace.language.lexer import Tokens

_NO_CALLS = frozenset(("if", "while", "for", "unroll", "return", "else", "comptime"))
_CLOSERS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class OpenCall:
    """`name(` that is not closed yet: which argument the cursor is in (from 0), and the arguments' tokens so far.

    `start` is the offset of the name, counted as the tokens' are.
    """

    name: str
    argument: int
    start: int
    texts: tuple[str, ...]

    @property
    def format(self) -> str | None:
        """The first argument without its quotes, where it is a string that is written to its end."""
        first = self.texts[0] if self.texts else ""
        return first[1:-1] if len(first) > 1 and first[0] == first[-1] == '"' else None


def open_call(tokens: Tokens, *, through: bool = True) -> OpenCall | None:
    """Return the innermost call that is open; `through` looks past brackets that belong to no call (`(a, `, `@x[`)."""
    stack: list[tuple[str, int, int]] = []  # bracket, index of its token, commas
    texts = tokens.texts[:-1]
    for index, text in enumerate(texts):
        if text in ("(", "[", "{"):
            stack.append((text, index, 0))
        elif text in _CLOSERS and stack:
            stack.pop()
        elif text == "," and stack:
            bracket, begin, commas = stack[-1]
            stack[-1] = bracket, begin, commas + 1
        elif text == ";" and stack and stack[-1][0] != "{":
            while stack and stack[-1][0] != "{":  # the statement ended, its brackets were never closed
                stack.pop()
    while stack:
        bracket, index, commas = stack.pop()
        if bracket == "{":
            return None
        named = (
            bracket == "(" and index and tokens.kinds[index - 1] == "id" and texts[index - 1] not in _NO_CALLS
        )
        if named:
            return OpenCall(texts[index - 1], commas, tokens.starts[index - 1], tuple(texts[index + 1 :]))
        if not through:
            return None
    return None
