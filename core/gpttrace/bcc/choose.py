"""Which tool a question means: phrases of our data, weighed by how few tools share their words. Starts nothing.

A question that names a tool means that tool. Tools that our data does not know are known by what their manual page says
they are.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gpttrace.bcc.known import Known
from gpttrace.spec import vocabulary
from gpttrace.spec.units import unit
from gpttrace.spec.words import stem, stems, tokenize

ALSO = 0.4  # weight of words that a tool knows besides its phrase
CLOSE = 0.9  # a second tool with this share of the best score makes the choice unsure
NEAREST = 3
_NAMED = 1000.0
_LIGHT = 0.1  # of a word that says little anywhere, however few tools have it
_FUNCTION = re.compile(r"[A-Za-z]\w*_\w+|__\w+")
# Empty for the writer of programs, telling here: `each disk I/O` is another tool than `disk I/O`.
_EMPTY = vocabulary.EMPTY - stems("each every off by per who why which individual trace")
_LINKS = stems("or vs versus than then not no")
_WORDS = frozenset().union(
    vocabulary.EMPTY, vocabulary.COUNT, vocabulary.HIST, vocabulary.WEAK_EVENTS, vocabulary.SUMS, vocabulary.AVERAGE,
    vocabulary.MAXIMUM, vocabulary.MINIMUM, vocabulary.MOST, vocabulary.RATE, vocabulary.STATS, vocabulary.BYTES,
    vocabulary.TIMES, vocabulary.KEYS, vocabulary.ABOVE, vocabulary.BELOW, vocabulary.FAILED, vocabulary.SUCCEEDED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """A tool and how well it fits; `named` says that the question calls it by name."""

    known: Known
    score: float
    named: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best tool, whether another one fits as well, and the nearest ones."""

    best: Match | None
    unsure: bool
    nearest: tuple[Known, ...]


def choose_tool(question: str, tools: Mapping[str, Known]) -> Chosen:
    """Choose among `tools`; `best` is None when no phrase of any of them is in the question."""
    asked, texts = _read(question)
    weights = _weights(tools.values())
    matches = sorted(
        (match for known in tools.values() if (match := _match(known, asked, texts, weights)).score > 0),
        key=lambda match: (-match.score, match.known.name),
    )
    full = [match for match in matches if match.named or any(names <= asked for names in match.known.names)]
    nearest = tuple(match.known for match in (full or matches)[:NEAREST])
    if not full:
        return Chosen(None, False, nearest)
    best, second = full[0], full[1] if len(full) > 1 else None
    unsure = second is not None and not best.named and second.score >= CLOSE * best.score
    return Chosen(best, unsure, nearest)


def is_common_word(word: str) -> bool:
    """Tell whether a word says nothing about which tool is meant, or only in which form the answer is wanted."""
    return word in _WORDS or word in _LINKS or unit(word) is not None


def _read(question: str) -> tuple[frozenset[str], frozenset[str]]:
    tokens = tokenize(question)
    found = {token.stem for token in tokens if token.kind in ("word", "io", "number")}
    if any(_FUNCTION.fullmatch(token.text) for token in tokens):
        found.add(stem("function"))  # people write `calls of vfs_read`
    return frozenset(found), frozenset(token.text.lower() for token in tokens)


def _weights(tools: Iterable[Known]) -> dict[str, float]:
    every = list(tools)
    shared = Counter(word for known in every for word in known.words)
    return {
        word: _LIGHT if word in _EMPTY else math.log(1 + len(every) / count) for word, count in shared.items()
    }


def _match(known: Known, asked: frozenset[str], texts: frozenset[str], weights: Mapping[str, float]) -> Match:
    if known.name in texts and known.name not in _PLAIN_NAMES:
        return Match(known, _NAMED, True)
    own = known.words & asked
    if not own:
        return Match(known, 0.0)
    phrase = max(
        (sum(weights[word] for word in names) for names in known.names if names <= asked), default=0.0
    )
    every = sum(weights[word] for word in own)
    return Match(known, phrase + ALSO * every)


# Tools whose names are plain words: `trace` and `profile` in a question are verbs.
_PLAIN_NAMES = frozenset(("trace", "profile", "inject", "deadlock", "readahead", "capable"))
