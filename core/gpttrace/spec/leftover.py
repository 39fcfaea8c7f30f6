"""Words that no part of the reader understood: which of them may be ignored (and are named), and which stand in the way.

A word is in the way when leaving it out could change the answer: a number, a name, a path, a negation, a word right before those
of the event (`robust futex`), the object of `by`, `of`, `in` …, or a word that belongs to few other events. Other words of a
sentence (`I would be grateful for …`) are ignored at a small cost; many of them together are in the way as well.
"""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked
from gpttrace.spec.asking import STATING
from gpttrace.spec.lexicon import Entry, Lexicon
from gpttrace.spec.narrow import is_call
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import Token, stems

IN_THE_WAY, IGNORED = 0.45, 0.42
# A word of this weight belongs to few events of the catalogue.
_RARE = 4.2
_LINKS = stems(
    "by of for in on to from with into per at through via against without except than between under inside within"
)
_NEGATIONS = stems("not no without except excluding never none nor unless") | {"n't"}


def sort_out(
    sentence: Sentence, entry: Entry | None, words: Lexicon, phrase: tuple[str, ...] | None = None
) -> tuple[list[str], list[str]]:
    """Return the words that stand in the way and those that may be ignored, each once, in order.

    `phrase` are the words that name the event, None where `by` needs no rows after it (there are some, or it ranks them).
    """
    blocking: list[str] = []
    ignored: list[str] = []
    for index, token in enumerate(sentence.tokens):
        if phrase is not None and token.stem in ("by", "per") and not token.meaning:
            blocking += _rows_of_nothing(sentence, index, phrase, entry)
        if token.meaning is None:
            (blocking if _blocks(sentence, index, entry, words) else ignored).append(token.text)
    return list(dict.fromkeys(blocking)), list(dict.fromkeys(ignored))


_ENDS = re.compile(r"[.!?;:,]|\s[-\u2013\u2014]+\s")


def clauses(sentence: Sentence) -> list[range]:
    """Return the parts of a question between its stops and commas."""
    first, found = 0, []
    for index, (token, following) in enumerate(zip(sentence.tokens, sentence.tokens[1:], strict=False)):
        if _ENDS.search(sentence.text[token.end : following.start]):
            found.append(range(first, index + 1))
            first = index + 1
    return [*found, range(first, len(sentence.tokens))]


def take_background(sentence: Sentence, entry: Entry | None, words: Lexicon, phrase: tuple[str, ...]) -> None:
    """`the network is flaky, do we retransmit?`: a part that asks for nothing, where another names the event whole.

    It must hold no word that was understood as more than the event, no number, name or negation, and no word of other events.
    """
    parts = clauses(sentence)
    if len(parts) < 2:
        return
    named = [set(phrase) <= {sentence.stem(i) for i in part} for part in parts]
    for part in parts:
        elsewhere = any(whole for whole, other in zip(named, parts, strict=True) if other is not part)
        unknown = [i for i in part if sentence.tokens[i].meaning is None]
        rare = 9.0 if _is_statement(sentence, part) else _RARE
        apart = rare > _RARE and _stands_alone(sentence, part)
        if elsewhere and unknown and all(_says_nothing(sentence, i, entry, words, rare, apart) for i in part):
            for i in unknown:
                sentence.take(i, i, "")


def _is_statement(sentence: Sentence, part: range) -> bool:
    """Tell whether a part says how things are (`the network is flaky`) rather than adds to a request (`over IPv6 only`)."""
    return len(part) >= 3 and any(sentence.tokens[i].text.lower() in STATING for i in part)


def _stands_alone(sentence: Sentence, part: range) -> bool:
    """Tell whether a part is a sentence of its own, or what stands before a colon."""
    return sentence.text[sentence.tokens[part[-1]].end :].lstrip()[:1] in (".", ":", "!", "?")


