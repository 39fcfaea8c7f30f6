"""Colour for a program on a terminal: the few kinds of words that help the eye, in the terminal's own sixteen colours."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpttrace.language.reference import AGGREGATIONS, FUNCTIONS, PROBE_KINDS

_WORDS = "if else while for unroll let return break continue macro fn config import sizeof offsetof comptime struct union enum"
_KEYWORDS = frozenset(_WORDS.split())
_FUNCTIONS = FUNCTIONS.keys() | AGGREGATIONS.keys()
_KINDS = "|".join(sorted(PROBE_KINDS, key=len, reverse=True))
_PIECE = re.compile(
    rf"""(?P<comment>//[^\n]*|/\*(?s:.*?)(?:\*/|\Z))
    | (?P<string>"(?:\\.|[^"\\\n])*"?)
    | (?P<probe>^(?:{_KINDS})(?![A-Za-z0-9_])(?::[^\s,{{]*)?)
    | (?P<predicate>^/.*/(?=\s*(?:\{{|$)))
    | (?P<map>@[A-Za-z_0-9]*)
    | (?P<variable>\$[A-Za-z_0-9#]+)
    | (?P<number>(?<![A-Za-z0-9_])[0-9][A-Za-z0-9_]*)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)""",
    re.VERBOSE | re.MULTILINE,
)
_COLOURS = {
    "comment": "2", "string": "32", "probe": "1;34", "predicate": "35", "map": "33", "variable": "36", "number": "36",
    "keyword": "1", "function": "34",
}  # fmt: skip


def coloured(text: str) -> str:
    """Return program text with ANSI colours; without them it is the same text."""
    return "".join(_paint(kind, piece) for kind, piece in pieces(text))


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Cut a program into (kind, piece): `comment`, `string`, `probe`, `keyword` … or "" for what is plain."""
    end = 0
    for match in _PIECE.finditer(text):
        if match.start() > end:
            yield "", text[end : match.start()]
        kind, piece, end = match.lastgroup or "", match[0], match.end()
        if kind == "word":
            kind = "keyword" if piece in _KEYWORDS else "function" if piece in _FUNCTIONS else ""
        yield kind, piece
    if end < len(text):
        yield "", text[end:]


def _paint(kind: str, piece: str) -> str:
    colour = _COLOURS.get(kind)
    if colour is None:
        return piece
    # Line by line: a pager or a scrolled terminal must not carry a colour over.
    return "\n".join(f"\x1b[{colour}m{line}\x1b[0m" if line else line for line in piece.split("\n"))
