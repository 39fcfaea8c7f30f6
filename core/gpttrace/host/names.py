"""Names: a long sorted list of names held as one piece of text, searched without making objects of them.

150,000 names are 3.5 MB; as Python strings they would cost 15 MB and 60 ms at every start. A line is a name, or a name, a tab
and a value (the module of a function, the id of a type). Lookups are binary searches over lines: 10-20 µs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator


class Names:
    """Sorted lines in `text`, which begins and ends with a newline; `count` is how many there are."""

    __slots__ = ("count", "text")

    def __init__(self, text: bytes = b"\n", count: int | None = None) -> None:
        self.text = text
        self.count = text.count(b"\n") - 1 if count is None else count

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> Names:
        """Sort lines, drop repeated ones, and make one text of them."""
        ordered = sorted(set(lines))
        return cls(b"\n".join((b"", *ordered, b"")) if ordered else b"\n", len(ordered))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.value(name) is not None

    def __iter__(self) -> Iterator[str]:
        for line in self.text[1:-1].split(b"\n") if self.count else ():
            yield line.partition(b"\t")[0].decode("utf-8", "replace")

    def value(self, name: str) -> str | None:
        """Return what stands beside a name, "" when nothing does; None when there is no such name."""
        return next(self.values(name), None)

    def values(self, name: str) -> Iterator[str]:
        """Yield what stands beside each line of this name: one function may be in vmlinux and in a module."""
        key = name.encode("utf-8", "replace")
        if not key or b"\n" in key or b"\t" in key:
            return
        at = self._first_not_below(key)
        while at < len(self.text) - 1:
            line = self.text[at : self.text.index(b"\n", at)]
            own, _, value = line.partition(b"\t")
            if own != key:
                return
            yield value.decode("utf-8", "replace")
            at += len(line) + 1

    def prefixed(self, prefix: bytes) -> tuple[int, int]:
        """Return where the lines that begin with `prefix` begin and end in the text."""
        return self._first_not_below(prefix), self._first_not_below(prefix + b"\xff")

    def beginning(self, prefix: str, limit: int) -> list[str]:
        """Return the first names with a beginning, in order; of a long list only as much is read as is wanted."""
        begin, end = self.prefixed(prefix.encode("utf-8", "replace"))
        if not prefix:
            begin, end = self.prefixed(b"a")[0], len(self.text)  # the compiler's own begin with `.` and `_`
        found: dict[str, None] = {}
        while begin < end and len(found) < limit:
            stop = self.text.index(b"\n", begin)
            found[self.text[begin:stop].partition(b"\t")[0].decode("utf-8", "replace")] = None
            begin = stop + 1
        return list(found)

    def match(self, pattern: str, limit: int = 0) -> list[str]:
        """Return the names that a bpftrace pattern matches, sorted and each once; `*` is any run, nothing else is special."""
        found: dict[str, None] = {}
        for line in self._matching(pattern):
            found[line.partition(b"\t")[0].decode("utf-8", "replace")] = None
            if 0 < limit <= len(found):
                break
        return list(found)

    def count_of(self, pattern: str) -> int:
        """Return how many lines a pattern matches."""
        if set(pattern) == {"*"}:
            return self.count
        return sum(1 for _ in self._matching(pattern))

    def _matching(self, pattern: str) -> Iterator[bytes]:
        literals = re.split(rb"\*+", pattern.encode("utf-8", "replace"))
        if len(literals) == 1:
            yield from (pattern.encode(),) * (pattern in self)
            return
        begin, end = self.prefixed(literals[0])
        longest = max(literals, key=len)
        if longest == literals[0] and not any(literals[1:]):
            yield from self.text[begin : end - 1].split(b"\n") if end > begin else ()
        elif longest == literals[0]:
            yield from (found[0] for found in _whole(literals).finditer(self.text, begin, end))
        else:
            yield from self._holding(longest, _whole(literals), begin, end)

    def _holding(self, literal: bytes, whole: re.Pattern[bytes], begin: int, end: int) -> Iterator[bytes]:
        # Looking for the longest literal first is 10 times as quick as trying the expression on each line.
        text = self.text
        at = text.find(literal, begin, end)
        while at >= 0:
            start = text.rfind(b"\n", 0, at) + 1
            stop = text.index(b"\n", at)
            if (found := whole.match(text, start, stop)) is not None:
                yield found[0]
            at = text.find(literal, stop, end)

    def _first_not_below(self, key: bytes) -> int:
        text = self.text
        low, high = 1, len(text)
        while low < high:
            middle = (low + high) // 2
            begin = text.rfind(b"\n", 0, middle) + 1
            if begin < low:  # the line that `low` begins: look at it alone
                begin = low
            stop = text.find(b"\n", begin)
            if stop < 0:
                return len(text)
            if text[begin:stop] < key:
                low = stop + 1
            else:
                high = begin
        return low


def _whole(literals: list[bytes]) -> re.Pattern[bytes]:
    """Return the expression of a whole line, with the value that may stand beside the name."""
    body = b"[^\n\t]*".join(re.escape(part) for part in literals)
    return re.compile(b"^" + body + b"(?:\t[^\n]*)?$", re.MULTILINE)
