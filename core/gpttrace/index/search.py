"""Search: examples that a question means, best first: words (FTS5, with and without synonyms) and meaning (vectors), put together
by reciprocal rank. What fails on the way (an endpoint that is silent) costs only its part and is said in `warnings`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from gpttrace.errors import GpttraceError
from gpttrace.index.embed import find_embedding
from gpttrace.index.filters import Wanted, example_of
from gpttrace.index.header import Example
from gpttrace.index.meant import of_events
from gpttrace.index.nearest import nearest, question_row
from gpttrace.index.places import Places
from gpttrace.index.ranking import examples_in, ranked
from gpttrace.index.schema import meta, one
from gpttrace.index.store import Index
from gpttrace.index.words import Query, query_of

K = 10  # of reciprocal rank fusion, and 1:2 of words to vectors: measured in generation.md §4.2; that of events on our dev sets
OF_VECTORS, OF_WORDS, OF_WIDE, OF_EVENTS = 2.0, 1.0, 0.5, 2.5
_FIRST = 64  # candidates of each ranking; more only when a filter leaves too few
_LONGEST_QUESTION = 2_000
_LEAST_COSINE = 0.3  # further away, and no word speaks for it: it has nothing to do with the question

Kind = Literal["example", "event", "tool"]


@dataclass(frozen=True, slots=True)
class Found:
    """An example with its score (higher is better, comparable within one search only) and what speaks for it."""

    example: Example
    score: float
    why: str

    @property
    def kind(self) -> Kind:
        """What it is: a program, an event of the catalogue, or a tool that is installed here."""
        kinds: dict[str, Kind] = {"catalogue": "event", "bpftrace": "tool", "bcc": "tool"}
        return kinds.get(self.example.source, "example")


@dataclass(slots=True)
class Hits:
    """What a search found."""

    found: list[Found] = field(default_factory=list)
    warnings: tuple[str, ...] = ()


def search(index: Index, places: Places, question: str, k: int, wanted: Wanted) -> Hits:
    """Return the k best examples that are wanted."""
    question = question[:_LONGEST_QUESTION]
    query = query_of(question)
    with index.lock:
        count = examples_in(index)
        limit = max(_FIRST, 4 * k)
        while True:
            plain = ranked(index, query.words, limit)
            cosines, warnings = _near(index, places, question, plain, limit)
            wide = ranked(index, query.wide, limit) if query.wide != query.words else plain
            rankings = _Rankings(query, plain, wide, cosines, of_events(index, question, limit))
            found = _chosen(index, rankings, k, wanted)
            if len(found) >= k or limit >= count or not wanted.asks:
                return Hits(found, warnings)
            limit = min(count, limit * 8)


@dataclass(frozen=True, slots=True)
class _Rankings:
    query: Query
    plain: list[int]
    wide: list[int]
    cosines: dict[int, float]
    events: list[int]


def _near(
    index: Index, places: Places, question: str, among: list[int], limit: int
) -> tuple[dict[int, float], tuple[str, ...]]:
    if not question.strip() or not meta(index.database).get("identity"):
        return {}, ()
    try:
        embedding = find_embedding(places)
        if embedding is None:
            return {}, ()
        row = question_row(embedding, question)
    except GpttraceError as error:
        return {}, (f"{error.message}; searched by words alone",)
    return dict(nearest(index, row, among, limit)), ()


def _chosen(index: Index, by: _Rankings, k: int, wanted: Wanted) -> list[Found]:
    ranks = [(OF_WORDS, by.plain), (OF_WIDE, by.wide), (OF_VECTORS, list(by.cosines)), (OF_EVENTS, by.events)]
    scores = fused(ranks)
    by_word = {*by.plain, *by.wide, *by.events}
    found: list[Found] = []
    for number, score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        cosine = by.cosines.get(number)
        if number not in by_word and cosine is not None and cosine < _LEAST_COSINE:
            continue
        example = example_of(one(index.database, "select whole from examples where id = ?", number))
        if wanted.takes(example):
            why = _why(example, by.query, number in by.plain, cosine)
            found.append(Found(example, score, f"{why}; event" if number in by.events else why))
        if len(found) == k:
            break
    return found


def fused(rankings: Iterable[tuple[float, list[int]]]) -> dict[int, float]:
    """Return the score of each example in some rankings with their weights."""
    scores: dict[int, float] = {}
    for weight, ranking in rankings:
        for rank, number in enumerate(ranking, 1):
            scores[number] = scores.get(number, 0.0) + weight / (K + rank)
    return scores


def _why(example: Example, query: Query, by_words: bool, cosine: float | None) -> str:
    said: list[str] = []
    if by_words:
        text = " ".join(
            (example.name, example.title, *example.questions, *example.tags, example.explanation)
        ).lower()
        words = [word for word in query.words if word[: max(3, len(word) - 2)] in text]
        said.append(f"words: {', '.join(words[:6])}" if words else "probe names")
    elif cosine is None:
        said.append("words of the same meaning")
    if cosine is not None:
        said.append(f"meaning {cosine:.2f}")
    return "; ".join(said)
