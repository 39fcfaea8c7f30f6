"""Several events in one question (`reads and writes by process`): which further ones are named, and their specs.

A further event counts only when `and`, `or`, `versus` … stands between its words and those of the first: two names without a
joining word are one event and a word that was not understood.
"""

from __future__ import annotations

import re
from dataclasses import replace

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked
from gpttrace.spec.asking import listed_before_colon, told_in
from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.conditions import settled
from gpttrace.spec.kernel_names import hook_names
from gpttrace.spec.keys import DOING
from gpttrace.spec.lexicon import Entry, left_for_later, lexicon
from gpttrace.spec.lost_parts import is_parted
from gpttrace.spec.model import Condition, Shape, TraceSpec
from gpttrace.spec.narrow import is_call
from gpttrace.spec.scoring import Said, are_compared, phrase_score
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem

_MOST, _NEAR = 4, 5
# `directories made and directories removed`: where the noun comes twice, an empty word may tell which of them.
_NO_OWN = vocabulary.SLOTS | frozenset(vocabulary.KEYS)
_VALUED = ("sum", "avg", "min", "max", "stats", "hist", "lhist", "rate")


def more_events(
    sentence: Sentence, asked: Asked, first: Event, catalogue: Catalogue, phrase: tuple[str, ...] = ()
) -> list[Event]:
    """Return the further events that are named, and take their words out of the sentence."""
    found: list[Event] = []
    while (
        len(found) < _MOST - 1
        and (match := _next(sentence, asked, [first, *found], catalogue, phrase)) is not None
    ):
        entry, words = match
        own = ({*words} | entry.own) - left_for_later(entry.event)
        for index, token in enumerate(sentence.tokens):
            row = sentence.stem(index - 1) in (
                "by",
                "per",
                "each",
                "every",
            )  # `suspends and resumes by device`
            if token.meaning is None and token.stem in own and not row:
                sentence.take(index, index, entry.event.summary)
        found.append(entry.event)
    return found


def _next(
    sentence: Sentence, asked: Asked, known: list[Event], catalogue: Catalogue, phrase: tuple[str, ...]
) -> tuple[Entry, tuple[str, ...]] | None:
    meanings = {event.summary for event in known}
    compared = asked.ratio or any(token.stem == "compar" for token in sentence.tokens)
    joining = vocabulary.JOINING | ({"to", "with"} if compared else set())
    joins = [i for i, t in enumerate(sentence.tokens) if t.stem in joining and t.meaning in (None, "")]
    fields = [field for event in known for field in event.fields.values()]
    joins = [j for j in joins if not _joins_no_events(sentence, j)]
    commas = _listed_joins(sentence)
    values = {stem(name) for field in fields for name in field.values}
    values |= {
        stem(name) for field in fields for name in field.names
    }  # `which tasks queue work, on what function`
    told = told_in(sentence)
    free = {
        t.stem: i
        for i, t in enumerate(sentence.tokens)
        if i not in told
        # `the process that receives them`: a clause about the row is no event
        and t.meaning is None
        and t.stem not in values
        and (sentence.stem(i - 1) not in ("that", "who") or sentence.stem(i - 2) == "and" or i == 1)
        and not (t.stem == "in" and sentence.stem(i + 1) in _AFTER_IN)  # `in total` is no direction
        and not (
            t.text.lower() in DOING and sentence.stem(i + 1) in vocabulary.COMM_WORDS
        )  # `by receiving process`
    }
    beside = [*_beside(sentence, joins, meanings, phrase), *_counted_too(sentence, meanings, phrase)]
    said = {t.stem for t in sentence.tokens if t.meaning is None or t.meaning in meanings}
    # `retransmits compared with resets`: both are TCP's.
    said |= {stem(word) for event in known for word in event.id.split("-")}
    every = [token.stem for token in sentence.tokens]
    places = [i for i, t in enumerate(sentence.tokens) if t.meaning in meanings]
    between = [*map(float, joins), *commas]
    if not places or not between:
        return None
    twice = {word for word in every if every.count(word) > 1}
    words = lexicon(catalogue)
    meant = Said.of(sentence, frozenset(free), frozenset(said))
    best: tuple[float, Entry, tuple[str, ...]] | None = None
    for entry in words.entries:
        if entry.event in known:
            continue
        beside_join = [
            w
            for w in sorted(free)
            if {free[w] - 1, free[w] + 1} & set(joins)
            and entry.event.area == "userspace"
            and w in hook_names(entry.event)
        ]
        for number, name in enumerate((*entry.phrases, *((word,) for word in beside_join))):
            if not said.issuperset(name) or are_compared(meant.order, name):
                continue
            empty = _NO_OWN if twice.intersection(name) else vocabulary.NO_EVENT
            own = [free[word] for word in name if word in free and word not in empty]
            if len(name) == 1 and name[0] in beside_join:
                own = [free[name[0]]]  # `malloc versus free`: here it is no word that says nothing
            own += [at for at, needed in beside if needed <= set(name)]
            if not own:
                continue
            if not any(min(places) < j < max(own) or min(own) < j < max(places) for j in between):
                continue
            if min(abs(at - j) for at in own for j in between) > _NEAR:
                continue
            score = phrase_score(words, entry, min(number, len(entry.phrases) - 1), meant)
            if best is not None and score <= best[0]:
                continue
            if twice.intersection(name) or not is_parted(sentence, entry.event, name, catalogue):
                best = (score, entry, name)
    return (best[1], best[2]) if best else None


