"""A question in plain English -> a TraceSpec, composed from parts: event, form, keys, conditions, times.

Nothing is looked up whole. Every word must be accounted for: a word that no part understood is named in the reading and
lowers its confidence below `BAR`, so that a question is answered as it was asked or not at all. The text is limited in length.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

from gpttrace.spec import (
    addresses,
    around,
    columns,
    errors,
    keys,
    limits,
    times,
    turns,
    vocabulary,
    who,
    whose,
)
from gpttrace.spec.accounts import unaccounted
from gpttrace.spec.asked import Asked
from gpttrace.spec.beyond import beyond_tracing
from gpttrace.spec.calls import Candidate, call_names
from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.cgroup import take_cgroup
from gpttrace.spec.command_line import take_command_line
from gpttrace.spec.corrections import SLOT_WORDS, correct
from gpttrace.spec.decide import decide
from gpttrace.spec.events import find_events, nearest, take_event
from gpttrace.spec.exclusions import take_excluded_calls, take_excluded_names
from gpttrace.spec.facts import Facts
from gpttrace.spec.field_names import arguments, field_names
from gpttrace.spec.field_values import take_field_values
from gpttrace.spec.functions import function_event
from gpttrace.spec.heads import lost_head
from gpttrace.spec.kernel_names import every_hook_name
from gpttrace.spec.leftover import IGNORED, IN_THE_WAY, sort_out, take_background, take_filler
from gpttrace.spec.lexicon import known_stems, lexicon, plurals
from gpttrace.spec.library import library_event
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.narrow import named_hooks
from gpttrace.spec.people import take_mentioned_keys
from gpttrace.spec.plainer import in_plain_words
from gpttrace.spec.raw import named_tracepoint, raw_event
from gpttrace.spec.refuse import refuse_text
from gpttrace.spec.related import related_events
from gpttrace.spec.sentence import Sentence, Span
from gpttrace.spec.several import (
    are_compared_in,
    calls_beside,
    joined,
    more_calls,
    more_events,
    with_calls,
    with_other_calls,
)
from gpttrace.spec.stacks import take_stacks
from gpttrace.spec.traffic import other_way
from gpttrace.spec.words import one_letter_off, stem, stems

BAR = 0.6
_CORRECTED = 0.08
_ONLY_CORRECTED = 0.35
_BARE_NAME = 0.1
_GUESSED = 0.1


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question was taken to mean. `spec` is None when it names no event of the catalogue.

    `ignored` are words that were left out, `not_understood` those that stand in the way.
    `problems` are sentences that say why it cannot be answered as asked; with any of them, or below `BAR`, it must not be run.
    `catalogue` is there when it has an event that was made for this question. `alternatives` are pairs of what the nearest events
    show and a question that works.
    """

    spec: TraceSpec | None
    confidence: float
    understood: tuple[Span, ...] = ()
    not_understood: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    corrections: tuple[tuple[str, str], ...] = ()
    alternatives: tuple[tuple[str, str], ...] = ()
    catalogue: Catalogue | None = field(default=None, repr=False, compare=False)

    @property
    def is_sure(self) -> bool:
        """Tell whether the spec may be used as it is."""
        return self.spec is not None and not self.problems and self.confidence >= BAR


def likely_events(text: str, catalogue: Catalogue) -> list[str]:
    """Return the ids of the events that a text may speak of, the likeliest first; never raises."""
    if refuse_text(text) is not None:
        return []
    sentence, asked, _ = _slots(text, catalogue)
    return [found.event.id for found in find_events(sentence, asked, catalogue, None)]


def _slots(
    text: str, catalogue: Catalogue, ignoring: tuple[str, ...] = ()
) -> tuple[Sentence, Asked, frozenset[str]]:
    sentence, asked, known = Sentence(text), Asked(), known_stems(catalogue)
    for index, token in enumerate(sentence.tokens):
        if token.text in ignoring:
            sentence.take(index, index, "")
    _take_request(sentence)
    around.take_around(sentence)
    correct(sentence, known, SLOT_WORDS)
    _take_fixed_slots(sentence, asked, known)
    correct(sentence, known, more=plurals(catalogue))
    return sentence, asked, known


