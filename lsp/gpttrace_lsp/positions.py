"""Texts as the protocol sees them: lines that end at `\\n`, `\\r\\n` or `\\r` and nowhere else, columns in the client's units.

Everything else in the server counts in characters from the start of the text; here, and only here, the two meet. No position is
too far: past a line's end is its end, past the last line is the end of the text, inside a character is before it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lsprotocol import types as t

from gpttrace.language.findings import Finding, Related

Encoding = str  # `utf-8`, `utf-16` or `utf-32`, as the client and we agreed on
_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Edit:
    """What a change did: characters `start` to `end` became `length` others."""

    start: int
    end: int
    length: int


class Lines:
    """One version of a text. Never changes; `edited` gives the next one."""

    __slots__ = ("encoding", "starts", "text")

    def __init__(self, text: str, encoding: Encoding = "utf-16", starts: list[int] | None = None) -> None:
        self.text = text
        self.encoding = encoding
        self.starts = [0, *_ends(text, 0, len(text))] if starts is None else starts

    def edited(self, change: t.TextDocumentContentChangeEvent) -> tuple[Lines, Edit]:
        """Return the text after one change, and what that change did in characters."""
        if not isinstance(change, t.TextDocumentContentChangePartial):
            return Lines(change.text, self.encoding), Edit(0, len(self.text), len(change.text))
        start, end = self.span(change.range)
        text = self.text[:start] + change.text + self.text[end:]
        # A `\r` and a `\n` that now stand together are one line end, so the lines around are looked at again too.
        first = max(self.line_of(start) - 1, 0)
        after = bisect_right(self.starts, end) + 1
        moved = len(change.text) - (end - start)
        tail = self.starts[after:]
        begin, stop = self.starts[first], (tail[0] + moved if tail else len(text))
        middle = [each for each in _ends(text, begin, stop) if not tail or each < stop]
        starts = [*self.starts[: first + 1], *middle, *(each + moved for each in tail)]
        return Lines(text, self.encoding, starts), Edit(start, end, len(change.text))

    def line_of(self, offset: int) -> int:
        """Return the line (from 0) of a character."""
        return bisect_right(self.starts, offset) - 1

    def line_span(self, line: int) -> tuple[int, int]:
        """Return where a line begins and where it ends, before its line end."""
        if line >= len(self.starts):
            return len(self.text), len(self.text)
        begin = self.starts[max(line, 0)]
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.text)
        while end > begin and self.text[end - 1] in "\r\n":
            end -= 1
        return begin, end

    def line_text(self, line: int) -> str:
        """Return a line (from 0) without its end."""
        begin, end = self.line_span(line)
        return self.text[begin:end]

    def offset(self, position: t.Position) -> int:
        """Return the character offset of a position."""
        begin, end = self.line_span(position.line)
        return begin + _chars(self.text[begin:end], position.character, self.encoding)

    def position(self, offset: int) -> t.Position:
        """Return the position of a character offset; within a line end, the line's end."""
        offset = min(max(offset, 0), len(self.text))
        line = self.line_of(offset)
        begin, end = self.line_span(line)
        return t.Position(line, _units(self.text[begin : min(offset, end)], self.encoding))

    def span(self, within: t.Range) -> tuple[int, int]:
        """Return the character offsets of a range; one that is upside down is put right."""
        start, end = self.offset(within.start), self.offset(within.end)
        return (start, end) if start <= end else (end, start)

    def range(self, start: int, end: int) -> t.Range:
        """Return the range between two character offsets."""
        return t.Range(self.position(start), self.position(max(start, end)))

    @property
    def whole(self) -> t.Range:
        """The range of all text."""
        return self.range(0, len(self.text))


def moved(finding: Finding, edits: Sequence[Edit], touched: bool = False) -> Finding | None:
    """Return a finding where it stands after edits; None when one of them changed the place itself.

    With `touched`, an edit that only adds something at either end of the place counts as a change too.
    """
    start, end = finding.start, finding.end
    related = [(each.start, each.end, each.message) for each in finding.related]
    for edit in edits:
        if (edit.start < end and edit.end > start) or (touched and edit.start <= end and edit.end >= start):
            return None
        start, end = _shifted(start, edit), _shifted(end, edit)
        related = [(_shifted(a, edit), _shifted(b, edit), said) for a, b, said in related]
    return replace(finding, start=start, end=end, related=tuple(Related(*each) for each in related))


def _shifted(offset: int, edit: Edit) -> int:
    return offset if offset <= edit.start else max(edit.start, offset + edit.length - (edit.end - edit.start))


def _ends(text: str, begin: int, stop: int) -> list[int]:
    """Return where lines begin behind the line ends that stand between two offsets."""
    if text.find("\r", begin, stop) >= 0:
        return [found.end() for found in _END.finditer(text, begin, stop)]
    starts = []
    at = text.find("\n", begin, stop)
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1, stop)
    return starts


def _units(text: str, encoding: Encoding) -> int:
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(char > "\uffff" for char in text)


def _chars(line: str, units: int, encoding: Encoding) -> int:
    """Return how many characters of a line lie before a column in units."""
    if encoding == "utf-32" or line.isascii():
        return min(max(units, 0), len(line))
    left = units
    for at, char in enumerate(line):
        left -= _units(char, encoding)
        if left < 0:
            return at
    return len(line)