_TIMED = ("wait", "tim")
_AFTER_IN = (
    "total",
    "how",
    "which",
    "what",
    "the",
    "a",
    "an",
    "all",
    "each",
    "every",
    "one",
    "order",
    "addition",
    "detail",
)
_COMPARED = re.compile(r"\b(versus|vs|against|compare[ds]?|side by side)\b", re.IGNORECASE)


def are_compared_in(sentence: Sentence) -> bool:
    """Tell whether a question sets its events side by side: it wants numbers."""
    return _COMPARED.search(sentence.text) is not None or _HOW_MANY_TOO.search(sentence.text) is not None


def _listed_joins(sentence: Sentence) -> list[float]:
    """Return where commas part a list of events that a colon ends: `forks, execs, exits: totals`; halves, between tokens."""
    items = listed_before_colon(sentence)
    found = [item[-1] + 0.5 for item in items[:-1]]
    for index, token in enumerate(sentence.tokens):
        near = {sentence.stem(i) for i in (index + 2, index + 3)}
        columns = ":" in sentence.text[: token.end]
        if sentence.text[token.end : token.end + 1] == "," and near & {"and", "&", "plus"} and not columns:
            found.append(index + 0.5)  # `opens, closes and reads`
    return found


_HOW_MANY_TOO = re.compile(
    r"\bhow many\b.*\b(?:and|with|against|to) (?:with )?how many (?:of (?:them|those) )?"
    r"(?:are |were |get |got |was |is )?(?:being )?(\w+)",
    re.IGNORECASE,
)


def _counted_too(
    sentence: Sentence, meanings: set[str], phrase: tuple[str, ...]
) -> list[tuple[int, set[str]]]:
    """Return the verb of `how many items are queued and how many are started`, for names with it instead of another word."""
    if (too := _HOW_MANY_TOO.search(sentence.text)) is None:
        return []
    at = next(i for i, token in enumerate(sentence.tokens) if token.start == too.start(1))
    other = sentence.stem(at)
    free = sentence.tokens[at].meaning is None or sentence.tokens[at].meaning in meanings
    return [(at, set(phrase) - {word} | {other}) for word in phrase if free and other not in phrase]


def _joins_no_events(sentence: Sentence, join: int) -> bool:
    """Tell whether `and` joins rows (`by device and queue`) or two ends (`between queueing and handing over`)."""
    after = sentence.tokens[join + 1 : join + 2]
    row = (sentence.tokens[join - 1].meaning or "").startswith("rows by") if join else False
    row = row or (sentence.stem(join - 2) in ("by", "per") and not sentence.tokens[join - 2].meaning)
    last = join + 2 >= len(sentence.tokens)
    ends = any(sentence.stem(i) == "between" for i in range(max(join - 6, 0), join))
    asks = sentence.stem(join + 1) in ("with", "which", "what", "their", "its", "tell")
    return ends or asks or (row and last and bool(after) and not after[0].text.lower().endswith("s"))


def _beside(
    sentence: Sentence, joins: list[int], meanings: set[str], phrase: tuple[str, ...]
) -> list[tuple[int, set[str]]]:
    """Return the words of the first event that stand beside one of its name's (`queued and executed works`).

    Each comes with the words that the name of another event must hold: the same name with this word instead.
    """
    found = []
    for join in joins:
        for other, at in ((join - 1, join + 1), (join + 1, join - 1)):
            both = 0 <= at < len(sentence.tokens) and (
                sentence.tokens[at].meaning in meanings
                or (
                    not sentence.tokens[at].meaning and sentence.tokens[at].text.lower().endswith(("s", "ed"))
                )
            )
            if both and sentence.stem(other) in phrase and sentence.stem(at) not in phrase:
                found.append((at, set(phrase) - {sentence.stem(other)} | {sentence.stem(at)}))
    return found


