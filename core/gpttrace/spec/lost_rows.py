"""Rows and events that a question lists and its spec does not have: `by process and size`, `renames and new directories`.

A list is looked at in the text, whatever part of the reader took its words; what it lost makes the question refused.
"""

from __future__ import annotations

from functools import lru_cache

from gpttrace.spec import vocabulary as words
from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.field_names import field_names
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import Token, stem, stems

_AND = ("and", "plus", "&", "+")
_ROWS = ("rows by", "with ", "only ", "one table", "processes", "who ")
_BEFORE_NOUN = ("the", "its", "their", "by", "per", "each", "every")
_OF_NOUN = stems("system type kind family name number id class state mode address reason code")
_STOPS = (",", ".", "?", ";", ":", "!", ")")
_GO_ON = stems("of for in on with where when that which over every during only whose per by from top")


def lost_rows(sentence: Sentence, spec: TraceSpec, events: list[Event], catalogue: Catalogue) -> list[str]:
    """Return the nouns of lists of rows, and of lists of events, that became nothing."""
    found = []
    for index in range(len(sentence.tokens)):
        listed = _is_listed(sentence, index)
        at = index if listed else _noun_after(sentence, index) if _joins(sentence, index) else None
        if _is_lost_by(sentence, index, spec, events, catalogue):
            found.append(sentence.tokens[index + 1].text)
        if _is_lost_deed(sentence, index, events, catalogue):
            found.append(sentence.tokens[index].text)
        if at is None:
            continue
        if (asked := _asked_beside(sentence, index)) is not None and _is_lost_row(
            sentence, asked, spec, events, catalogue
        ):
            found.append(sentence.tokens[asked].text)
        own = not listed and sentence.stem(index + 1) in ("its", "their")  # `attempts and their result`
        row = (listed or own or _is_in_rows(sentence, index)) and _is_lost_row(
            sentence, at, spec, events, catalogue
        )
        if row or _is_lost_event(sentence, index, at, events, catalogue):
            found.append(sentence.tokens[at].text)
    return [*found, *_lost_items(sentence)]


def _lost_items(sentence: Sentence) -> list[str]:
    """Return the items of a list of columns behind a colon that became nothing: `timer calls: pid, comm, timer ID`."""
    colon = sentence.text.find(": ")
    items: list[list[Token]] = [[]]
    for index, token in enumerate(sentence.tokens):
        if 0 < colon < token.start:
            items[-1].append(token)
            if (
                sentence.text[token.end : token.end + 1] in (",", ".", "?")
                or sentence.stem(index + 1) in _AND
            ):
                items.append([])
    items = [[token for token in item if token.stem not in (*_AND, *_BEFORE_NOUN)] for item in items]
    columns = [item for item in items if item and all((t.meaning or "").startswith(_COLUMNS) for t in item)]
    lost = [
        item
        for item in items
        if item and len(item) < 3 and all(t.meaning == "" or t.meaning == sentence.event for t in item)
    ]
    return [item[-1].text for item in lost if item[-1].stem in _ITEMS] if len(columns) > 1 else []


_COLUMNS = ("rows by", "with ", "processes")
_ITEMS = stems("id name number type path address port state flags mode size length priority policy level")


def _joins(sentence: Sentence, index: int) -> bool:
    return index > 0 and sentence.stem(index) in _AND


def _is_listed(sentence: Sentence, index: int) -> bool:
    """Tell whether a word stands in the midst of a list of rows: `by process, file and size`."""
    if not _is_after_comma(sentence, index):
        return False
    goes_on = sentence.stem(index + 1) in _AND or sentence.text[sentence.tokens[index].end :][:1] == ","
    return goes_on and _is_in_rows(sentence, index)


def _is_lost_by(
    sentence: Sentence, index: int, spec: TraceSpec, events: list[Event], catalogue: Catalogue
) -> bool:
    """Tell whether `by parent` has only named the event (`zombies by parent`), and no rows are told apart."""
    at = index + 1
    if spec.keys or sentence.stem(index) not in ("by", "per") or sentence.tokens[index].meaning:
        return False
    named = at < len(sentence.tokens) and bool(events) and sentence.tokens[at].meaning == events[0].summary
    return named and _is_lost_row(sentence, at, spec, events, catalogue)


def _asked_beside(sentence: Sentence, index: int) -> int | None:
    """Return the noun of `who, and which policy`: rows that are asked for beside others."""
    joins = sentence.stem(index) in (*_AND, "with") and sentence.stem(index + 1) in ("which", "what")
    at = index + 2
    return at if joins and at < len(sentence.tokens) and sentence.tokens[at].kind == "word" else None


def _is_after_comma(sentence: Sentence, index: int) -> bool:
    before = sentence.tokens[index - 1].end if index else sentence.tokens[index].start
    return sentence.text[before : sentence.tokens[index].start].strip() == ","


def _noun_after(sentence: Sentence, index: int) -> int | None:
    at = index + 1
    while sentence.stem(at) in _BEFORE_NOUN:
        at += 1
    if sentence.stem(at + 1) in _OF_NOUN and not _ends(sentence, at):
        return at + 1  # `and socket type`
    return at if at < len(sentence.tokens) and sentence.tokens[at].kind == "word" else None


