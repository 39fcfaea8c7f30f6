"""Several events in one question (`reads and writes by process`): which further ones are named, and their specs.

A further event counts only when `and`, `or`, `versus` … stands between its words and those of the first: two names without a
joining word are one event and a word that was not understood.
"""

from __future__ import annotations

from dataclasses import replace

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.events import Said, phrase_score
from gpttrace.spec.lexicon import Entry, left_for_later, lexicon
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem

_MOST = 4
# `directories made and directories removed`: where the noun comes twice, an empty word may tell which of them.
_NO_OWN = vocabulary.SLOTS | frozenset(vocabulary.KEYS)
_VALUED = ("sum", "avg", "min", "max", "stats", "hist", "lhist", "rate")


def more_events(sentence: Sentence, asked: Asked, first: Event, catalogue: Catalogue) -> list[Event]:
    """Return the further events that are named, and take their words out of the sentence."""
    found: list[Event] = []
    while (
        len(found) < _MOST - 1 and (match := _next(sentence, asked, [first, *found], catalogue)) is not None
    ):
        entry, words = match
        own = ({*words} | entry.own) - left_for_later(entry.event)
        for index, token in enumerate(sentence.tokens):
            if token.meaning is None and token.stem in own:
                sentence.take(index, index, entry.event.summary)
        found.append(entry.event)
    return found


def _next(
    sentence: Sentence, asked: Asked, known: list[Event], catalogue: Catalogue
) -> tuple[Entry, tuple[str, ...]] | None:
    meanings = {event.summary for event in known}
    compared = asked.ratio or any(token.stem == "compar" for token in sentence.tokens)
    joining = vocabulary.JOINING | ({"to", "with"} if compared else set())
    joins = [i for i, t in enumerate(sentence.tokens) if t.stem in joining and t.meaning in (None, "")]
    values = {stem(name) for event in known for field in event.fields.values() for name in field.values}
    free = {t.stem: i for i, t in enumerate(sentence.tokens) if t.meaning is None and t.stem not in values}
    said = {t.stem for t in sentence.tokens if t.meaning is None or t.meaning in meanings}
    # `retransmits compared with resets`: both are TCP's.
    said |= {stem(word) for event in known for word in event.id.split("-")}
    every = [token.stem for token in sentence.tokens]
    places = [i for i, t in enumerate(sentence.tokens) if t.meaning in meanings]
    if not places or not joins:
        return None
    twice = {word for word in every if every.count(word) > 1}
    words = lexicon(catalogue)
    meant = Said(frozenset(free), frozenset(said), frozenset(t.text.lower() for t in sentence.tokens))
    best: tuple[float, Entry, tuple[str, ...]] | None = None
    for entry in words.entries:
        if entry.event in known:
            continue
        for number, phrase in enumerate(entry.phrases):
            if not said.issuperset(phrase):
                continue
            empty = _NO_OWN if twice.intersection(phrase) else vocabulary.NO_EVENT
            own = [free[word] for word in phrase if word in free and word not in empty]
            if not own:
                continue
            if not any(min(places) < j < max(own) or min(own) < j < max(places) for j in joins):
                continue
            score = phrase_score(words, entry, number, meant)
            if best is None or score > best[0]:
                best = (score, entry, phrase)
    return (best[1], best[2]) if best else None


def more_calls(sentence: Sentence, first: str, names: frozenset[str]) -> list[str]:
    """Return further system calls that are named beside one (`sendmmsg and recvmmsg`), and take their words."""
    found = []
    for index, token in enumerate(sentence.tokens):
        name = token.text.lower()
        if token.meaning is None and token.kind == "word" and name in names and name != first:
            before = [sentence.stem(index - 1), sentence.text[: token.start].rstrip()[-1:]]
            if set(before) & (vocabulary.JOINING | {","}) or "_" in name:
                sentence.take(index, index, f"the system call {name}")
                found.append(name)
    return found[: _MOST - 1]


def with_calls(spec: TraceSpec, calls: list[str]) -> TraceSpec:
    """Return the spec of one system call with a part like it for each further call."""

    def of_call(call: str) -> TraceSpec:
        conditions = (replace(c, value=call) if c.field == "syscall" else c for c in spec.conditions)
        return replace(spec, conditions=tuple(conditions))

    return replace(spec, others=tuple(of_call(call) for call in calls))


def joined(
    spec: TraceSpec, event: Event, others: list[Event], grouped: tuple[str, ...] = (), asked_for: bool = True
) -> tuple[TraceSpec, list[str]]:
    """Return the spec with one part for each further event, alike in form, keys and conditions; and what stands against it."""
    value, problems = spec.value, []
    if spec.shape == "events" and grouped:
        spec = replace(spec, shape="count", keys=grouped)
    if spec.shape != "events" and not asked_for:
        spec = replace(spec, keys=())  # the rows that are usual for one of them are not asked for
    unit = event.fields[value].unit if value is not None and value in event.fields else None
    if spec.shape in _VALUED and value and any(_like(value, unit, other) is None for other in others):
        # What one of them cannot measure, both are counted for.
        spec = replace(spec, shape="rate" if spec.shape == "rate" else "count", value=None)
    parts = []
    for other in others:
        conditions = [c for c in spec.conditions if c not in event.assume]
        problems += [
            f"{other.noun} do not carry {c.field}" for c in conditions if c.field not in other.fields
        ]
        keys = tuple(key for key in spec.keys if key in other.fields)
        if spec.shape == "events":
            keys = other.columns
        elif keys != spec.keys:
            missing = ", ".join(key for key in spec.keys if key not in other.fields)
            problems.append(f"{other.noun} cannot be told by {missing}")
        parts.append(
            replace(
                spec,
                event=other.id,
                value=_like(spec.value, unit, other) if spec.value else None,
                only=(),
                keys=keys,
                conditions=tuple(dict.fromkeys((*conditions, *_assumed(other, conditions)))),
            )
        )
    return replace(spec, others=tuple(parts)), problems


def _like(name: str, unit: str | None, other: Event) -> str | None:
    if name in other.fields:
        return name
    field = other.field_of_unit(unit) if unit else None
    return field.name if field else None


def _assumed(event: Event, given: list[Condition]) -> list[Condition]:
    return [c for c in event.assume if not any(g.field == c.field for g in given)]