def _says_nothing(
    sentence: Sentence, index: int, entry: Entry | None, words: Lexicon, rare: float, apart: bool
) -> bool:
    token = sentence.tokens[index]
    if token.meaning is not None:
        kept = apart and token.meaning.startswith(("only", "the largest first"))
        kept = kept or (apart and any(t.meaning == token.meaning for t in _in_other_parts(sentence, index)))
        return kept or token.meaning in ("", sentence.event)
    ordinary = (
        token.kind == "word"
        and token.text.isascii()
        and "_" not in token.text
        and (token.stem not in _NEGATIONS or (apart and token.stem == "never"))
    )
    first = index == 0 or sentence.text[: token.start].rstrip()[-1:] in ".!?:;'\""
    if (
        not ordinary
        or (token.text[:1].isupper() and not first)
        or (token.stem in vocabulary.OTHER and not apart)
    ):
        return False
    if entry is not None and token.stem in entry.fields:
        return False
    # `bpftool does what?`, `checks for dockerd`: names of programs that nobody knows here.
    named = (
        sentence.stem(index - 1) in _LINKS or sentence.stem(index + 1) == "do" or is_call(token.text.lower())
    )
    return words.weight(token.stem) < rare and not named


def _in_other_parts(sentence: Sentence, index: int) -> list[Token]:
    own = next(part for part in clauses(sentence) if index in part)
    return [token for at, token in enumerate(sentence.tokens) if at not in own]


def _blocks(sentence: Sentence, index: int, entry: Entry | None, words: Lexicon) -> bool:
    token = sentence.tokens[index]
    if token.kind != "word" or token.stem in _NEGATIONS or not token.text.isascii() or "_" in token.text:
        return True
    if token.text[:1].isupper() and index > 0:
        return True
    if entry is not None and token.stem in entry.fields:
        return True
    if words.weight(token.stem) >= _RARE and (entry is None or token.stem not in entry.words):
        return True
    if token.stem in vocabulary.OTHER or _stem_before(sentence, index) in _LINKS | vocabulary.JOINING:
        return True
    if sentence.stem(index - 1) in ("a", "an", "the"):
        return True
    following = sentence.tokens[index + 1 : index + 2]
    return bool(following) and following[0].meaning == sentence.event and not _is_verb(token.text)


def _rows_of_nothing(
    sentence: Sentence, index: int, phrase: tuple[str, ...], entry: Entry | None
) -> list[str]:
    if sentence.tokens[index - 1].text.lower().endswith(("ed", "en", "back", "tion")) and index:
        return []  # `written back by the flusher`: who does it
    # `congestion window by connection`: the last word only named the event, and no field of it is called so.
    after = index + 1
    while sentence.stem(after) in ("the", "each", "every", "a", "new", "old", "previou"):
        after += 1
    following = sentence.tokens[after : after + 1]
    if not following or following[0].meaning != sentence.event or "_" in following[0].text:
        return []
    names = entry is not None and (following[0].stem,) in entry.phrases  # `name resolution by getaddrinfo`
    last = sentence.ends_part(after) or sentence.stem(after + 1) in ("number", "nam", "id")
    twice = (
        last and sum(t.stem == following[0].stem and t.meaning == sentence.event for t in sentence.tokens) > 1
    )
    return (
        [f"{sentence.tokens[index].text} {following[0].text}"]
        if ((following[0].stem not in phrase or twice) and not names)
        or sentence.stem(after + 1) in ("nam", "system")
        else []
    )


def _is_verb(text: str) -> bool:
    # `processes that issue reads`: what does it, not which of them.
    return text.endswith(("ing", "es")) or text in ("issue", "cause", "need", "incur", "trigger", "produce")


def _stem_before(sentence: Sentence, index: int) -> str:
    before = index - 1
    while sentence.stem(before) in ("the", "a", "an", "its", "their", "each", "all", "any"):
        before -= 1
    return sentence.stem(before)


def take_filler(sentence: Sentence, asked: Asked) -> None:
    """Give the words that carry no meaning of their own an empty one."""
    for index, token in enumerate(sentence.tokens):
        if token.stem == "lin" and sentence.stem(index - 1) == "command" and token.meaning is None:
            continue  # `the command line`: more than the name of the command
        if (
            token.stem in _KINDS
            and sentence.stem(index - 1) in _TELLING_APART
            and token.meaning is None
            and not asked.keys
        ):
            continue  # `by kind`: rows that the event does not have
        if token.stem == "but" and _is_between_bounds(sentence, index):
            sentence.take(index, index, "")
        if token.meaning is None and (_is_aside(sentence, index, asked) or _goes_without(sentence, index)):
            sentence.take(index, index, "")
        if asked.stacks and token.meaning is None and token.stem in _OF_STACKS:
            sentence.take(index, index, "")
        if token.meaning is None and (token.stem in vocabulary.EMPTY or token.stem in vocabulary.JOINING):
            sentence.take(index, index, "")
        elif (
            token.meaning is None
            and token.stem in vocabulary.MOST | _RANKING
            and (asked.keys or asked.stacks)
        ):
            sentence.take(index, index, "the largest first")


