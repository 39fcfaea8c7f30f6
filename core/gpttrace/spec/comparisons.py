"""Two things of which a reading may have lost one: `consumed against dropped packets`, `created and destroyed`."""

from __future__ import annotations

from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.kernel_names import hook_names
from gpttrace.spec.lexicon import stemmed
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.vocabulary import JOINING
from gpttrace.spec.words import stems


def loses_one_of_two(
    sentence: Sentence,
    index: int,
    spec: TraceSpec,
    events: list[Event],
    phrase: tuple[str, ...],
    catalogue: Catalogue,
) -> bool:
    """Tell whether a word belongs to one of two things that are asked for, of which the spec has only the other."""
    return (
        _is_compared(sentence, index, events)
        or _is_told_as_one(sentence, index, events)
        or _is_hit(sentence, index, events)
        or _is_other_deed(sentence, index, events, phrase)
        or _is_set_against_nothing(sentence, index, spec, events)
        or _is_error_of_other(sentence, index, events, catalogue)
    )


def _is_other_deed(sentence: Sentence, index: int, events: list[Event], phrase: tuple[str, ...]) -> bool:
    """Tell whether a word beside that of the event was dropped: `created and destroyed`, `random vs sequential`."""
    token = sentence.tokens[index]
    if len(events) != 1 or token.meaning not in ("", sentence.event) or token.stem in phrase:
        return False
    for between, other in ((index - 1, index - 2), (index + 1, index + 2)):
        if not 0 <= other < len(sentence.tokens) or sentence.stem(between) not in ("and", *_COMPARING):
            continue
        beside = sentence.tokens[other]
        alike = beside.meaning == sentence.event and token.text[-2:] == beside.text[-2:] == "ed"
        if (alike or sentence.stem(between) != "and") and not _is_said_together(
            events[0], token.stem, beside.stem
        ):
            return True
    return False


def _is_hit(sentence: Sentence, index: int, events: list[Event]) -> bool:
    """Tell whether `hits` behind the name of an event says what became of it: `page cache hit rate`, `rlimit hits`."""
    before = sentence.tokens[index - 1]
    named = index > 0 and before.meaning == sentence.event and "_" not in before.text
    ends = sentence.stem(index + 1) in ("", "by", "per", "rat", "ratio", "and", "or", "plus", *_COMPARING)
    told = any("hit" in stemmed(name) for event in events for name in event.names)
    return sentence.stem(index) == "hit" and named and ends and not told


def _is_error_of_other(sentence: Sentence, index: int, events: list[Event], catalogue: Catalogue) -> bool:
    """Tell whether `socket errors` are an event of their own, and another one is read."""
    if sentence.stem(index + 1) != "error" or sentence.stem(index - 1) == "of":
        return False
    name = (sentence.stem(index), "error")
    return any(
        e not in events and name in map(stemmed, e.names) for e in catalogue.events.values()
    ) and not any(name in map(stemmed, e.names) for e in events)


def _is_set_against_nothing(sentence: Sentence, index: int, spec: TraceSpec, events: list[Event]) -> bool:
    """Tell whether two things are compared, and the spec has one event, one number and no rows by what tells them apart."""
    if sentence.stem(index) not in _COMPARING or len(events) > 1 or spec.part is not None or spec.either:
        return False
    return not any(key in events[0].fields and events[0].fields[key].values for key in spec.keys)


def _is_contrary(sentence: Sentence, index: int) -> bool:
    one, other = sentence.tokens[index].text.lower(), sentence.tokens[index - 2].text.lower()
    return any(one == f"{prefix}{other}" or other == f"{prefix}{one}" for prefix in ("un", "de", "dis"))


def _is_said_together(event: Event, one: str, other: str) -> bool:
    return any({one, other} <= set(stemmed(name)) for name in event.names)


def _is_compared(sentence: Sentence, index: int, events: list[Event]) -> bool:
    """Tell whether a word is one side of a comparison, which no reading may drop: `consumed against dropped packets`."""
    token = sentence.tokens[index]
    if sentence.stem(index - 1) in JOINING and _is_contrary(sentence, index):
        return len(events) == 1 and not _is_said_together(events[0], token.stem, sentence.stem(index - 2))
    named = token.meaning == "" and token.kind == "word" and token.text.lower().endswith(("ed", "s", "en"))
    to = sentence.stem(index - 1) == "to" and sentence.stem(index - 2) == "compar"
    return named and (to or {sentence.stem(index - 1), sentence.stem(index + 1)} & _COMPARING != set())


def _is_told_as_one(sentence: Sentence, index: int, events: list[Event]) -> bool:
    """Tell whether two functions are compared that one event counts together: `splice vs tee`."""
    if len(events) > 1 or sentence.stem(index - 1) not in _COMPARING or index < 2:
        return False
    names = hook_names(events[0])
    return {sentence.tokens[index].text.lower(), sentence.tokens[index - 2].text.lower()} <= names


_COMPARING = stems("versus vs against")