def _is_in_rows(sentence: Sentence, index: int) -> bool:
    """Tell whether all words back to a `by` or `per` are rows."""
    for at in range(index - 1, -1, -1):
        token = sentence.tokens[at]
        row = (token.meaning or "").startswith("rows by")
        if token.stem in ("by", "per", "each") and (row or not token.meaning):
            return at < index
        if not row and token.stem not in (*_AND, *_BEFORE_NOUN) and not _is_after_comma(sentence, at):
            return False
    return False


def _ends(sentence: Sentence, at: int) -> bool:
    after = sentence.text[sentence.tokens[at].end :].lstrip()[:1]
    return not after or after in _STOPS or sentence.stem(at + 1) in _GO_ON


def _is_lost_row(
    sentence: Sentence, at: int, spec: TraceSpec, events: list[Event], catalogue: Catalogue
) -> bool:
    token = sentence.tokens[at]
    meaning = token.meaning or ""
    if not _ends(sentence, at) and sentence.stem(at + 1) not in _AND:
        return False
    if meaning == "only calls that failed":
        return token.text.lower() in _ERRORS and not {"ret", "errno"} & set(spec.keys)
    if meaning.startswith(_ROWS) or meaning in {event.summary for event in events[1:]}:
        return False
    if meaning.endswith((" in ns", " in bytes")) or meaning == "how long it takes":
        return spec.value is None and not {"bytes", "latency"} & set(spec.keys)
    two = token.stem in _OF_NOUN and sentence.stem(at - 1) not in (*_AND, *_BEFORE_NOUN)
    named = (token.stem, f"{sentence.stem(at - 1)} {token.stem}")
    held = {key for event in events for name in named for key in (field_names(event).get(name),) if key}
    nothing = meaning == "" or (bool(events) and meaning == events[0].summary)
    return nothing and (two or token.stem in _row_words(catalogue)) and not held & set(spec.keys)


_ERRORS = ("error", "errors", "errno", "failure", "failures")


@lru_cache(maxsize=2)
def _row_words(catalogue: Catalogue) -> frozenset[str]:
    """Return the stems by which any event can be told apart."""
    names = (name for event in catalogue.events.values() for f in event.fields.values() for name in f.names)
    return (frozenset(stem(name) for name in names if " " not in name) | _MORE_ROWS) - _NO_ROWS


_MORE_ROWS = stems("policy priority age size length depth owner group extension amount duration latency")
_NO_ROWS = words.COUNT | words.SUMS | stems("time long live run type")


def _is_lost_event(sentence: Sentence, join: int, at: int, events: list[Event], catalogue: Catalogue) -> bool:
    """Tell whether all words of the last of several events say nothing: `deletions, renames and new directories`."""
    before = sentence.tokens[join - 1].meaning
    if not before or before not in {event.summary for event in events}:
        return False
    last = at
    while last < len(sentence.tokens) and sentence.tokens[last].meaning == "":
        if sentence.text[sentence.tokens[last].end :][:1] in _STOPS or sentence.stem(last + 1) in _GO_ON:
            break
        last += 1
    part = sentence.tokens[at : last + 1]
    plural = [
        t for t in part if len(t.text) > 3 and t.text.lower().endswith("s") and t.stem in _named(catalogue)
    ]
    return all(t.meaning == "" for t in part) and bool(plural) and plural[-1] is part[-1]


def _is_lost_deed(sentence: Sentence, index: int, events: list[Event], catalogue: Catalogue) -> bool:
    """Tell whether one deed of a list says nothing, beside others that are events: `timers started, expired and cancelled`."""
    token = sentence.tokens[index]
    if token.meaning != "" or token.stem not in _DEEDS or token.stem not in _named(catalogue):
        return False
    neighbours = (_beside(sentence, index, 1), _beside(sentence, index, -1))
    summaries = {event.summary for event in events}
    return any(at is not None and sentence.tokens[at].meaning in summaries for at in neighbours)


def _beside(sentence: Sentence, index: int, step: int) -> int | None:
    """Return the token on the other side of a comma or joining word beside a token, over `processes that`."""
    at, joined = index, False
    while 0 <= at < len(sentence.tokens):
        behind = at if step > 0 else at - 1
        comma = behind >= 0 and sentence.text[sentence.tokens[behind].end :][:1] == ","
        joined = joined or comma or sentence.stem(at) in _JOINS
        at += step
        if sentence.stem(at) not in _JOINS | words.COMM_WORDS | _BETWEEN:
            break
    return at if joined and 0 <= at < len(sentence.tokens) else None


_JOINS = stems("and or plus versus vs") | {"&", "+"}
_BETWEEN = stems("that which who are is being get gets the were")
_DEEDS = stems(
    """start end begin create delete remove open close load unload expire cancel stop exit queue execute issue complete take
    release insert lock unlock enter leave allocate free finish destroy register rise fall"""
)


@lru_cache(maxsize=2)
def _named(catalogue: Catalogue) -> frozenset[str]:
    return (
        frozenset(
            stem(word) for event in catalogue.events.values() for name in event.names for word in name.split()
        )
        - words.SLOTS
        - stems("process task program thing way")
    )
