"""Which event of the catalogue a question speaks of: the one whose name fits most of its words.

An event is meant when all words of one of its names are there; among several, the one whose words tell most. Where no name is
there whole, an event is still meant when nearly all that the question says belongs to it and clearly to no other.
"""

from __future__ import annotations

import re
from itertools import pairwise

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked
from gpttrace.spec.asking import asking_in, listed_behind_colon
from gpttrace.spec.calls import Candidate, bare_syscall, call_names, named_syscall, specific
from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.facts import Facts
from gpttrace.spec.field_names import field_names
from gpttrace.spec.file_meant import file_changed, file_meant
from gpttrace.spec.kernel_names import call_in, named_points
from gpttrace.spec.lexicon import LINKS, Entry, Lexicon, left_for_later, lexicon
from gpttrace.spec.lost_parts import is_parted
from gpttrace.spec.narrow import is_call, name_of_hook
from gpttrace.spec.scoring import is_failure, misfit, phrase_score, said_in
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.who import is_program
from gpttrace.spec.words import stem, stems

DEFAULT_EXAMPLES = ("file-open", "syscall", "read", "cpu-sample")

# How much of what a question says must belong to an event that is not named, and how far ahead of the next it must be.
_COVERED, _AHEAD = 0.8, 1.3

# What is named in a sentence that only tells why is seldom what is asked for.
_ASIDE = 8.0

_OFF = (("off", "cpu"), ("off", "processor"))

# A name that says clearly less than the best one is no candidate.
_NEAR_BEST = 0.62

_MOST = 5


def find_events(
    sentence: Sentence, asked: Asked, catalogue: Catalogue, host: Facts | None
) -> list[Candidate]:
    """Return the events that the free words may name, the likeliest first."""
    if named := _by_technical_name(sentence, catalogue, host):
        return named
    words, said, asking = lexicon(catalogue), said_in(sentence), asking_in(sentence)
    off = any(pair in _OFF for pair in pairwise(said.order))
    columns = listed_behind_colon(sentence)
    best: dict[str, Candidate] = {}
    for entry in words.entries:
        for number, phrase in enumerate(entry.phrases):
            if not said.available.issuperset(phrase):
                continue
            score = phrase_score(words, entry, number, said) - misfit(entry.event, asked, said)
            score -= _ASIDE * (asking.is_aside(phrase) or (off and "off" not in entry.words))
            score -= _ASIDE * (bool(columns) and not columns.isdisjoint(phrase))
            if entry.event.id not in best or score > best[entry.event.id].score:
                best[entry.event.id] = Candidate(entry.event, score, phrase)
    if "cpu" in asked.keys and _WHERE_IT_RUNS.search(sentence.text) is not None:
        return [
            Candidate(catalogue["cpu-sample"], 1, ("run",))
        ]  # `on which cpus do the threads of nginx run`
    if (path := file_meant(sentence, catalogue, best) or file_changed(sentence, catalogue, best)) is not None:
        return [path]
    if best and (
        call := _call_alone(sentence, catalogue, host, best) or _call_unseen(sentence, catalogue, host, best)
    ):
        return call
    if best:
        ranked = sorted(best.values(), key=lambda each: -each.score)
        while len(ranked) > 1 and is_parted(sentence, ranked[0].event, ranked[0].phrase, catalogue):
            ranked.pop(0)
        near = [each for each in ranked if each.score >= _NEAR_BEST * ranked[0].score]
        return near[:_MOST] or ranked[:1]
    return _unnamed(sentence, asked, catalogue, host)


def _unnamed(sentence: Sentence, asked: Asked, catalogue: Catalogue, host: Facts | None) -> list[Candidate]:
    """Return what is meant where no event is named: a call, a profile, a program that runs."""
    words = lexicon(catalogue)
    if asked.stacks and not any(words.weight(word) for word in _content(sentence, programs=False)):
        return [Candidate(catalogue["cpu-sample"], 1)]
    bare = bare_syscall(sentence, catalogue, host, asked.errno is not None) or _most_covering(sentence, words)
    if (
        not bare
        and any(t.stem in _RUNNING for t in sentence.tokens)
        and any(is_program(t.text) for t in sentence.tokens)
    ):
        if "cpu" in asked.keys:
            return [Candidate(catalogue["cpu-sample"], 1, ("run",))]  # `on which cpus does nginx run`
        return [Candidate(catalogue["exec"], 1, guessed=True)]  # `who runs sudo`
    if not bare and (asked.errno is not None or asked.failed) and not _content(sentence):
        return [Candidate(catalogue["syscall"], 1)]  # `ENOENT by process`: of any call
    return bare


