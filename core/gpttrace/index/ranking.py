"""Ranking by words: FTS5's bm25, kept within a bound of time however many examples there are.

bm25 costs time for each row that a word is in. In a small index that does not matter; in a large one the words that are in very
many examples, which say little, are left out, and of a question of such words only the first rows that have all are ranked.
"""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.index.schema import WEIGHTS, one, rows
from gpttrace.index.store import Index
from gpttrace.index.words import joined

LARGE = 10_000  # examples
MOST_ROWS = 6_000  # that are ranked for one query

_BM25 = f"bm25(words, {', '.join(map(str, WEIGHTS))})"


def ranked(index: Index, words: Sequence[str], limit: int) -> list[int]:
    """Return the examples that have any of the words, best first; needs index.lock."""
    if not words:
        return []
    if examples_in(index) < LARGE:
        query = f"select rowid from words where words match ? order by {_BM25} limit ?"
        return [each for (each,) in rows(index.database, query, joined(words, "OR"), limit)]
    telling = _telling(index, words)
    asked = joined(telling, "OR") if telling else joined(words, "AND")
    inner = f"select rowid, {_BM25} as rank from words where words match ? limit {MOST_ROWS}"
    query = f"select rowid from ({inner}) order by rank limit ?"
    return [each for (each,) in rows(index.database, query, asked, limit)]


def examples_in(index: Index) -> int:
    """Return how many examples there are; counted once for an open index, which never changes."""
    if "examples" not in index.kept:
        index.kept["examples"] = one(index.database, "select count(*) from examples")
    return int(index.kept["examples"])


def _telling(index: Index, words: Sequence[str]) -> list[str]:
    """Return the rarest words, as many as there is time for."""
    known: dict[str, int] = index.kept.setdefault("hits", {})
    for word in words:
        if word not in known:
            counted = f"select count(*) from (select 1 from words where words match ? limit {MOST_ROWS + 1})"
            known[word] = int(one(index.database, counted, joined([word], "OR")))
    telling, left = [], MOST_ROWS
    for word in sorted(words, key=known.__getitem__):
        left -= known[word]
        if left < 0:
            break
        telling.append(word)
    return telling
