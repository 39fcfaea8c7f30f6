"""An event that is called by its two hooks: `contention_begin -> contention_end`, `from workqueue_execute_start to _end`.

Only hooks that begin and end an event of the catalogue are read so; everything else stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

from gpttrace.spec.catalogue import Catalogue, Event, Point

_ARROW = r"(?:[-=]+>|→|\.\.+)"
_SPAN = re.compile(
    rf"""(?P<from>\b(?:from|between)\s+)?
    \b(?P<begin>[a-z]\w*_\w+)\s*(?:\(\))?\s*(?:{_ARROW}|(?P<joined>to|until|till|and)\b)\s*
    (?P<end>_\w+|[a-z]\w*_\w+)\b(?:\(\))?""",
    re.IGNORECASE | re.VERBOSE,
)

_MEASURE = re.compile(r" (?:latency|size)\b")


def with_spans_named(question: str, catalogue: Catalogue) -> str:
    """Return the question with the name of the event and `latency` where the two hooks of an event stand."""
    if "_" not in question:
        return question
    spans = _spans(catalogue)

    def named(found: re.Match[str]) -> str:
        begin, end = found["begin"].lower(), found["end"].lower()
        if end.startswith("_"):
            end = begin.rpartition("_")[0] + end
        # `X and Y` are two events, unless it is said that the time between them is meant.
        apart = (found["joined"] or "").lower() == "and" and not (found["from"] or "").lower().startswith(
            "between"
        )
        name = None if apart else spans.get((begin, end))
        return found[0] if name is None else f"{name} latency"

    return _SPAN.sub(named, question)


@lru_cache(maxsize=4)
def _spans(catalogue: Catalogue) -> dict[tuple[str, str], str]:
    """Return what the event is called that two hooks begin and end; of several events the one with the most names."""
    found: dict[tuple[str, str], Event] = {}
    for event in catalogue.events.values():
        for pair in pairs_of(event):
            if pair not in found or len(event.names) > len(found[pair].names):
                found[pair] = event
    called = {pair: _MEASURE.split(event.example)[0] for pair, event in found.items()}
    return {pair: name for pair, name in called.items() if " by " not in name}


def pairs_of(event: Event) -> set[tuple[str, str]]:
    """Return the names of the hooks that begin and end an event, by twos."""
    return {pair for hook in event.hooks for point in hook.points for pair in _pairs(point)}


def _pairs(point: Point) -> Iterator[tuple[str, str]]:
    begins, ends = ({probe.rpartition(":")[2] for probe in probes} for probes in (point.begin, point.end))
    # A function that is entered and left has one name, and system calls are called by theirs.
    if not begins & ends and not any(begin.startswith("sys_") for begin in begins):
        yield from product(begins, ends)
