"""The words of the catalogue: which event each belongs to, and how much it tells (a word of few events tells more)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from gpttrace.spec import vocabulary
from gpttrace.spec.catalogue import Catalogue, Event, words_of
from gpttrace.spec.words import plain, stem

Phrase = tuple[str, ...]
# Rows and conditions begin with these, also where the name of an event holds one (`read by file`).
LINKS = plain("by per for of from to with in on each every")


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with the stems of its names; `own` words say nothing new beside a name, `words` are all it is known by."""

    event: Event
    phrases: tuple[Phrase, ...]
    strong: frozenset[str]
    own: frozenset[str]
    words: frozenset[str]
    fields: frozenset[str]
    spelled: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All entries, and the weight of each stem."""

    entries: tuple[Entry, ...]
    weights: dict[str, float]

    def weight(self, word: str) -> float:
        """Return how much a word tells: 1 for one that most events share, more for rare ones."""
        return self.weights.get(word, 0.0)


@lru_cache(maxsize=4)
def lexicon(catalogue: Catalogue) -> Lexicon:
    """Return the lexicon of a catalogue, made once."""
    entries = tuple(_entry(event) for event in catalogue.events.values())
    counts = Counter(word for entry in entries for word in entry.words | entry.fields)
    return Lexicon(entries, {word: 1 + math.log(len(entries) / count) for word, count in counts.items()})


def _entry(event: Event) -> Entry:
    phrases = tuple(stemmed(name) for name in event.names)
    named = {word for phrase in phrases for word in phrase}
    also = set(_stems(event.also))
    told = set(_stems((event.noun, event.summary, event.id.replace("-", " "))))
    fields = set(_stems(name for field in event.fields.values() for name in field.names))
    slots = vocabulary.EMPTY | set(vocabulary.KEYS) | vocabulary.SLOTS
    return Entry(
        event=event,
        phrases=phrases,
        strong=frozenset(_stems(event.strong)),
        own=frozenset(also | (named - fields)) - left_for_later(event) - LINKS,
        fields=frozenset(fields | {stem(name) for field in event.fields.values() for name in field.values}),
        spelled=tuple(frozenset(name.split()) for name in event.names),
        words=frozenset(named | also | (told - slots) | set(_stems(event.strong))) - left_for_later(event),
    )


def _stems(phrases: Iterable[str]) -> Iterable[str]:
    return (stem(word) for phrase in phrases for word in phrase.replace("(", " ").replace(")", " ").split())


@lru_cache(maxsize=4096)
def stemmed(phrase: str) -> Phrase:
    """Return the stems of a phrase."""
    return tuple(stem(word) for word in phrase.replace("file descriptor", "descriptor").split())


def left_for_later(event: Event) -> set[str]:
    """Return the words of an event's name that also say what is measured: `bytes read`, `disk latency`, `IOPS`."""
    later = {stem(name) for field in event.fields.values() for name in field.values}
    if "rate" not in event.fields:  # of a clock the rate is what changes, not how often it does
        later |= vocabulary.RATE
    if event.field_of_unit("bytes") is not None:
        later |= set(vocabulary.BYTES)
    if event.field_of_unit("ns") is not None:
        later |= set(vocabulary.TIMES) | {stem("time"), "longest"}
    return later


@lru_cache(maxsize=4)
def known_stems(catalogue: Catalogue) -> frozenset[str]:
    """Return every stem that means something in a question."""
    return _known(
        tuple(sorted({stem(word) for event in catalogue.events.values() for word in words_of(event)}))
    )


def _known(names: tuple[str, ...]) -> frozenset[str]:
    lists = [value for value in vars(vocabulary).values() if isinstance(value, frozenset)]
    tables = [value for value in vars(vocabulary).values() if isinstance(value, dict)]
    every = frozenset().union(*lists, *(frozenset(table) for table in tables))
    own = frozenset(word for word in every if word.isascii()) - vocabulary.FOREIGN
    return own | vocabulary.OTHER | frozenset(names)


@lru_cache(maxsize=4)
def plurals(catalogue: Catalogue) -> frozenset[str]:
    """Return the plurals of what `known_stems` returns, for the correction of typing errors (`erors`)."""
    return frozenset(f"{word}s" for word in known_stems(catalogue) if len(word) > 3)