def more_calls(sentence: Sentence, first: str, names: frozenset[str]) -> list[str]:
    """Return further system calls that are named beside one (`sendmmsg and recvmmsg`), and take their words."""
    found = []
    for index, token in enumerate(sentence.tokens):
        name = token.text.lower()
        if token.meaning is None and token.kind == "word" and name in names - {"time"} and name != first:
            before = [sentence.stem(index - 1), sentence.text[: token.start].rstrip()[-1:]]
            if set(before) & (vocabulary.JOINING | {","}) or "_" in name:
                sentence.take(index, index, f"the system call {name}")
                found.append(name)
    return found[: _MOST - 1]


def calls_beside(sentence: Sentence, event: Event, names: frozenset[str]) -> list[str]:
    """Return the calls joined to an event that is not seen at them (`mlock and mlockall`), and take their words."""
    found = []
    hooked = hook_names(event)
    if any(
        t.stem in vocabulary.BYTES or t.stem in vocabulary.TIMES or t.stem in _TIMED for t in sentence.tokens
    ):
        return []  # of a system call in general only its number is known
    for index, token in enumerate(sentence.tokens):
        name = token.text.lower()
        if token.kind != "word" or name not in names or {name, f"sys_enter_{name}"} & hooked:
            continue
        for join, other in ((index - 1, index - 2), (index + 1, index + 2)):
            joined = sentence.stem(join) in vocabulary.JOINING and 0 <= other < len(sentence.tokens)
            # `kill and tgkill`: beside the name of a call an English word is one too
            called = joined and (is_call(name) or is_call(sentence.tokens[other].text.lower()))
            if (
                called
                and sentence.tokens[other].text.lower() in hooked
                and token.meaning in (None, sentence.event)
            ):
                sentence.take(index, index, f"the system call {name}")
                found.append(name)
    return list(dict.fromkeys(found))[: _MOST - 1]


def with_other_calls(spec: TraceSpec, event: Event, calls: list[str], asked: Asked) -> TraceSpec:
    """Return the spec counted, with a part for each further system call that has no event of its own here."""
    keys = tuple(key for key in spec.keys if key in asked.keys + asked.mentioned + asked.columns)
    if spec.shape == "events":
        keys = tuple(dict.fromkeys(("pid", "comm", *keys)))
    shape: Shape = spec.shape if spec.shape in ("rate", "events") else "count"
    spec = replace(spec, shape=shape, value=None, keys=keys)
    kept = tuple(c for c in spec.conditions if c not in event.assume)
    parts = (
        replace(spec, event="syscall", only=(), conditions=(*kept, Condition("syscall", "==", call)))
        for call in calls
    )
    return replace(spec, others=tuple(parts))


def with_calls(spec: TraceSpec, calls: list[str]) -> TraceSpec:
    """Return the spec of one system call with a part like it for each further call."""

    def of_call(call: str) -> TraceSpec:
        conditions = (replace(c, value=call) if c.field == "syscall" else c for c in spec.conditions)
        return replace(spec, conditions=tuple(conditions))

    return replace(spec, others=tuple(of_call(call) for call in calls))


def joined(
    spec: TraceSpec,
    event: Event,
    others: list[Event],
    grouped: tuple[str, ...] = (),
    asked_for: bool = True,
    only: tuple[tuple[str, ...], ...] = (),
    compared: bool = False,
    named: bool = False,
) -> tuple[TraceSpec, list[str]]:
    """Return the spec with one part for each further event, alike in form, keys and conditions; and what stands against it.

    `named` says that the question names the value, so that none of the events may be counted instead.
    """
    value, problems = spec.value, []
    if spec.shape == "events" and (grouped or compared):
        spec = replace(spec, shape="count", keys=grouped)
    if spec.shape != "events" and not asked_for:
        spec = replace(spec, keys=())  # the rows that are usual for one of them are not asked for
    unit = event.fields[value].unit if value is not None and value in event.fields else None
    lacking = [
        other for other in others if spec.shape in _VALUED and value and _like(value, unit, other) is None
    ]
    if named and lacking:
        problems.append(f"{lacking[0].noun} do not carry {'how long they take' if unit == 'ns' else value}")
    if spec.shape in _VALUED and value and any(_like(value, unit, other) is None for other in others):
        # What one of them cannot measure, both are counted for.
        spec = replace(spec, shape="rate" if spec.shape == "rate" else "count", value=None)
    parts = []
    for number, other in enumerate(others):
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
                only=only[number] if only else (),
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
    return [c for c in event.assume if not settled(c, given, event, Asked())]
