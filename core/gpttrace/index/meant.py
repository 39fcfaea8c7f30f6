"""Meant: the examples of the events that a question names, as the reader of questions understands it.

The catalogue knows how people call an event better than any distance of words does; this is one ranking among others.
"""

from __future__ import annotations

from gpttrace.index.schema import rows
from gpttrace.index.store import Index
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.question import likely_events

_OF_EACH = 12  # examples of one event; the next event is worth a look as well


def of_events(index: Index, question: str, limit: int) -> list[int]:
    """Return the events that a question may mean, each followed by its examples; needs index.lock."""
    found: dict[int, None] = {}
    for event in likely_events(question, load_catalogue()):
        named = rows(index.database, "select id from examples where name = ? and source = 'catalogue'", event)
        asked = f'events : "{event}"'  # an id of ours: letters, digits and hyphens
        shown = rows(index.database, f"select rowid from words where words match ? limit {_OF_EACH}", asked)
        found |= dict.fromkeys(number for (number,) in (*named, *shown))
    return list(found)[:limit]