def _goes_without(sentence: Sentence, index: int) -> bool:
    """Tell whether a word only joins what was understood: `but do not exist`, `umask changes`."""
    word = sentence.tokens[index].text.lower()
    before = sentence.tokens[index - 1].meaning if index else None
    after = [token.meaning or "" for token in sentence.tokens[index + 1 : index + 2]]
    if word == "but":
        return sentence.stem(index + 1) in ("only", "one", "as", "in") or (
            bool(after) and after[0].startswith("only ")
        )
    return word in ("change", "changes") and (before or "").startswith("the system call ")


def _is_between_bounds(sentence: Sentence, index: int) -> bool:
    """Tell whether a word joins two bounds: `longer than 1 s but shorter than 5 s`."""
    beside = [t.meaning or "" for t in sentence.tokens[max(index - 1, 0) : index + 2 : 2]]
    return len(beside) == 2 and all(meaning.startswith((">", "<")) for meaning in beside)


def _is_aside(sentence: Sentence, index: int, asked: Asked) -> bool:
    """Tell whether a word says again what is known: the kernel that does it, containers beside cgroups, `EMFILE (24)`."""
    token, before, after = sentence.tokens[index], sentence.stem(index - 1), sentence.stem(index + 1)
    meant = sentence.tokens[index - 1].meaning if index else None
    following = sentence.tokens[index + 1 : index + 2]
    if token.stem in ("argument", "parameter", "field"):
        return (meant or "").startswith(("rows by", "with "))  # `by the how argument`
    if token.stem == "kernel":
        return before in ("the", "this", "our", "my", "that") and not asked.stacks
    if token.stem in ("container", "pod"):
        return "cgroup" in asked.keys
    of_event = bool(following) and following[0].meaning == sentence.event
    if _are_threads_of(sentence, index) or (
        token.text.lower() == "threads" and before in ("do", "the", "all") and of_event
    ):
        return True  # `how long do threads sleep`
    if token.stem in ("thread", "worker", "process", "task"):
        return (meant or "").startswith("only processes named")  # `chronyd threads`
    if token.kind == "word" and token.text.isupper() and "_" in token.text:
        return sentence.text[token.start - 1] == "(" and (meant or "").startswith(
            "only "
        )  # `advice 4 (MADV_DONTNEED)`
    if token.stem == "caller":
        return "comm" in asked.keys
    if token.stem == "over":  # `received over sockets`
        return (
            bool(sentence.tokens[index + 1 : index + 2])
            and sentence.tokens[index + 1].meaning == sentence.event
        )
    if token.stem == "load":
        return before == "to" or meant == sentence.event
    if token.stem in ("user", "userspac", "spac"):
        space = after == "spac" or before == "user" or token.stem == "userspac"
        return (space and not asked.stacks) or (before == "do" and "uid" not in asked.keys)
    bracket = token.kind == "number" and sentence.text[token.start - 1 : token.start] == "("
    constant = any(
        t.text.isupper() and "_" in t.text and t.meaning for t in sentence.tokens[max(index - 2, 0) : index]
    )
    if bracket and constant:
        return True  # `CAP_SYS_ADMIN checks (21)`
    return (
        bracket
        and sentence.text[token.end : token.end + 1] == ")"
        and meant not in (None, "", sentence.event)
    )


def _are_threads_of(sentence: Sentence, index: int) -> bool:
    """Tell whether `the threads of mysqld` are said, of which the name says all."""
    whose = sentence.tokens[index + 2 : index + 3]
    of = sentence.stem(index) == "thread" and sentence.stem(index + 1) == "of"
    return of and bool(whose) and (whose[0].meaning or "").startswith("only processes")


_OF_STACKS = stems(
    """code path paths place places function functions chain chains graph graphs frame frames flame flamegraph flamegraphs stack
    origin"""
)
_KINDS = stems("kind type sort form way reason")
_TELLING_APART = ("by", "per", "each", "every")
_RANKING = stems("ranked ordered top first largest biggest worst")