def read_question(
    text: str, catalogue: Catalogue, host: Facts | None = None, ignoring: tuple[str, ...] = ()
) -> Reading:
    """Read a question, without the words of `ignoring`; never raises, whatever the text is."""
    if (problem := refuse_text(text)) is not None:
        return Reading(None, 0.0, problems=(problem,), alternatives=nearest(None, catalogue))
    if (problem := beyond_tracing(text)) is not None:
        return Reading(None, 0.0, problems=(problem,), alternatives=nearest(None, catalogue, Sentence(text)))
    text = in_plain_words(text)
    sentence, asked, known = _slots(text, catalogue, ignoring)
    named = named_tracepoint(sentence, every_hook_name(catalogue), host)
    if named is not None and (exact := _of_raw(sentence, asked, named, catalogue, known, host)) is not None:
        return exact
    found = find_events(sentence, asked, catalogue, host)
    readings = [
        _with_event(sentence.copy(), copy.deepcopy(asked), each, catalogue, known, host) for each in found
    ]
    if found and not any(each.is_sure for each in readings):
        readings += _related(sentence, asked, found[0], readings[0], catalogue, known, host)
    sure = any(each.is_sure for each in readings)
    raw = None if sure else _made_for_it(sentence, known, host)
    if raw and (reading := _of_raw(sentence, asked, raw, catalogue, known, host)) is not None:
        return reading
    if not readings:
        return _no_event(sentence, catalogue)
    best = max(readings, key=lambda each: (each.is_sure, not each.problems, each.confidence))
    if best is not readings[0] and (
        readings[0].is_sure
        or not best.is_sure
        or _drops(best, found[0], catalogue)
        or _forgets(best, readings[0])
    ):
        best = readings[0]
    return replace(best, alternatives=_other_readings(best, readings, catalogue))


def _made_for_it(
    sentence: Sentence, known: frozenset[str], host: Facts | None
) -> tuple[Event, frozenset[str]] | None:
    """Return an event that the catalogue does not have: a tracepoint or a function that is named."""
    calls = call_names(host)
    return (
        raw_event(sentence, host)
        or library_event(sentence, known, calls, host)
        or function_event(sentence, known, calls)
    )


def _forgets(reading: Reading, likeliest: Reading) -> bool:
    """Tell whether a reading leaves out what the likelier one did not understand either, so that it only has less to say."""
    used = {word.lower() for span in reading.understood for word in _WORD.findall(span.text)}
    return any(word.lower() not in used for word in likeliest.not_understood if _WORD.fullmatch(word))


_WORD = re.compile(r"[\w'’.-]*\w")


def _drops(reading: Reading, likeliest: Candidate, catalogue: Catalogue) -> bool:
    """Tell whether a reading leaves out what the likelier event is known by: `my disk rattles: who writes to it?`."""
    strong = {stem(word) for word in likeliest.event.strong} & set(likeliest.phrase)
    events = [each.event for each in (reading.spec, *reading.spec.others)] if reading.spec else []
    named = [entry for entry in lexicon(catalogue).entries if entry.event.id in events]
    meanings = {entry.event.summary for entry in named}
    used = {stem(w) for span in reading.understood if span.meaning not in meanings for w in span.text.split()}
    return bool(strong - used - {word for entry in named for phrase in entry.phrases for word in phrase})


def _of_raw(
    sentence: Sentence,
    asked: Asked,
    raw: tuple[Event, frozenset[str]],
    catalogue: Catalogue,
    known: frozenset[str],
    host: Facts | None,
) -> Reading | None:
    """Return the reading with an event made for the question, None where it leaves anything out."""
    event, words = raw
    more = catalogue.including(event)
    candidate = Candidate(event, 1.0, tuple(words), True)
    reading = _with_event(sentence.copy(), copy.deepcopy(asked), candidate, more, known, host)
    # `flush_workqueue or __flush_work`: of two functions one is known, and both are asked for.
    half = event.id.startswith("kprobe:") and reading.spec is not None and bool(reading.spec.others)
    return replace(reading, catalogue=more) if reading.is_sure and not reading.ignored and not half else None


def _related(
    sentence: Sentence,
    asked: Asked,
    found: Candidate,
    first: Reading,
    catalogue: Catalogue,
    known: frozenset[str],
    host: Facts | None,
) -> list[Reading]:
    """Read a question with other events where the one that it names cannot give what is asked."""
    unknown = first.not_understood
    events = related_events(sentence, asked, found.event, found.phrase, unknown, catalogue)
    others = [replace(found, event=event, guessed=True) for event in events]
    return [
        _with_event(sentence.copy(), copy.deepcopy(asked), each, catalogue, known, host) for each in others
    ]


