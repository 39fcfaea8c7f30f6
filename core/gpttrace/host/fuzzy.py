"""Slips of the pen: which known words a mistyped one may stand for.

One slip (a letter wrong, missing, too many, or two swapped) is found by trying every one of them against the set of known
words, 0.2-0.4 ms for a word of 8 letters. Two slips are looked for in long words only: a word cut in three has one part
without a slip, so only words that share a part are measured, 1-2 ms over the 9,000 words that 150,000 names are made of.
rapidfuzz 3.14, tried beside it, takes 1 ms over the same words and 20 ms over the names: no gain for 3 MB more to install.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
SHORTEST, SHORTEST_FOR_TWO = 3, 7


def slips(word: str) -> Iterator[str]:
    """Yield what one slip makes of a word."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in LETTERS:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


def distance(left: str, right: str, most: int) -> int:
    """Return how many slips lie between two words, or `most` + 1 when there are more."""
    left, right = _apart(left, right)
    if abs(len(left) - len(right)) > most or len(set(left) - set(right)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (one != other))
            if i > 1 and j > 1 and one == right[j - 2] and left[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def _apart(left: str, right: str) -> tuple[str, str]:
    """Return two words without what they begin and end with alike, which costs most of the time and decides nothing."""
    begin = _alike(left, right)
    left, right = left[begin:], right[begin:]
    end = _alike(left[::-1], right[::-1])
    return (left[:-end], right[:-end]) if end else (left, right)


def _alike(left: str, right: str) -> int:
    return next(
        (at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other),
        min(len(left), len(right)),
    )


class Vocabulary:
    """Known words and how often each occurs; corrections come nearest first, then the most frequent."""

    def __init__(self, counted: Counter[str]) -> None:
        self.counted = counted
        self._text = "\n".join(("", *counted, ""))

    def __contains__(self, word: str) -> bool:
        return word in self.counted

    def correct(self, word: str, limit: int = 4) -> list[str]:
        """Return the words that this one may stand for; a known word is taken to have one slip at most."""
        if len(word) < SHORTEST:
            return []
        near = {each for each in slips(word) if each in self.counted and len(each) > 1}
        # The first letter is seldom wrong.
        ranked = sorted(near, key=lambda each: (each[0] != word[0], -self.counted[each]))
        if len(ranked) < limit and len(word) >= SHORTEST_FOR_TWO and word not in self:
            ranked += [each for each in self._two_slips(word) if each not in near]
        return ranked[:limit]

    def split(self, word: str) -> list[tuple[str, str]]:
        """Return the ways to read a word as two known ones, the most frequent first: `schedswitch`."""
        cuts = ((word[:at], word[at:]) for at in range(2, len(word) - 1))
        known = [pair for pair in cuts if pair[0] in self and pair[1] in self]
        return sorted(known, key=lambda pair: -min(self.counted[part] for part in pair))[:2]

    def stem(self, word: str) -> list[str]:
        """Return the longest beginning that known words have, at least 4 letters and half of it: `allocation` → `alloc`."""
        for length in range(len(word) - 1, max(3, len(word) // 2 - 1), -1):
            if "\n" + word[:length] in self._text:
                return [word[:length]]
        return []

    def _two_slips(self, word: str) -> list[str]:
        near = {each: distance(word, each, 2) for each in self._sharing(word)}
        close = [each for each, far in near.items() if far <= 2]
        return sorted(close, key=lambda each: (near[each], -self.counted[each]))

    def _sharing(self, word: str) -> Iterator[str]:
        third = len(word) // 3
        for begin, part in ((0, word[:third]), (third, word[third:-third]), (None, word[-third:])):
            at = self._text.find(part)
            while at >= 0:
                start, end = self._text.rfind("\n", 0, at) + 1, self._text.index("\n", at)
                place = at - start if begin is not None else at - end
                wanted = begin if begin is not None else -third
                if abs(end - start - len(word)) <= 2 and abs(place - wanted) <= 2:
                    yield self._text[start:end]
                at = self._text.find(part, end)