def _call_alone(
    sentence: Sentence, catalogue: Catalogue, host: Facts | None, best: dict[str, Candidate]
) -> list[Candidate]:
    """Return the system call that is named where every other name found is of rows (`recvmsg duration by process`)."""
    said = {token.stem for token in sentence.tokens if token.meaning is None} - vocabulary.SLOTS
    if any(said & set(each.phrase) for each in best.values()):
        return []
    called = any(t.meaning is None and is_call(t.text.lower()) for t in sentence.tokens)
    return bare_syscall(sentence, catalogue, host) if called else []


def _call_unseen(
    sentence: Sentence, catalogue: Catalogue, host: Facts | None, best: dict[str, Candidate]
) -> list[Candidate]:
    """Return the system call whose name (`io_uring_setup`) is that of an event which is not seen at this call."""
    for index, token in enumerate(sentence.tokens):
        name = token.text
        if (
            token.meaning is None
            and "_" in name
            and name[:6] != "futex_"
            and is_call(name)
            and name in call_names(host)
        ):
            naming = [each.event for each in best.values() if token.stem in each.phrase]
            naming = naming or [each.event for each in best.values()]
            seen = any(
                name_of_hook(p) == name for e in naming for point in e.hooks[0].points for p in point.begin
            )
            if not seen:
                return specific(catalogue, name, (index, index), host, exact=True)
    return []


_WHERE_IT_RUNS = re.compile(
    r"^(on )?(which|what) (cpus?|cores?|processors?) (do|does|is|are)\b.* (run|runs|running)\b( on)?\W*$",
    re.IGNORECASE,
)

_RUNNING = stems(
    "run runs running execute executes executing launch launches launching start starts starting invoke invokes"
)


def _by_technical_name(sentence: Sentence, catalogue: Catalogue, host: Facts | None) -> list[Candidate]:
    if (named := named_syscall(sentence, catalogue, host)) is not None:
        return named
    if (call := call_in(sentence, call_names(host))) is not None:
        return specific(catalogue, call[0], (call[1], call[1]), host, exact=True)
    if (points := named_points(sentence, catalogue)) is not None:
        return [Candidate(points.event, 20, points.words, elapsed=points.spans)]
    return []


def take_event(sentence: Sentence, asked: Asked, found: Candidate, catalogue: Catalogue) -> None:
    """Give the words that name an event its meaning, and ask for what goes with them."""
    if found.condition is not None:
        asked.conditions.append(found.condition)
    asked.attempts = asked.attempts or found.attempts
    asked.elapsed = asked.elapsed or found.elapsed
    if found.place is not None:
        sentence.event = found.event.summary
        name = sentence.text[sentence.tokens[found.place[0]].start : sentence.tokens[found.place[1]].end]
        called = sentence.stem(found.place[0])
        sentence.take(*found.place, f"the system call {name}")
        for index, token in enumerate(sentence.tokens):
            if token.meaning is None and token.stem == called:  # `socket failures: socket() …`
                sentence.take(index, index, f"the system call {name}")
        _take_more_words(sentence, found, catalogue)
        return
    errors = "error" in found.event.id.split("-")  # also where a hook names it
    if errors or (any(word in vocabulary.FAILED for word in found.phrase) and _is_of_failures(found.event)):
        asked.failed = None
        for token in sentence.tokens:
            if is_failure(token):
                token.meaning = None if token.stem in found.phrase else ""
    entry = next((each for each in lexicon(catalogue).entries if each.event is found.event), None)
    if entry is not None:
        take_words(sentence, entry, found.phrase)


def _take_more_words(sentence: Sentence, found: Candidate, catalogue: Catalogue) -> None:
    """Take the words that say nothing new beside the name of a call: `random bytes by getrandom`, `waits for flock()`."""
    entry = next((each for each in lexicon(catalogue).entries if each.event is found.event), None)
    also = {stem(word) for word in found.event.also} if entry is not None else set()
    own = also & (entry.own - entry.fields if entry is not None else set()) - vocabulary.NO_EVENT
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.stem in own:
            sentence.take(index, index, "")


