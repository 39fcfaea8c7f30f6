"""Words that ask for rows and only named the event, or nothing: `which parents wait`, `with its owner`, `per server`."""

from __future__ import annotations

from gpttrace.spec.catalogue import Event
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import plain, stems


def asks_for_lost_row(
    sentence: Sentence, index: int, spec: TraceSpec, events: list[Event], phrase: tuple[str, ...]
) -> bool:
    """Tell whether a word asks for rows that the spec does not have."""
    return (
        _is_dropped_row(sentence, index, phrase)
        or (not spec.keys and spec.shape != "events" and _is_subject(sentence, index, phrase))
        or _is_row_of_other(sentence, index, events)
        or _is_row_in_name(sentence, index, spec)
        or _is_row_of_nothing(sentence, index, spec)
        or _is_by_no_row(sentence, index, spec, phrase)
        or _is_from_to(sentence, index, spec)
        or _is_first_of_rows(sentence, index)
        or _is_to_what(sentence, index, spec)
    )


def _is_subject(sentence: Sentence, index: int, phrase: tuple[str, ...]) -> bool:
    """Tell whether a noun asks for rows of its own: `which parents wait`, `how many does each server accept`."""
    token, before = sentence.tokens[index], sentence.stem(index - 1)
    after = sentence.tokens[index + 1 : index + 2]
    if token.kind != "word" or not index or sentence.tokens[index - 1].meaning != "":
        return False
    if before in ("each", "every", "per"):
        return token.meaning == "" and bool(after) and after[0].meaning == sentence.event
    opens = index == 1 or sentence.text[: sentence.tokens[index - 1].start].rstrip()[-1:] in (".", "?", ":")
    return before == "which" and opens and token.text.lower().endswith("s") and token.stem not in phrase


def _is_dropped_row(sentence: Sentence, index: int, phrase: tuple[str, ...]) -> bool:
    """Tell whether a noun in a list of rows or columns (`…: type and level`, `with its owner`) has become none of them."""
    token = sentence.tokens[index]
    if token.meaning == sentence.event and (
        token.stem not in phrase or token.stem in _MEASURED | {"syscall"}
    ):
        row = index > 1 and (sentence.tokens[index - 2].meaning or "").startswith(
            ("rows by", "processes", "with ")
        )
        if row and sentence.stem(index - 1) == "and" and sentence.stem(index + 1) == "":
            return token.stem in _NOUNS | _MEASURED | {"syscall"}  # `by command and device`
        own = sentence.stem(index - 1) in ("their", "its", "the") and sentence.stem(index - 2) == "with"
        return own and (sentence.stem(index - 1) != "the" or token.stem in _NOUNS)
    if token.meaning != "" or token.stem not in _NOUNS:
        return False
    before, joined = index - 1, False
    while sentence.stem(before) in ("the", "its", "their", "and", "plus"):
        joined = joined or sentence.stem(before) in ("and", "plus")
        before -= 1
    if before < 0:
        return False
    gap = sentence.text[sentence.tokens[before].end : token.start].lstrip()[:1]
    key = (sentence.tokens[before].meaning or "").startswith(("rows by", "with ", "processes"))
    return gap == ":" or sentence.stem(before) == "with" or (key and (joined or gap == ","))


_MEASURED = stems("delay latency time length count priority policy protocol port number pages")
_NOUNS = stems(
    """type kind value result name reason code index status path address target source owner mode flag flags level state inode
    device file offset return outcome argument class size"""
)


def _is_row_in_name(sentence: Sentence, index: int, spec: TraceSpec) -> bool:
    """Tell whether rows, or how many of the events, are asked for by words of its name: `per server`, `first 20 opens`."""
    token, before = sentence.tokens[index], sentence.tokens[index - 1 : index]
    if not before or token.meaning != sentence.event:
        return False
    counted = before[0].kind == "number" and sentence.stem(index - 2) in ("first", "last")
    after = sentence.tokens[index + 1 : index + 2]
    row = bool(after) and (after[0].meaning or "").startswith("rows by")
    each = before[0].stem == "per" and not before[0].meaning and not row
    return counted or (each and spec.shape in ("count", "sum", "rate", "events"))


def _is_row_of_nothing(sentence: Sentence, index: int, spec: TraceSpec) -> bool:
    """Tell whether rows are asked for by a word that says nothing (`by id`), at the end of a part of the question."""
    token, before = sentence.tokens[index], sentence.tokens[index - 1 : index]
    if (
        (spec.keys and spec.shape != "events")
        or not before
        or before[0].stem not in ("by", "per")
        or before[0].meaning
        or token.meaning != ""
    ):
        return False
    return sentence.ends_part(index) and token.text.lower() not in _IDIOMS


_IDIOMS = plain(
    """far default now chance accident itself themselves hand any anyone anybody someone somebody all me us them it others
    everyone everybody anything something"""
)


def _is_by_no_row(sentence: Sentence, index: int, spec: TraceSpec, phrase: tuple[str, ...]) -> bool:
    """Tell whether `counted by old and new state` became no rows at all."""
    if spec.keys or sentence.stem(index) not in ("old", "new", "previous", "current") or not index:
        return False
    at = index - 1
    while sentence.stem(at) in ("the", "and", "old", "new"):
        at -= 1
    return sentence.stem(at) in ("by", "per") and not sentence.tokens[at].meaning


def _is_from_to(sentence: Sentence, index: int, spec: TraceSpec) -> bool:
    """Tell whether `from which core to which core` is asked for, and no two rows or columns tell it."""
    if sentence.stem(index) != "from" or sentence.stem(index + 1) not in ("which", "what"):
        return False
    asked = [sentence.stem(at) for at in range(index + 2, min(index + 6, len(sentence.tokens)))]
    told = [key for key in spec.keys if key not in ("comm", "pid", "tid")]
    both = "to" in asked or (
        sentence.stem(index + 2) in ("one", "ones") and sentence.stem(index - 1) == "and"
    )
    return both and len(told) < 2


def _is_to_what(sentence: Sentence, index: int, spec: TraceSpec) -> bool:
    """Tell whether `renames itself to what` is asked, and no row or column tells it."""
    asks = sentence.stem(index) in ("what", "whom") and sentence.stem(index - 1) in (
        "to",
        "into",
        "as",
        "onto",
    )
    told = any(key not in _DOERS for key in spec.keys)
    return asks and sentence.ends_part(index) and not told


_DOERS = ("comm", "pid", "tid", "uid", "cpu", "latency")


def _is_first_of_rows(sentence: Sentence, index: int) -> bool:
    """Tell whether the first of the rows only named the event: `by signal number and result`."""
    if sentence.stem(index - 1) not in ("by", "per") or not index or sentence.tokens[index - 1].meaning:
        return False
    at = index + 1 + (sentence.stem(index + 1) in ("number", "nam", "id", "typ"))
    joined = sentence.stem(at) == "and" or sentence.text[sentence.tokens[at - 1].end :][:1] == ","
    after = sentence.tokens[at + (sentence.stem(at) == "and") :][:1]
    named = sentence.tokens[index].meaning == sentence.event
    rows = bool(after) and (after[0].meaning or "").startswith("rows by")
    return named and joined and rows and after[0].stem not in ("by", "per", "each")


def _is_row_of_other(sentence: Sentence, index: int, events: list[Event]) -> bool:
    """Tell whether rows are asked for by a word that only named a further event: `suspends and resumes by device`."""
    by = sentence.stem(index - 1) in ("by", "per") and not (
        sentence.tokens[index - 1].meaning if index else None
    )
    return by and sentence.tokens[index].meaning in {event.summary for event in events[1:]}
