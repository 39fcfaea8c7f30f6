"""Pieces: a script cut into tokens where the tree says what each stretch is; also of stretches that do not parse.

Pieces of one look are kept while it is one of the last few, because colours, references and renames all begin with them.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

from gpttrace.language import nodes as n
from gpttrace.language.lexer import scan
from gpttrace_lsp.look import Look

_KEPT = 4
_DIRECTIVE = re.compile(r"(#[ \t]*[a-z]*)[ \t]*(<[^>\n]*>)?")
_recent: OrderedDict[int, tuple[Look, dict[int, list[Piece]]]] = OrderedDict()


class Piece(NamedTuple):
    """One token: `kind` is the lexer's (`id`, `var`, `map`, `int`, `string`, `op` …), `comment` or `directive` (`#define`)."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


def pieces_of(look: Look, index: int) -> list[Piece]:
    """Return the tokens of an item, of a probe those behind its attach points; comments stand behind the others."""
    known = _recent.get(id(look))
    if known is None or known[0] is not look:
        known = _recent[id(look)] = (look, {})
        while len(_recent) > _KEPT:
            _recent.popitem(last=False)
    if index not in known[1]:
        item = look.tree.items[index]
        begin = item.points[-1].end if isinstance(item, n.Probe) and item.points else item.start
        directive = _DIRECTIVE.match(look.text, begin, item.end) if isinstance(item, n.CDefinition) else None
        before = list(_directive(directive)) if directive else []
        known[1][index] = [*before, *_cut(look.text, directive.end() if directive else begin, item.end)]
    return known[1][index]


def _directive(match: re.Match[str]) -> Iterator[Piece]:
    yield Piece("directive", match[1], match.start(1))
    if match[2]:
        yield Piece("string", match[2], match.start(2))


def _cut(text: str, begin: int, end: int) -> Iterator[Piece]:
    # The lexer stops at a bracket's end or where a line looks like a probe; an item goes on to its own end.
    while begin < end:
        tokens = scan(text[begin:end], 0)
        for kind, word, start in zip(tokens.kinds, tokens.texts, tokens.starts, strict=True):
            if kind != "end":
                yield Piece(kind, word, begin + start)
        for start, stop in tokens.comments:
            yield Piece("comment", text[begin + start : begin + stop], begin + start)
        begin += tokens.stop if tokens.stop > 0 else 1
