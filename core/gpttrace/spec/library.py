"""Functions of the C library that the catalogue does not describe, named in a question as such (`sem_post`, `fclose calls`).

Such an event is made for the one question: who calls it, how often and for how long; its arguments are not known.
"""

from __future__ import annotations

import re

from gpttrace.spec.catalogue import CONTEXT_FIELDS, Event, Field, Hook, Point
from gpttrace.spec.facts import Facts
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.vocabulary import JOINING
from gpttrace.spec.words import stems

PREFIX = "uprobe:libc:"
_NAME = re.compile(r"[a-z][a-z0-9_]{3,}")
# The library chooses one of several at its start (IFUNC): a probe on the name sees the choice and not the calls.
_CHOSEN = ("str", "mem", "wcs", "wmem", "stp", "raw", "ffs")
_AFTER = stems("call calls caller callers user users by per function every for from in")
_BEFORE = stems("count trace call calls of to function how often")
_MISSES = (
    "programs linked statically or with another C library",
    "calls that the compiler wrote out in place",
)


def library_event(
    sentence: Sentence, known: frozenset[str], calls: frozenset[str], host: Facts | None
) -> tuple[Event, frozenset[str]] | None:
    """Return an event for the one library function that the free words name, and these; `calls` are the system calls."""
    if host is None:
        return None
    found = [i for i in range(len(sentence.tokens)) if _names_function(sentence, i, known | calls, host)]
    if len({sentence.tokens[i].text for i in found}) != 1:
        return None
    token = sentence.tokens[found[0]]
    said = [t.stem for t in sentence.tokens if t.stem in ("libc", "library", "glibc") and t.meaning is None]
    return library_event_of(token.text), frozenset((token.stem, *said))


def _names_function(sentence: Sentence, index: int, others: frozenset[str], host: Facts) -> bool:
    token = sentence.tokens[index]
    if token.meaning is not None or token.kind != "word" or not _NAME.fullmatch(token.text):
        return False
    called = sentence.text[token.end : token.end + 1] == "("
    beside = sentence.stem(index + 1) in _AFTER or sentence.stem(index - 1) in _BEFORE | JOINING
    if token.text.startswith(_CHOSEN) or token.text in others:
        return False
    strange = "_" in token.text or token.stem not in others
    return (called or (beside and strange)) and host.has_point(PREFIX + token.text) is True


def library_event_of(name: str) -> Event:
    """Return the event of a function of the C library."""
    return made_event(PREFIX + name, name, f"a program calls {name} of the C library", _MISSES)


def made_event(
    probe: str, name: str, summary: str, misses: tuple[str, ...], columns: tuple[str, ...] = ()
) -> Event:
    """Return the event of a function of which only the name is known, by the probe at its begin (`uprobe:…`, `kprobe:…`)."""
    kind, _, place = probe.partition(":")
    context = {key: Field(key, kind, begin=expr, end=expr) for key, (kind, expr) in CONTEXT_FIELDS.items()}
    return Event(
        id=probe,
        summary=summary,
        noun=f"{name} calls",
        names=(),
        hooks=(Hook((Point(begin=(probe,), end=(f"{kind[0]}ret{kind[1:]}:{place}",)),)),),
        fields={**context, "latency": Field("latency", "uint64", "ns")},
        map="calls",
        keys=("comm",),
        columns=columns,
        misses=misses,
        area="raw",
    )
