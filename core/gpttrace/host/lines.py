"""Lines: the names of one kind as a search reads them: small letters, one separator, short names and public ones first.

Looking for a word is one pass of bytes.find over at most 3.5 MB (0.5-2 ms), and the first hits are the best, so that a search
may stop early. An FTS5 trigram table of the same 150,000 names took 1.6 s to build and 11 MB to keep, answered in 0.5-11 ms
without an order of its own, and knows nothing of slips.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from itertools import islice

from gpttrace.host.names import Names

_SEPARATORS = b":.-/ "
_FLAT = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ" + _SEPARATORS, b"abcdefghijklmnopqrstuvwxyz" + b"_" * len(_SEPARATORS)
)
# The compiler's copies and the tracepoints' own machinery: real, but hardly what is looked for.
_INTERNAL = re.compile(
    rb"__(probestub|traceiter|bpf_trace|do_sys|se_sys|do_compat_sys|se_compat_sys|ia32|x64|arm64|pfx|cfi|UNIQUE_ID)_?"
    rb"|(trace_event_raw_event|perf_trace|trace_raw_output|do_trace_event_raw_event)_"
    rb"|\S*\.(isra|constprop|part|cold|llvm|lto_priv)\b|_{2}\S*"
)
MOST_HITS, MOST_LOOKS = (
    600,
    4000,
)  # for each kind; the names that are left out are longer than all that are shown


class Fit(IntEnum):
    """How a name fits a query, best first."""

    EXACT = 0
    ENTRY = 1
    EXIT = 2
    PREFIX = 3
    WORDS = 4
    APART = 5
    STARTS = 6
    SUBSTRING = 7
    SCATTERED = 8


def flat(text: str) -> bytes:
    """Return text as the lines are kept for searching."""
    return text.encode("utf-8", "replace").translate(_FLAT)


class Lines:
    """The names of one kind: `flat` to look in, `text` with the same offsets to show."""

    __slots__ = ("_colon", "flat", "hidden_from", "text")

    def __init__(self, names: Names) -> None:
        lines = names.text[1:-1].split(b"\n") if names.count else []
        if b"\t" in names.text:
            lines = list(dict.fromkeys(line.partition(b"\t")[0] for line in lines))
        lines.sort(key=len)
        internal = {line for line in lines if _INTERNAL.match(line)}
        if internal:
            lines.sort(key=internal.__contains__)
        self.text = b"\n".join((b"", *lines, b""))
        self.hidden_from = len(self.text) - sum(map(len, internal)) - len(internal)
        self.flat = self.text.translate(_FLAT)
        self._colon = b":" in self.text

    def hits(self, words: list[bytes], rarest: bytes) -> Iterator[tuple[Fit, int, int]]:
        """Yield (fit, begin, end) of lines that hold all words, one of which is `rarest`; at most MOST_HITS."""
        joined = b"_".join(words)
        others = [word for word in words if word is not rarest]
        hits = looks = 0
        for begin, end in islice(self._holding(rarest), MOST_LOOKS):
            looks += 1
            line = self.flat[begin:end]
            if not others or all(word in line for word in others):
                hits += 1
                yield self._fit(line, begin, words, joined), begin, end
            if hits == MOST_HITS:
                break
        if hits == MOST_HITS or looks == MOST_LOOKS:
            # What begins with the query matters more than what comes after so many shorter names.
            for begin, end in islice(self._holding(b"\n" + joined), MOST_HITS // 2):
                yield (Fit.EXACT if end - begin == len(joined) else Fit.PREFIX), begin, end

    def matching(self, pattern: bytes, *, whole: bool) -> Iterator[tuple[int, int]]:
        """Yield (begin, end) of lines that a glob matches, at most MOST_HITS; unless `whole`, a category may stand before it."""
        literals = re.split(rb"[*?]+", pattern)
        body = re.escape(pattern).replace(rb"\*", b"[^\n]*").replace(rb"\?", b"[^\n]")
        expression = re.compile((b"" if whole else b"(?:[^\n]*?_)??") + body)
        found = (
            (begin, end)
            for begin, end in self._holding(max(literals, key=len) or b"\n")
            if expression.fullmatch(self.flat, begin, end)
        )
        return islice(found, MOST_HITS)

    def near(self, name: bytes) -> Iterator[tuple[int, int]]:
        """Yield (begin, end) of lines that may be two slips away: as long, and with one third of the name where it was."""
        third = max(len(name) // 3, 1)
        for place, part in (
            (0, name[:third]),
            (third, name[third:-third]),
            (len(name) - third, name[-third:]),
        ):
            # At the edges a newline or the shift of two letters tells most lines off before they are looked at.
            for begin, end in islice(self._holding(b"\n" + part if not place else part), MOST_LOOKS):
                if abs(end - begin - len(name)) <= 2:
                    yield begin, end

    def name(self, begin: int, end: int) -> str:
        """Return a name as the kernel writes it."""
        return self.text[begin:end].decode("utf-8", "replace")

    def count_words(self, counted: Counter[str]) -> None:
        """Count the words of all names."""
        counted.update(self.flat.decode("utf-8", "replace").replace("_", "\n").split("\n"))

    def _holding(self, literal: bytes) -> Iterator[tuple[int, int]]:
        """Yield (begin, end) of the lines that hold a literal, which may begin with the newline before them."""
        text = self.flat
        at = text.find(literal)
        while at >= 0:
            begin = text.rfind(b"\n", 0, at + 1) + 1
            end = text.find(b"\n", begin)
            if end < 0:
                return
            yield begin, end
            at = text.find(literal, end)

    def _fit(self, line: bytes, begin: int, words: list[bytes], joined: bytes) -> Fit:
        if line == joined:
            return Fit.EXACT
        event = line[self.text.index(b":", begin) + 1 - begin :] if self._colon else line
        if event == joined:
            return Fit.EXACT
        # People name a system call, not the hooks around it.
        if event[:4] == b"sys_" and event in (b"sys_enter_" + joined, b"sys_exit_" + joined):
            return Fit.ENTRY if event[4:6] == b"en" else Fit.EXIT
        if event.startswith(joined):
            return Fit.PREFIX
        framed = b"_%b_" % line
        if all(b"_%b_" % word in framed for word in words):
            return Fit.WORDS if joined in line else Fit.APART
        if all(b"_" + word in framed for word in words):
            return Fit.STARTS
        return Fit.SUBSTRING if joined in line else Fit.SCATTERED