def _other_readings(
    best: Reading, readings: list[Reading], catalogue: Catalogue
) -> tuple[tuple[str, str], ...]:
    """Return the nearest three: other events that the same words may mean, then related ones."""
    ids = [each.spec.event for each in readings if each.spec is not None]
    assert best.spec is not None
    related = [best.spec.event, *ids, *catalogue[best.spec.event].nearest]
    events = [catalogue[key] for key in dict.fromkeys(related) if key in catalogue]
    return tuple((event.summary, event.example) for event in events if event.example)[:4]


def _take_request(sentence: Sentence) -> None:
    """`write me a program that …` is no question about writes."""
    asks = sentence.stem(1) in ("me", "us", "a", "an", "the", "one", "some", "down", "up", "bpftrac")
    if sentence.stem(0) == stem("write") and asks and any(sentence.stem(i) in _TOOLS for i in range(1, 6)):
        sentence.take(0, 0, "")


_TOOLS = stems("program script tool one oneliner liner bpftrace code command query probe me")


def _take_fixed_slots(sentence: Sentence, asked: Asked, known: frozenset[str]) -> None:
    def is_known(word: str) -> bool:
        return word in known or one_letter_off(word, known) is not None

    addresses.take_addresses(sentence, asked)
    take_cgroup(sentence, asked)
    who.take_ids(sentence, asked)
    who.take_root(sentence, asked)
    whose.take_prefix(sentence, asked)
    whose.take_while(sentence, asked)
    whose.take_when(sentence, asked)
    take_excluded_calls(sentence, asked)
    take_excluded_names(sentence, asked, is_known)
    who.take_named_comm(sentence, asked, is_known)
    who.take_last_comm(sentence, asked)
    times.take_hangs(sentence, asked)
    times.take_hz(sentence, asked)
    times.take_every(sentence, asked)
    limits.take_buckets(sentence, asked)
    limits.take_thresholds(sentence, asked)
    times.take_output_unit(sentence, asked)
    times.take_duration(sentence, asked)
    limits.take_top(sentence, asked)
    limits.take_ratio(sentence, asked)
    errors.take_errors(sentence, asked)
    take_stacks(sentence, asked)
    keys.take_keys(sentence, asked, vocabulary.KEYS)


def _with_event(
    sentence: Sentence,
    asked: Asked,
    match: Candidate,
    catalogue: Catalogue,
    known: frozenset[str],
    host: Facts | None,
) -> Reading:
    event = match.event
    take_event(sentence, asked, match, catalogue)
    asked.named = frozenset(match.phrase)
    only = match.only or named_hooks(sentence, event)
    asked.function = bool(only) or any("_" in word for word in match.phrase)
    first = match.condition.value if match.condition is not None else None
    calls = more_calls(sentence, str(first), call_names(host)) if first is not None else []
    beside = [] if first is not None else calls_beside(sentence, event, call_names(host))
    others = more_events(sentence, asked, event, catalogue, match.phrase) if not beside else []
    others = others or other_way(sentence, event, catalogue)
    _take_rows(sentence, asked, event, host)
    times.take_elapsed(sentence, asked, stems(" ".join(v for f in event.fields.values() for v in f.values)))
    strange = known | arguments(event, host) | {stem(v) for f in event.fields.values() for v in f.values}
    bare = who.take_bare_comm(sentence, asked, strange.__contains__, "target_comm" in event.fields)
    if "target_comm" in event.fields:
        turns.turn_to_objects(sentence, asked)
        turns.turn_to_killed(sentence, asked)
    around.take_owned(sentence)
    spec, problems = decide(sentence, asked, event, bool(others))
    if calls and not others:
        spec = with_calls(spec, calls)
    if beside:
        spec = with_other_calls(spec, event, beside, asked)
    if only:
        spec = replace(spec, only=only)
    if others:
        narrow = tuple(named_hooks(sentence, other) for other in others)
        rows = bool(asked.keys or asked.mentioned)
        compared = are_compared_in(sentence)
        measured = any(
            (t.meaning or "").endswith((" in ns", " in bytes")) or t.meaning == "how long it takes"
            for t in sentence.tokens
        )
        spec, more = joined(spec, event, others, tuple(asked.grouped), rows, narrow, compared, measured)
        problems += more
    if not others and spec.shape != "stats" and _asks_twice(sentence):
        problems.append("two numbers are asked for, and only one of them is understood; ask for one")
    take_filler(sentence, asked)
    phrase = None if asked.keys or asked.top or only else match.phrase
    confidence, unknown, ignored = _sureness(sentence, match, phrase, catalogue, bare)
    lost = [word for word in unaccounted(sentence, spec, catalogue, match.phrase) if word not in unknown]
    head = lost_head(sentence, asked, spec, event)
    lost += [head] if head is not None and not others and head not in (*unknown, *lost) else []
    if lost:
        confidence, unknown = round(max(confidence - IN_THE_WAY * len(lost), 0.0), 2), [*unknown, *lost]
    return Reading(
        spec=spec,
        confidence=confidence,
        understood=sentence.spans(),
        not_understood=tuple(unknown),
        ignored=tuple(ignored),
        problems=(*asked.problems, *problems),
        corrections=tuple(sentence.corrections),
        alternatives=nearest(event, catalogue),
        catalogue=None if catalogue.events.get(event.id) is event else catalogue.including(event),
    )


