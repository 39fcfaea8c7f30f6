"""How much of what a question says belongs to an event, and what speaks against it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked
from gpttrace.spec.asking import listed_before_colon
from gpttrace.spec.catalogue import Event
from gpttrace.spec.errors import ONLY_FAILED, ONLY_ONES_THAT_FAILED
from gpttrace.spec.lexicon import Entry, Lexicon
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import Token, stem, stems

_SOFT = "rows by"  # `which processes` still lends its words to the name of an event


def phrase_score(words: Lexicon, entry: Entry, number: int, said: Said) -> float:
    """Return how much of what a question says belongs to an event of which it has the whole name with this number."""
    phrase = entry.phrases[number]
    named = sum(words.weight(word) + 1 if word in said.free else 0.3 * words.weight(word) for word in phrase)
    named -= 0.7 * sum(words.weight(word) + 1 for word in phrase if word in _MEASURES)
    # `block io` is not `blocked io`, though both have the same stems.
    exact = 0.5 * len(entry.spelled[number] & said.texts) + _BESIDE * said.has_side_by_side(phrase)
    if are_compared(said.order, phrase) or said.is_of_two(phrase):
        named = 0.4 * named  # `execs versus forks` is not the time from one to the other
    strong = 3.0 * sum(word in said.available for word in entry.strong)
    beside = [word for word in said.free if word not in phrase and word not in vocabulary.EMPTY]
    more = 0.8 * sum(words.weight(word) for word in beside if word in entry.words)
    values = 0.4 * sum(
        words.weight(word) for word in beside if word in entry.fields and word not in entry.words
    )
    return named + exact + strong + more + values


def misfit(event: Event, asked: Asked, said: Said) -> float:
    """Return what speaks against an event: rows, times or sizes that it does not carry."""
    against = 5.0 * sum(key not in event.fields for key in asked.keys)
    against += 3.0 * (bool(said.free & _TIMES) and event.field_of_unit("ns") is None)
    against += 3.0 * (bool(said.free & _BYTES) and event.field_of_unit("bytes") is None)
    against += (
        5.0 * any(kind == "ns" for _, _, kind, _ in asked.thresholds) * (event.field_of_unit("ns") is None)
    )
    against += 5.0 * any(
        c.field not in event.fields for c in asked.conditions if c.field in ("daddr", "saddr")
    )
    against += 5.0 * (asked.errno is not None and "ret" not in event.fields)
    against += 4.0 * (
        asked.errno is not None and event.area == "block"
    )  # a disk gives other errors than a call
    return against + 5.0 * (asked.failed is True and not {"ret", "rc"} & event.fields.keys())


_BYTES = (
    frozenset(vocabulary.BYTES) - vocabulary.RATE - frozenset(("larg", "big", "small", "length", "traffic"))
)

_TIMES = frozenset(vocabulary.TIMES)

# They say what is measured rather than of what.
_MEASURES = frozenset(vocabulary.BYTES) | frozenset(vocabulary.TIMES) | vocabulary.RATE


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a question that have no meaning yet (`free`), those that a name may use, and how they are written."""

    free: frozenset[str]
    available: frozenset[str]
    texts: frozenset[str]
    order: tuple[str, ...]
    stems: tuple[str, ...]
    items: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, sentence: Sentence, free: frozenset[str], available: frozenset[str]) -> Said:
        """Return what a question says, with those of its words that are free and that a name may use."""
        order = tuple(token.text.lower() for token in sentence.tokens)
        items = tuple(frozenset(map(sentence.stem, item)) for item in listed_before_colon(sentence))
        return cls(free, available, frozenset(order), order, tuple(map(stem, order)), items)

    def is_of_two(self, phrase: tuple[str, ...]) -> bool:
        """Tell whether the words of a name are those of two items of a list: `forks, execs, exits: totals`."""
        listed = [item for item in self.items if item & set(phrase)]
        return len(listed) > 1 and not any(item.issuperset(phrase) for item in listed)

    def has_side_by_side(self, phrase: tuple[str, ...]) -> bool:
        """Tell whether the words of a name stand side by side: `file renames`, not `renames of a file`."""
        size = len(phrase)
        return size > 1 and any(
            self.stems[at : at + size] == phrase for at in range(len(self.stems) - size + 1)
        )


