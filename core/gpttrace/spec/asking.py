"""Which sentences of a text ask for something, where others only tell why: `The disk is slow. Count reads by process.`"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import plain

_STOPS = re.compile(r"[.!?](?=\s|$)")
BEGINS = plain(
    """show count list print measure trace tell give log record report display find watch monitor plot draw compute calculate get
    summarize summarise sum sample profile compare help explain detect alert track rank sort group break histogram top number
    what which who whom whose how why where when do does did can could would will please want need like wish"""
)
STATING = plain(
    """i we it is are was were has have gets keeps takes seems feels looks my our says said shows runs hangs drains they
    everything something nothing suspected complain complains there"""
)
_FIRST, _SHORT = 4, 4


@dataclass(frozen=True, slots=True)
class Asking:
    """The stems of the sentences that ask, and of those that only tell something."""

    asking: tuple[frozenset[str], ...]
    telling: tuple[frozenset[str], ...]

    def is_aside(self, phrase: tuple[str, ...]) -> bool:
        """Tell whether words stand together in a sentence that only tells why, and in none that asks."""
        told = any(part.issuperset(phrase) for part in self.telling)
        return told and bool(self.asking) and not any(part.issuperset(phrase) for part in self.asking)


def asking_in(sentence: Sentence) -> Asking:
    """Return which sentences of a text ask, and which tell."""
    asking: list[frozenset[str]] = []
    telling: list[frozenset[str]] = []
    for part in _parts(sentence):
        stems = frozenset(sentence.tokens[index].stem for index in part)
        (telling if tells(sentence, part) else asking).append(stems)
    return Asking(tuple(asking), tuple(telling))


def listed_behind_colon(sentence: Sentence) -> frozenset[str]:
    """Return the stems that stand only in a list of short items behind a colon: `renames: process, old path, new path`."""
    at = next((i + 1 for i, t in enumerate(sentence.tokens) if sentence.text[t.end : t.end + 1] == ":"), 0)
    if not at and (tail := _TAIL.search(sentence.text)) is not None:
        first = next((i for i, t in enumerate(sentence.tokens) if t.start > tail.start()), 0)
        before = {token.stem for token in sentence.tokens[:first]}
        return frozenset(token.stem for token in sentence.tokens[first:]) - before
    if at < _BEFORE_LIST or sentence.text.count(",", sentence.tokens[at - 1].end) < _COMMAS:
        return frozenset()
    items = re.split(r",| and |\bplus\b", sentence.text[sentence.tokens[at - 1].end + 1 :])
    if any(len(item.split()) > _SHORT_ITEM for item in items):
        return frozenset()
    before = {token.stem for token in sentence.tokens[:at]}
    return frozenset(token.stem for token in sentence.tokens[at:]) - before


# `rename operations, old and new name, with the process that does it`
_TAIL = re.compile(
    r", (the )?(old and new|previous and new|from and to) \w+(,? (and |with |by )[^,.;?!]*)?[.?!]?$",
    re.IGNORECASE,
)
_BEFORE_LIST, _COMMAS, _SHORT_ITEM = 2, 1, 3


def listed_before_colon(sentence: Sentence) -> list[list[int]]:
    """Return the tokens of each item of a list that a colon ends: `forks, execs, exits: totals`; empty where there is none."""
    colon = re.match(r"([^:.?!]+):(?=\s)", sentence.text)
    if colon is None or "," not in colon[1]:
        return []
    items: list[list[int]] = [[]]
    for index, token in enumerate(sentence.tokens):
        if token.end > colon.end():
            break
        items[-1].append(index)
        if sentence.text[token.end : token.end + 1] == ",":
            items.append([])
    short = all(0 < len(item) <= _ITEM for item in items)
    return items if short and len(items) > 1 else []


_ITEM = 4


def told_in(sentence: Sentence) -> frozenset[int]:
    """Return the tokens of the sentences that only tell something, where another one asks."""
    parts = _parts(sentence)
    telling = [part for part in parts if tells(sentence, part)]
    return frozenset(i for part in telling for i in part) if len(telling) < len(parts) else frozenset()


def _parts(sentence: Sentence) -> list[range]:
    first, found = 0, []
    for index, token in enumerate(sentence.tokens):
        if index + 1 == len(sentence.tokens) or (
            len(token.text) > 1 and _STOPS.match(sentence.text, token.end)  # not `i.e.`
        ):
            found.append(range(first, index + 1))
            first = index + 1
    return found


def tells(sentence: Sentence, part: range) -> bool:
    """Tell whether a part of a text only says how things are."""
    words = [sentence.tokens[index].text.lower() for index in part]
    asks = BEGINS & set(words[:_FIRST]) or sentence.text[sentence.tokens[part[-1]].end :][:1] == "?"
    return not asks and len(words) >= _SHORT and bool(STATING & set(words))
