"""Source text and its coordinates: character, byte and UTF-16 offsets, lines and columns.

Lines end at `\\n` (a `\\r` before it belongs to the line's end) and nowhere else; lines and columns count from 1.
All tables are built on first use, so that a parse alone pays nothing for them.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property


class Source:
    """The text of one program."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        find = self.text.find
        at = find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return starts

    @cached_property
    def _byte_starts(self) -> list[int]:
        total = 0
        starts = []
        for begin, end in zip(self._starts, [*self._starts[1:], len(self.text)], strict=True):
            starts.append(total)
            total += _width(self.text[begin:end])
        return starts

    @property
    def lines(self) -> int:
        """The number of lines; an empty text has one."""
        return len(self._starts)

    def line_start(self, line: int) -> int:
        """Return the character offset where a line begins; a line past the end begins at the end."""
        if line > len(self._starts):
            return len(self.text)
        return self._starts[max(line, 1) - 1]

    def line_end(self, line: int) -> int:
        """Return the character offset of the end of a line, before its `\\r\\n` or `\\n`."""
        begin, end = self.line_start(line), self.line_start(line + 1)
        if end > begin and self.text[end - 1] == "\n":
            end -= 1
            if end > begin and self.text[end - 1] == "\r":
                end -= 1
        return end

    def line_text(self, line: int) -> str:
        """Return one line without its end."""
        return self.text[self.line_start(line) : self.line_end(line)]

    def line_column(self, char: int) -> tuple[int, int]:
        """Return (line, column) of a character offset, both from 1, the column in characters."""
        char = min(max(char, 0), len(self.text))
        line = bisect_right(self._starts, char)
        return line, char - self._starts[line - 1] + 1

    def char_at(self, line: int, column: int) -> int:
        """Return the character offset of (line, column), both from 1; a column past the end is the line's end."""
        return min(self.line_start(line) + max(column, 1) - 1, self.line_end(line))

    def utf16_column(self, char: int) -> tuple[int, int]:
        """Return (line, column) from 1 with the column in UTF-16 code units."""
        line, _ = self.line_column(char)
        before = self.text[self.line_start(line) : min(char, len(self.text))]
        return line, len(before) + sum(c > "\uffff" for c in before) + 1

    def byte_column(self, char: int) -> tuple[int, int]:
        """Return (line, column) from 1 with the column in bytes of UTF-8, as bpftrace counts (all versions)."""
        line, _ = self.line_column(char)
        return line, _width(self.text[self.line_start(line) : min(char, len(self.text))]) + 1

    def byte_offset(self, char: int) -> int:
        """Return the UTF-8 byte offset of a character offset."""
        line, column = self.line_column(char)
        begin = self._starts[line - 1]
        return self._byte_starts[line - 1] + _width(self.text[begin : begin + column - 1])

    def char_offset(self, byte: int) -> int:
        """Return the character offset of a UTF-8 byte offset; inside a character, the character's own."""
        byte = max(byte, 0)
        line = bisect_right(self._byte_starts, byte)
        begin = self._starts[line - 1]
        data = self.text[begin : self.line_start(line + 1)].encode("utf-8", "surrogatepass")
        rest = data[: byte - self._byte_starts[line - 1]]
        return begin + len(rest.decode("utf-8", "ignore"))


def _width(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