_BESIDE = 1.5


def said_in(sentence: Sentence) -> Said:
    """Return what a question says."""
    free = frozenset(t.stem for t in sentence.tokens if t.meaning is None or is_failure(t))
    return Said.of(sentence, free, frozenset(_available(sentence)))


def are_compared(order: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Tell whether two words of a name are two things here: `execs versus forks`, `queued and executed`."""
    return any(
        (word in ("versus", "vs", "against") or (word in ("and", "or") and before[-2:] == after[-2:] == "ed"))
        and {stem(before), stem(after)} <= set(phrase)
        and order.count(before) == order.count(after) == 1  # not in `xfs reads vs xfs writes`
        for before, word, after in zip(order, order[1:], order[2:], strict=False)
    )


def is_failure(token: Token) -> bool:
    # `failed` is a condition on most events, and the name of some (`failed allocations`).
    return token.meaning in (ONLY_FAILED, ONLY_ONES_THAT_FAILED) and token.stem in vocabulary.FAILED


def _available(sentence: Sentence) -> set[str]:
    return {
        token.stem
        for index, token in enumerate(sentence.tokens)
        if (token.meaning is None and not _is_wish(sentence, index) and not _is_column(sentence, index))
        or ((token.meaning or "").startswith(_SOFT) and _lends(sentence, index))
        or is_failure(token)
    }


def _is_column(sentence: Sentence, index: int) -> bool:
    """Tell whether a word only lists a column: in `rename calls: old path, new path, process` no process is renamed."""
    token = sentence.tokens[index]
    colon = max(sentence.text.rfind(":", 0, token.start), _shown_at(sentence.text, token.start))
    listed = colon > 0 and "," in sentence.text[colon:] and sentence.ends_part(index)
    alone = sentence.text[: token.start].rstrip()[-1:] == "," or sentence.stem(index - 1) == "and"
    alone = alone or (colon > 0 and sentence.text[colon : token.start].strip() in ("", "the"))
    return listed and alone and token.stem in vocabulary.KEYS


_SHOWN = re.compile(r"[?.!;,] (?:show|print|list|give|report|log)(?: me)?(?= )", re.IGNORECASE)


def _shown_at(text: str, start: int) -> int:
    """Return where a later part of a question begins to list what is to be shown, -1 where none does before `start`."""
    return max((match.end() for match in _SHOWN.finditer(text, 0, start)), default=-1)


def _is_wish(sentence: Sentence, index: int) -> bool:
    """Tell whether `a list of` is asked for, rather than that something is listed."""
    around = (sentence.stem(index - 1), sentence.stem(index), sentence.stem(index + 1))
    return around == ("a", "list", "of")


def _lends(sentence: Sentence, index: int) -> bool:
    # `which processes are created`, `which control groups are removed`, but not `which container opens files`
    key = vocabulary.KEYS.get(sentence.stem(index))
    happens_to = sentence.stem(index - 1) in ("which", "what") and sentence.stem(index + 1) in (
        "are",
        "is",
        "get",
    )
    # `the frequency of each core`
    clocked = key == "cpu" and any(t.stem in _CLOCKED and t.meaning is None for t in sentence.tokens)
    doing = key == "comm" and not _is_row(sentence, index)
    into = key == "cgroup" and sentence.stem(index - 2) in ("to", "into")  # `moved to which cgroup`
    return doing or clocked or into or (key == "cgroup" and happens_to)


def _is_row(sentence: Sentence, index: int) -> bool:
    """Tell whether a word stands behind `by`: in `syscall duration by process` it is no process that lasts."""
    before = [sentence.stem(i) for i in (index - 1, index - 2, index - 3)]
    return before[0] in ("by", "per") or (before[0] in ("each", "the", "and") and "by" in before)


_CLOCKED = stems("frequency clock speed")