def _take_rows(sentence: Sentence, asked: Asked, event: Event, host: Facts | None) -> None:
    """Take the words that tell rows apart, or name columns, once the event is known."""
    names = vocabulary.KEYS | field_names(event)
    take_command_line(sentence, asked, event, host)
    turns.turn_to_commands(sentence, asked, event)
    turns.turn_to_names(asked, event, field_names(event))
    keys.take_distinct(sentence, asked, names)
    take_field_values(sentence, asked, field_names(event, numbers=True))
    keys.take_keys(sentence, asked, names)
    lasting = event.field_of_unit("ns")
    columns.take_listed_keys(
        sentence,
        asked,
        names,
        event.shape == "events",
        lasting.name if lasting else None,
        sized.name if (sized := event.field_of_unit("bytes")) is not None and asked.thresholds else None,
    )
    columns.take_breakdown(sentence, asked, names)
    columns.take_moves(sentence, asked, names)
    turns.turn_to_ends(sentence, asked, names)
    columns.take_both_states(sentence, asked, names)
    turns.turn_to_sides(sentence, asked, event)
    columns.take_ranked_heads(sentence, asked, names)
    columns.take_each(sentence, asked, names)
    columns.take_wished(sentence, asked, names)
    take_mentioned_keys(sentence, asked)
    turns.turn_to_next(asked, event)
    turns.turn_to_functions(asked, event)
    if {"target_comm", "target_pid"} <= set(event.fields):
        turns.turn_to_targets(sentence, asked)


def _asks_twice(sentence: Sentence) -> bool:
    said = [token.stem for token in sentence.tokens]
    return list(pairwise(said)).count(("how", "many")) > 1


def _sureness(
    sentence: Sentence, match: Candidate, phrase: tuple[str, ...] | None, catalogue: Catalogue, bare: bool
) -> tuple[float, list[str], list[str]]:
    """Return the confidence, the words that stand in the way and those that are ignored."""
    words = lexicon(catalogue)
    entry = next((each for each in words.entries if each.event is match.event), None)
    take_background(sentence, entry, words, match.phrase)
    unknown, ignored = sort_out(sentence, entry, words, phrase)
    confidence = 1.0 - IN_THE_WAY * len(unknown) - IGNORED * len(ignored)
    corrected = {stem(right) for _, right in sentence.corrections}
    alone = all(token.meaning in (None, "", sentence.event) for token in sentence.tokens)
    if alone and match.phrase and corrected.issuperset(match.phrase):
        confidence -= _ONLY_CORRECTED  # `what's for lunch` is no launch
    confidence -= _CORRECTED * len(sentence.corrections) + _BARE_NAME * bare + _GUESSED * match.guessed
    if confidence < BAR and not unknown:
        unknown, ignored = ignored, []
    return round(max(confidence, 0.0), 2), unknown, ignored


def _no_event(sentence: Sentence, catalogue: Catalogue) -> Reading:
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.stem in vocabulary.EMPTY:
            sentence.take(index, index, "")
    foreign = sum(token.text.lower() in vocabulary.FOREIGN for token in sentence.tokens)
    if foreign >= 2 or (
        sentence.tokens and sum(not t.text.isascii() for t in sentence.tokens) * 2 > len(sentence.tokens)
    ):
        problem = "only English is understood without a model"
    else:
        problem = "the question names nothing that can be traced here"
    return Reading(
        None,
        0.0,
        understood=sentence.spans(),
        not_understood=sentence.left_over()[:12],
        problems=(problem,),
        corrections=tuple(sentence.corrections),
        alternatives=nearest(None, catalogue, sentence),
    )