def _is_of_failures(event: Event) -> bool:
    # `disk errors` are an event; of `module loads that fail` some do and some do not.
    return not {"ret", "rc"} & event.fields.keys() or any(
        stem(word) in vocabulary.FAILED for word in event.id.split("-")
    )


def _content(sentence: Sentence, programs: bool = True) -> list[str]:
    return [
        token.stem
        for token in sentence.tokens
        if token.meaning is None
        and token.kind == "word"
        and token.stem not in vocabulary.NO_EVENT
        and (programs or not is_program(token.text))
    ]


def _most_covering(sentence: Sentence, words: Lexicon) -> list[Candidate]:
    said = list(dict.fromkeys(_content(sentence)))
    whole = sum(words.weight(word) or 3.0 for word in said)
    ranked = sorted(
        ((sum(words.weight(w) for w in said if w in entry.words), entry) for entry in words.entries),
        key=lambda pair: -pair[0],
    )
    (first, entry), (second, _) = ranked[0], ranked[1]
    if not first or first < _COVERED * whole or first < _AHEAD * second or len(said) < 2:
        return []
    return [Candidate(entry.event, first, guessed=True)]


_ASKING = stems("who whose whom which what")  # who it is, also where a name of the event says it


def take_words(sentence: Sentence, entry: Entry, phrase: tuple[str, ...]) -> None:
    """Give the words that name an event its meaning."""
    names = field_names(entry.event)  # `listen` is no field, though a `listening port` is one
    alone = {each[0] for each in entry.phrases if len(each) == 1 and each[0] not in names}
    own = (set(phrase) | entry.own | alone) - left_for_later(entry.event) - LINKS - _ASKING
    sentence.event = entry.event.summary
    named = {word for each in entry.phrases for word in each}
    for index, token in enumerate(sentence.tokens):
        if (
            token.meaning is None
            and token.stem in own
            and token.text.lower() != "most"  # it ranks
            and (token.stem in named or not is_program(token.text))
            and (token.stem in phrase or not _is_listed(sentence, index, entry, phrase))
        ):
            sentence.take(index, index, entry.event.summary)


def _is_listed(sentence: Sentence, index: int, entry: Entry, phrase: tuple[str, ...]) -> bool:
    """Tell whether a word that goes with the event tells rows apart here: `with thread id`, `process, state and queue`."""
    if sentence.stem(index) not in entry.fields and sentence.stem(index) not in vocabulary.KEYS:
        return False
    heads = sentence.stem(index - 1) in phrase and sentence.stem(index + 1) in ("of", "in", "for")
    heads = heads and sentence.stem(index + 2) not in ("each", "every")
    if heads and sentence.tokens[index].text.lower().endswith("s"):
        return True  # `page fault addresses of firefox`
    if index and sentence.text[sentence.tokens[index - 1].end :].lstrip()[:1] in (",", ":"):
        return sentence.stem(index) in entry.fields and sentence.stem(index + 1) in ("and", "")
    before = index - 1
    while sentence.stem(before) in ("the", "its", "their"):
        before -= 1
    return sentence.stem(before) in ("with", "by", "per", "plus")


def nearest(
    event: Event | None, catalogue: Catalogue, sentence: Sentence | None = None
) -> tuple[tuple[str, str], ...]:
    """Return what related events show and a question for each: those of the event, or those that share words."""
    ids = (event.id, *event.nearest) if event else (_sharing(catalogue, sentence) or DEFAULT_EXAMPLES)
    found = [catalogue.events[key] for key in ids if key in catalogue.events]
    return tuple((each.summary, each.example) for each in found if each.example)


def _sharing(catalogue: Catalogue, sentence: Sentence | None) -> tuple[str, ...]:
    if sentence is None:
        return ()
    words = lexicon(catalogue)
    said = {token.stem for token in sentence.tokens} - vocabulary.NO_EVENT
    scores = {entry.event.id: sum(words.weight(w) for w in said & entry.words) for entry in words.entries}
    return tuple(sorted((key for key, score in scores.items() if score), key=lambda key: -scores[key])[:3])
