"""Words: a question as queries of FTS5, with our own synonyms. No text, however hostile, can make a query that is wrong.

Endings are left to the porter stemmer of the index.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from gpttrace.spec.words import stem

MOST_WORDS = 32
MOST_WIDE = 48
_LONGEST = 64
_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
_JOINED = re.compile(r"[^\W_]+(?:[-/_][^\W_]+)+")

_STOP = """
    a about after all also am an and another any anything are as at be been before being best between bpf bpftrace but by
    can could current currently did display do does doing done each ebpf find for from gave get give given gives go goes
    going got had has have having help here how i if in into is it its just let like linux list machine made make makes me
    much my need now of on one only or our out over per please print program programs script see server show shows so some
    something such system than that the their them then there these they thing things this those to tool trace traces
    tracing up us use used uses using want was watch way we were what when where which while who whom whose why will with
    within would you your
"""
STOP = frozenset(_STOP.split())


@dataclass(frozen=True, slots=True)
class Query:
    """The words of a question; `wide` are these and the words that mean nearly the same."""

    words: tuple[str, ...]
    wide: tuple[str, ...]


def query_of(question: str) -> Query:
    """Return the words to search for."""
    words = words_of(question)
    wide = dict.fromkeys((*words, *(near for word in _asked(question, words) for near in synonyms(word))))
    return Query(words, tuple(wide)[:MOST_WIDE])


def joined(words: Iterable[str], operator: Literal["AND", "OR"]) -> str:
    """Return the words as a query of FTS5. In quotes nothing is an operator, and words have no quotes of their own."""
    return f" {operator} ".join(f'"{word}"' for word in words)


def words_of(question: str) -> tuple[str, ...]:
    """Return the words that carry meaning; all of them when none does."""
    found = dict.fromkeys(word.lower()[:_LONGEST] for word in _WORD.findall(question[:4000]))
    telling = [word for word in found if word not in STOP and (len(word) > 1 or word.isdigit())]
    return tuple((telling or list(found))[:MOST_WORDS])


def synonyms(word: str) -> tuple[str, ...]:
    """Return the words that mean nearly the same."""
    return _table().get(stem(word), ())


def _asked(question: str, words: tuple[str, ...]) -> Iterable[str]:
    # `off-CPU` is one word here and two in the index; "who" is no search word but has synonyms.
    yield from (match.lower() for match in _JOINED.findall(question[:4000])[:MOST_WORDS])
    yield from words
    if re.search(r"\bwho\b", question, re.IGNORECASE):
        yield "who"


@cache
def _table() -> dict[str, tuple[str, ...]]:
    listed = tomllib.loads(Path(__file__).with_name("synonyms.toml").read_text(encoding="utf-8"))["groups"]
    table: dict[str, dict[str, None]] = {}
    for group in listed:
        words = group.split()
        for word in words:
            near = table.setdefault(stem(word), {})
            near.update(
                dict.fromkeys(each.replace("/", " ").replace("-", " ") for each in words if each != word)
            )
    return {word: tuple(near) for word, near in table.items()}
