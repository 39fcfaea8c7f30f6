"""Which event of the catalogue a question speaks of: the one whose name fits most of its words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Catalogue, Event, words_of
from gpttrace.spec.facts import Facts
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.syscalls import syscall_names
from gpttrace.spec.words import stem, stems

_SOFT = "rows by"  # `which processes` still lends its words to the name of an event
_SYSCALL = stems("syscall syscalls systemcall")
# The kernel calls these hooks by another name than people call the system call.
ALIASES = {
    "stat": "newstat", "fstat": "newfstat", "lstat": "newlstat", "fstatat": "newfstatat", "uname": "newuname",
    "sendfile": "sendfile64", "umount2": "umount", "pread": "pread64", "pwrite": "pwrite64", "_exit": "exit",
}  # fmt: skip
# Programs of today call the newer forms of these (openat for open): the old hook alone would see nothing.
FAMILIES = {
    "open": "file-open", "stat": "file-stat", "lstat": "file-stat", "unlink": "file-delete", "rename": "file-rename",
    "mkdir": "dir-create", "fork": "fork",
}  # fmt: skip
DEFAULT_EXAMPLES = ("file-open", "syscall", "read", "cpu-sample")


@dataclass(frozen=True, slots=True)
class EventMatch:
    """An event and how many words of the question name it."""

    event: Event
    score: int


def find_event(
    sentence: Sentence, asked: Asked, catalogue: Catalogue, host: Facts | None
) -> EventMatch | None:
    """Return the event that the free words name best, and take its words out of the sentence."""
    if (named := _named_syscall(sentence, asked, catalogue, host)) is not None:
        return named
    available, free = _available(sentence), {token.stem for token in sentence.tokens if token.meaning is None}
    best: EventMatch | None = None
    words: tuple[str, ...] = ()
    for event, phrases, strong in _phrases(catalogue):
        for phrase in phrases:
            if all(word in available for word in phrase):
                score = sum((10 + len(word)) if word in free else 5 for word in phrase) + 30 * sum(
                    word in available for word in strong
                )
                if best is None or score > best.score:
                    best, words = EventMatch(event, score), phrase
    if best is None and asked.stacks:
        best = EventMatch(catalogue["cpu-sample"], 1)
    if best is None:
        return _bare_syscall(sentence, asked, catalogue, host)
    _take_words(sentence, best.event, words)
    return best


def _available(sentence: Sentence) -> set[str]:
    return {
        token.stem
        for token in sentence.tokens
        if token.meaning is None or (token.meaning.startswith(_SOFT) and token.stem in vocabulary.COMM_WORDS)
    }


def _take_words(sentence: Sentence, event: Event, words: Iterable[str]) -> None:
    own = set(words) | {stem(word) for phrase in event.also for word in phrase.split()}
    own -= _left_for_later(event)
    sentence.event = event.summary
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and (token.stem in own):
            sentence.take(index, index, event.summary)


def _left_for_later(event: Event) -> set[str]:
    # `bytes read`, `disk latency`, `IOPS`: these words also say what is measured.
    later = {stem(name) for field in event.fields.values() for name in field.values}
    later |= vocabulary.RATE
    if event.field_of_unit("bytes") is not None:
        later |= set(vocabulary.BYTES)
    if event.field_of_unit("ns") is not None:
        later |= set(vocabulary.TIMES)
    return later


def _syscall_names(host: Facts | None) -> frozenset[str]:
    if host is None:
        return frozenset()
    names = host.tracepoint_names()
    # Without the right to read tracefs: what the architecture has.
    return _cut_names(names) if names else frozenset(syscall_names(host.arch).values())


@lru_cache(maxsize=4)
def _cut_names(tracepoints: frozenset[str]) -> frozenset[str]:
    prefix = "syscalls:sys_enter_"
    names = {name.removeprefix(prefix) for name in tracepoints if name.startswith(prefix)}
    return frozenset(names | {alias for alias, real in ALIASES.items() if real in names})


def _named_syscall(
    sentence: Sentence, asked: Asked, catalogue: Catalogue, host: Facts | None
) -> EventMatch | None:
    names = _syscall_names(host)
    for index in range(len(sentence.tokens)):
        pair = sentence.stem(index) in ("system", "sys") and sentence.stem(index + 1) == "call"
        if not sentence.is_free(index) or not (pair or sentence.stem(index) in _SYSCALL):
            continue
        last = index + 1 if pair else index
        for near in (index - 1, last + 1):
            if sentence.is_free(near) and (text := sentence.tokens[near].text.lower()) in names:
                return _specific(sentence, asked, catalogue, text, min(near, index), max(near, last))
    return None


def _bare_syscall(
    sentence: Sentence, asked: Asked, catalogue: Catalogue, host: Facts | None
) -> EventMatch | None:
    names = _syscall_names(host)
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.text.lower() in names and token.stem not in vocabulary.EMPTY:
            last = index + 1 if sentence.is_free(index + 1) and sentence.stem(index + 1) == "call" else index
            return _specific(sentence, asked, catalogue, token.text.lower(), index, last)
    return None


def _specific(
    sentence: Sentence, asked: Asked, catalogue: Catalogue, name: str, first: int, last: int
) -> EventMatch:
    if name in FAMILIES:
        asked.attempts = True
        sentence.take(first, last, f"the system call {name} and its newer forms")
        return EventMatch(catalogue[FAMILIES[name]], 20)
    asked.conditions.append(Condition("syscall", "==", ALIASES.get(name, name)))
    sentence.take(first, last, f"the system call {name}")
    return EventMatch(catalogue["syscall"], 20)


def _phrases(catalogue: Catalogue) -> list[tuple[Event, list[tuple[str, ...]], tuple[str, ...]]]:
    return [
        (event, [_stemmed(name) for name in event.names], tuple(stem(word) for word in event.strong))
        for event in catalogue.events.values()
    ]


@lru_cache(maxsize=2048)
def _stemmed(phrase: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in phrase.split())


def known_stems(catalogue: Catalogue) -> frozenset[str]:
    """Return every stem that means something in a question."""
    return _known(
        tuple(sorted({stem(word) for event in catalogue.events.values() for word in words_of(event)}))
    )


@lru_cache(maxsize=4)
def _known(names: tuple[str, ...]) -> frozenset[str]:
    lists = [value for value in vars(vocabulary).values() if isinstance(value, frozenset)]
    tables = [value for value in vars(vocabulary).values() if isinstance(value, dict)]
    every = frozenset().union(*lists, *(frozenset(table) for table in tables))
    own = frozenset(word for word in every if word.isascii()) - vocabulary.FOREIGN
    return own | vocabulary.OTHER | frozenset(names)


def nearest(
    event: Event | None, catalogue: Catalogue, sentence: Sentence | None = None
) -> tuple[tuple[str, str], ...]:
    """Return what related events show and a question for each: those of the event, or those that share words."""
    ids = (event.id, *event.nearest) if event else (_sharing(catalogue, sentence) or DEFAULT_EXAMPLES)
    found = [catalogue.events[key] for key in ids if key in catalogue.events]
    return tuple((each.summary, each.example) for each in found if each.example)


def _sharing(catalogue: Catalogue, sentence: Sentence | None) -> tuple[str, ...]:
    said = (
        {token.stem for token in sentence.tokens} - vocabulary.EMPTY - set(vocabulary.KEYS)
        if sentence
        else set()
    )
    scores = {
        event.id: len(
            said & {stem(word) for phrase in (*event.names, *event.strong) for word in phrase.split()}
        )
        for event in catalogue.events.values()
    }
    return tuple(sorted((key for key, score in scores.items() if score), key=lambda key: -scores[key])[:3])
