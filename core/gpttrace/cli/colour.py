"""Colour for a program on a terminal: the few kinds of words that help the eye, in the terminal's own sixteen colours."""

from __future__ import annotations

import re

from gpttrace.language.reference import AGGREGATIONS, FUNCTIONS, PROBE_KINDS

_KEYWORDS = "if else while for unroll let return break continue macro fn config import sizeof offsetof comptime struct union enum"
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
    return _PIECE.sub(_paint, text)


def _paint(match: re.Match[str]) -> str:
    kind, piece = match.lastgroup or "", match[0]
    if kind == "word":
        kind = "keyword" if piece in _KEYWORDS.split() else "function" if piece in _FUNCTIONS else ""
    colour = _COLOURS.get(kind)
    if colour is None:
        return piece
    # Line by line: a pager or a scrolled terminal must not carry a colour over.
    return "\n".join(f"\x1b[{colour}m{line}\x1b[0m" if line else line for line in piece.split("\n"))
