"""What a reading may have lost whole: one of two events that `and` parts, columns behind `with`, values to be counted once.

Each check looks at the text again, whatever part of the reader took its words; what it names makes the question refused.
"""

from __future__ import annotations

import re
from itertools import pairwise

from gpttrace.spec.asking import listed_before_colon
from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.kernel_names import hook_names
from gpttrace.spec.lexicon import lexicon, stemmed
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.vocabulary import JOINING
from gpttrace.spec.words import stems


def lost_parts(
    sentence: Sentence, spec: TraceSpec, catalogue: Catalogue, phrase: tuple[str, ...]
) -> list[str]:
    """Return the words of events, columns and counted values that a spec does not have; `phrase` names its event."""
    found = [*_lost_columns(sentence, spec), *_lost_calls(sentence, spec, catalogue)]
    found += _told_as_one(sentence, phrase, catalogue)
    if spec.shape == "events":
        found += _lost_with(sentence)
    if spec.shape != "distinct" and (counted := _DISTINCT.search(sentence.text)) is not None:
        found.append(counted[0])
    return found


_DISTINCT = re.compile(
    r"\b(?:(?:each|every) \w+ counted once|how many (?:different|distinct|unique)|no duplicates|variety of|"
    r"number of (?:different|distinct|unique))\b",
    re.IGNORECASE,
)


def _told_as_one(sentence: Sentence, phrase: tuple[str, ...], catalogue: Catalogue) -> list[str]:
    """Return the last word of the event's name where `and` parts it into two events: `forks and execs`, read as fork to exec."""
    own = [i for i, t in enumerate(sentence.tokens) if t.meaning == sentence.event and t.stem not in JOINING]
    at = _parted_at(sentence, own, sentence.event, phrase, catalogue)
    return [] if at is None else [sentence.tokens[at].text]


def is_parted(sentence: Sentence, event: Event, phrase: tuple[str, ...], catalogue: Catalogue) -> bool:
    """Tell whether a list parts the name of an event into those of two others: `forks, execs and exits` are no fork to exec."""
    own = [i for i, t in enumerate(sentence.tokens) if t.stem in phrase]
    return len(phrase) > 1 and _parted_at(sentence, own, event.summary, phrase, catalogue) is not None


def _parted_at(
    sentence: Sentence, own: list[int], event: str, phrase: tuple[str, ...], catalogue: Catalogue
) -> int | None:
    """Return the token at which a list parts the words `own` of an event's name into the names of two others."""
    named = set(phrase)
    for first, second in pairwise(own):
        if not _is_joined(sentence, first, second):
            continue
        parts = [{sentence.stem(i) for i in own if (i < second) == before} for before in (True, False)]
        if any(named <= part or not part & named for part in parts):
            continue
        one, other = (_names_in(part, event, catalogue) for part in parts)
        if one - other and other - one and not _is_said_of_both(sentence, parts, event, catalogue):
            return second
    return None


def _is_joined(sentence: Sentence, first: int, second: int) -> bool:
    """Tell whether two words of an event's name stand in two parts of a list; `between fork and exec` is one span."""
    between = sentence.text[sentence.tokens[first].end : sentence.tokens[second].start].lower()
    goes_on = sentence.text[sentence.tokens[second].end :].lstrip(", ").lower().startswith("and ")
    span = "between" in sentence.text[: sentence.tokens[first].start].lower()
    return not span and (_JOINED.match(between) is not None or (between == ", " and goes_on))


_JOINED = re.compile(r",? (and|plus|versus|vs\.?) |/")


def _is_said_of_both(sentence: Sentence, parts: list[set[str]], event: str, catalogue: Catalogue) -> bool:
    """Tell whether an event has a name in each part: `poll and select` are one event; or one that says both."""
    own = [entry for entry in lexicon(catalogue).entries if entry.event.summary == event]
    names = [set(name) for entry in own for name in entry.phrases]
    whole = {token.stem for token in sentence.tokens}
    told = any(
        " and " in name and whole >= set(stemmed(name)) - JOINING for e in own for name in e.event.names
    )
    hooked = {word for entry in own for word in stems(" ".join(hook_names(entry.event)))}
    return told or all(
        part & hooked or any(name & part and name <= whole - (other - part) for name in names)
        for part, other in (parts, parts[::-1])
    )


def _names_in(said: set[str], event: str, catalogue: Catalogue) -> set[str]:
    """Return the ids of the other events that have a name among some stems."""
    return {
        entry.event.id
        for entry in lexicon(catalogue).entries
        if entry.event.summary != event and any(said.issuperset(name) for name in entry.phrases)
    }


_WITH = re.compile(r"\bwith (?:the |its |our |their )([^.;:?!()]+)", re.IGNORECASE)


def _lost_with(sentence: Sentence) -> list[str]:
    """Return the last word of each column (`with the faulting address`) whose words have only named the event."""
    found = []
    for match in _WITH.finditer(sentence.text):
        at = match.start(1)
        for item in re.split(r"(?:, | and )(?:the |its |our |their )?", match[1]):
            tokens = [t for t in sentence.tokens if at <= t.start < at + len(item) and t.stem not in _EMPTY]
            at = sentence.text.find(item, at) + len(item)
            column = 0 < len(tokens) < 4 and tokens[-1].stem in _COLUMN_NOUNS
            if column and all(t.meaning in ("", sentence.event) for t in tokens):
                found.append(tokens[-1].text)
    return found


_EMPTY = stems("the its our their and it that")
_COLUMN_NOUNS = stems("address port flag mode reason family protocol option value name path")


def _lost_calls(sentence: Sentence, spec: TraceSpec, catalogue: Catalogue) -> list[str]:
    """Return the functions of a list before a colon (`select, poll, epoll_wait: calls`) that no part of the spec sees."""
    parts = [(each.only, catalogue[each.event]) for each in (spec, *spec.others) if each.event in catalogue]
    seen = {name for only, event in parts for name in (only or hook_names(event))}
    seen |= {str(c.value) for each in (spec, *spec.others) for c in each.conditions if c.field == "syscall"}
    hooked = {name for _, event in parts for name in hook_names(event)}
    alone = [sentence.tokens[item[0]] for item in listed_before_colon(sentence) if len(item) == 1]
    told_as_one = any(sum(t.text.lower() in hook_names(event) for t in alone) > 1 for _, event in parts)
    if told_as_one and _EACH.search(sentence.text) is not None:
        return [alone[-1].text]
    return [t.text for t in alone if t.text.lower() in hooked - seen]


_EACH = re.compile(r"\b(each|side by side|apart|separately)\W*$", re.IGNORECASE)


def _lost_columns(sentence: Sentence, spec: TraceSpec) -> list[str]:
    """Return the words that were read as a column of their own (`with their paths`) which no part of the spec has."""
    held = {name for each in (spec, *spec.others) for name in (*each.keys, each.value)}
    found = []
    for index, token in enumerate(sentence.tokens):
        kind, _, name = (token.meaning or "").partition(" ")
        own = any(each.text.lower() == "their" for each in sentence.tokens[max(index - 2, 0) : index])
        heads = index == 0 and sentence.stem(1) in ("that", "which")  # `backlog that each process passes`
        if kind == "with" and (own or heads) and name.isidentifier() and name not in held:
            found.append(token.text)
    return found
