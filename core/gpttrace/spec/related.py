"""Events beside the one that a question names, where that one cannot give what is asked: a result, a duration, a process."""

from __future__ import annotations

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.errors import is_errno
from gpttrace.spec.field_names import field_names
from gpttrace.spec.lexicon import lexicon
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.shape_words import SUPERLATIVE_UNIT
from gpttrace.spec.words import stem

_MOST = 3
_LASTING = frozenset(vocabulary.TIMES) | frozenset(w for w, unit in SUPERLATIVE_UNIT.items() if unit == "ns")


_TELLING = ("by", "per", "each", "on", "which", "to", "from", "at")
_LIVED = ("longer", "shorter", "lasting", "lived", "open", "alive")  # `connections longer than a minute`


def related_events(
    sentence: Sentence,
    asked: Asked,
    event: Event,
    phrase: tuple[str, ...],
    unknown: tuple[str, ...],
    catalogue: Catalogue,
) -> list[Event]:
    """Return the events that may be meant instead; `unknown` are the words that the reading with the event left over."""
    lacks_result = (asked.failed or asked.errno is not None) and "ret" not in event.fields
    if lacks_result:
        return [] if any(not is_errno(word) for word in unknown) else _that_can_fail(event, phrase, catalogue)
    lacking = _lacking(sentence, asked, event)
    if lacking:
        found = _that_carry(lacking, event, phrase, catalogue)
        lived = any(token.text.lower() in _LIVED for token in sentence.tokens)
        return sorted(found, key=lambda each: lived and not each.id.endswith("-life"))
    told = any(t.text in unknown and sentence.stem(i - 1) in _TELLING for i, t in enumerate(sentence.tokens))
    return _that_tell(unknown, event, phrase, catalogue) if told else []


def _that_can_fail(event: Event, phrase: tuple[str, ...], catalogue: Catalogue) -> list[Event]:
    """Return those of the same name that can fail, where the one meant cannot: not a signal, but kill(2)."""
    named = set(phrase)
    found = (
        each
        for each in catalogue.events.values()
        if "ret" in each.fields and named <= {stem(word) for word in each.id.split("-")}
    )
    return list(found)[:_MOST] or _that_carry("ret", event, phrase, catalogue)


def _that_tell(
    unknown: tuple[str, ...], event: Event, phrase: tuple[str, ...], catalogue: Catalogue
) -> list[Event]:
    """Return the nearest events that tell rows apart by what the one meant does not know: `accepts per local port`."""
    wanted = [stem(word) for word in unknown if not word.isdigit()]
    entries = {entry.event.id: entry for entry in lexicon(catalogue).entries}
    near = [entries[key] for key in event.nearest if key in entries]
    whole = " ".join(wanted)
    told = [
        e for e in near if whole in (names := field_names(e.event)) or all(word in names for word in wanted)
    ]
    return [e.event for e in told if set(phrase) <= e.words][:_MOST] if wanted else []


def _lacking(sentence: Sentence, asked: Asked, event: Event) -> str | None:
    """Return what an event does not carry although it is asked for: how long it lasts, or whose it is."""
    timed = any(kind == "ns" for _, _, kind, _ in asked.thresholds)
    timed = timed or any(t.meaning is None and t.stem in _LASTING for t in sentence.tokens)
    if timed and event.field_of_unit("ns") is None:
        return "latency"
    return "comm" if "comm" in asked.keys and "comm" not in event.fields else None


def _that_carry(lacking: str, event: Event, phrase: tuple[str, ...], catalogue: Catalogue) -> list[Event]:
    """Return the nearest events that carry it: `TCP connects slower than 1 s`, `bytes transmitted by process`."""
    entries = {entry.event.id: entry for entry in lexicon(catalogue).entries}
    near = [entries[key] for key in event.nearest if key in entries]
    named = set(phrase) - set(vocabulary.BYTES) - set(vocabulary.TIMES)
    return [e.event for e in near if lacking in e.event.fields and named <= e.words][:_MOST]
