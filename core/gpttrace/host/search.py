"""Search over every name of a machine: exact, prefix, glob, words in any order, and words with slips.

Ranked as one who knows the kernel would: exact, then prefix, whole words, beginnings of words, any substring, and only when
these give little, corrected words. At equal fit tracepoints come before raw ones and functions, public names before the
compiler's and the tracepoints' own, short before long.

Over 150,000 names (python -m bench host): p50 5 ms, p99 14 ms; the first query of a process costs 0.1 s more, 0.2 s when it
has a slip. Names are text that bytes.find runs over (lines.py), 9,000 words are the vocabulary of slips (fuzzy.py). An index of
words would answer rare ones sooner, but takes 0.8 s to build, or 3 MB more in each kept file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from heapq import nsmallest
from itertools import islice, product
from typing import NamedTuple

from gpttrace.host.fuzzy import Vocabulary
from gpttrace.host.kinds import ALIASES, KINDS, long_name
from gpttrace.host.knowledge import Found
from gpttrace.host.lines import Fit, Lines, flat
from gpttrace.host.names import Names

# In order of preference at equal fit. Functions are listed once, as the kind that works there.
SEARCHED = ("tracepoint", "software", "hardware", "iter", "rawtracepoint", "function")
FUNCTIONS = ("kprobe", "kretprobe", "fentry", "fexit")
_SCORES = {
    Fit.EXACT: 1.0, Fit.ENTRY: 0.95, Fit.EXIT: 0.94, Fit.PREFIX: 0.9, Fit.WORDS: 0.8, Fit.APART: 0.75,
    Fit.STARTS: 0.7, Fit.SUBSTRING: 0.65, Fit.SCATTERED: 0.6,
}  # fmt: skip
_SLIP = 0.5
_ENOUGH, _LONG = 3, 8
_WORD = re.compile(r"[a-z0-9]+")


Text = tuple[int, str, Lines]  # rank, kind, and its lines


class Hit(NamedTuple):
    """A name that fits; the order of the fields is the order of the answers."""

    slips: int
    hidden: bool
    fit: Fit
    rank: int
    begin: int
    end: int
    kind: str
    lines: Lines


class Search:
    """A search over the lists that `names` gives by kind; `function_kind` is how functions are called there."""

    def __init__(self, names: Callable[[str], Names], function_kind: str = "kprobe") -> None:
        self._names = names
        self._function_kind = function_kind
        self._lines: dict[str, Lines] = {}
        self._words: dict[tuple[str, ...], Vocabulary] = {}

    def find(
        self, query: str, kinds: Sequence[str] = (), limit: int = 20, worst: Fit = Fit.SCATTERED
    ) -> list[Found]:
        """Return the best answers that fit no worse than `worst`; a kind may stand before the query (`kprobe:vfs_*`)."""
        head, _, rest = query.strip().partition(":")
        if not kinds and rest and (head in ALIASES or head in KINDS):
            kinds, query = (long_name(head),), rest
        hits = [hit for hit in self._hits(query.strip(), list(kinds)) if hit.fit <= worst]
        found: dict[str, Found] = {}
        for hit in nsmallest(2 * limit, hits):  # a name may be hit twice
            probe = f"{hit.kind}:{hit.lines.name(hit.begin, hit.end)}"
            found.setdefault(probe, Found(probe, _score(hit, query)))
        return list(islice(found.values(), limit))

    def _hits(self, query: str, kinds: list[str]) -> list[Hit]:
        texts = list(self._texts(kinds))
        if "*" in query or "?" in query:
            return list(_globbed(query, texts))
        words = [word.encode() for word in _WORD.findall(query.lower())]
        if not words:
            return []
        hits = list(_fitting(words, texts))
        if len(hits) < _ENOUGH and all(hit.fit is not Fit.EXACT for hit in hits):
            hits += self._corrected([word.decode() for word in words], texts)
        return hits if hits or len(words) < 2 else list(self._without_one(words, texts))

    def _texts(self, kinds: list[str]) -> Iterator[Text]:
        for kind in kinds:
            if kind not in SEARCHED and kind not in FUNCTIONS:
                yield 0, kind, self.lines(kind)
        for rank, group in enumerate(SEARCHED):
            if group != "function":
                shown = [group] if not kinds or group in kinds else []
            else:
                shown = [kind for kind in kinds if kind in FUNCTIONS] if kinds else [self._function_kind]
            for kind in shown:
                yield rank, kind, self.lines(kind)

    def lines(self, kind: str) -> Lines:
        """Return the lines of a kind."""
        if kind not in self._lines:
            self._lines[kind] = Lines(self._names(kind))
        return self._lines[kind]

    def vocabulary(self, kinds: tuple[str, ...]) -> Vocabulary:
        """Return the words of the names of some kinds; made when a word is not found as it stands."""
        if kinds not in self._words:
            counted: Counter[str] = Counter()
            for kind in kinds:
                self.lines(kind).count_words(counted)
            del counted[""]
            self._words[kinds] = Vocabulary(counted)
        return self._words[kinds]

    def _corrected(self, words: list[str], texts: list[Text]) -> list[Hit]:
        vocabulary = self.vocabulary(tuple(sorted({kind for _, kind, _ in texts})))
        hits: list[Hit] = []
        # With every word more, a single wrong one explains less.
        for slips, choice in islice(corrections(words, vocabulary), max(2, 5 - len(words))):
            hits += self._counted_fitting(choice, vocabulary, texts, slips)
            if len(hits) >= _ENOUGH:
                break
        return hits

    def _without_one(self, words: list[bytes], texts: list[Text]) -> Iterator[Hit]:
        # One word of several is wrong beyond mending, most likely the rarest: what the others say is still an answer.
        vocabulary = self.vocabulary(tuple(sorted({kind for _, kind, _ in texts})))
        ordered = sorted((word.decode() for word in words), key=lambda word: vocabulary.counted[word])
        for left_out in ordered[:2]:
            rest = [word.decode() for word in words if word.decode() != left_out]
            if rest:
                yield from self._counted_fitting(rest, vocabulary, texts, len(words))

    def _counted_fitting(
        self, words: list[str], vocabulary: Vocabulary, texts: list[Text], slips: int
    ) -> Iterator[Hit]:
        rarest = min(words, key=lambda word: vocabulary.counted[word] or 1)
        yield from _fitting([word.encode() for word in words], texts, slips, rarest.encode())


def corrections(words: list[str], vocabulary: Vocabulary) -> Iterator[tuple[int, list[str]]]:
    """Yield (how many words were changed, the words), the likeliest readings first."""
    choices = [_choices(word, vocabulary) for word in words]
    readings = [
        (sum(cost for cost, _ in each), number, [word for _, part in each for word in part])
        for number, each in enumerate(islice(product(*choices), 200))
    ]
    for cost, _, reading in sorted(readings):
        if cost:
            yield cost, reading


def _choices(word: str, vocabulary: Vocabulary) -> list[tuple[int, list[str]]]:
    near = [(1, [each]) for each in vocabulary.correct(word)]
    if word in vocabulary:
        stem = [(1, [word[: len(word) // 2]])] if len(word) >= _LONG else []
        return [(0, [word]), *near[:3], *stem]
    parts = [(1, list(pair)) for pair in vocabulary.split(word)]
    stem = [(1, [each]) for each in vocabulary.stem(word)]
    return [*near[:2], *stem, *parts, *near[2:]] or [(0, [word])]


def _fitting(words: list[bytes], texts: list[Text], slips: int = 0, rarest: bytes = b"") -> Iterator[Hit]:
    looked_for = next((word for word in words if word == rarest), max(words, key=len))
    for rank, kind, lines in texts:
        for fit, begin, end in lines.hits(words, looked_for):
            hidden = begin >= lines.hidden_from and fit > Fit.PREFIX
            yield Hit(slips, hidden, fit, rank, begin, end, kind, lines)


def _globbed(query: str, texts: list[Text]) -> Iterator[Hit]:
    for rank, kind, lines in texts:
        for begin, end in lines.matching(flat(query), whole=kind != "tracepoint"):
            yield Hit(0, begin >= lines.hidden_from, Fit.EXACT, rank, begin, end, kind, lines)


def _score(hit: Hit, query: str) -> float:
    extra = max(0, hit.end - hit.begin - len(query))
    return round(_SCORES[hit.fit] * _SLIP ** min(hit.slips, 3) - min(extra, 90) / 1000, 3)
