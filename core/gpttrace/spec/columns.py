"""Rows and columns once the event is known: lists behind a colon or at the end, later wishes, what is ranked, both states."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked, text_at
from gpttrace.spec.keys import key_at, keys_at
from gpttrace.spec.measured import THINGS
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem, stems


def take_listed_keys(
    sentence: Sentence,
    asked: Asked,
    names: dict[str, str],
    columns: bool,
    times: str | None = None,
    sizes: str | None = None,
) -> None:
    """`signals: sender, receiver and number`: the rows, or the columns, after a colon; all of them are known or none is taken.

    `times` is the field of how long the event lasts: in such a list it is a column (`ioctls: pid, cmd, elapsed time`).
    """
    first = next((i + 1 for i, t in enumerate(sentence.tokens) if sentence.text[t.end : t.end + 1] == ":"), 0)
    first = first or _tail(sentence)
    at, found = first, list[str]()
    while 0 < at < len(sentence.tokens):
        if (key := keys_at(sentence, names, at, own=True)) is not None:
            found += key[0]
            at = key[1] + 1
            at += _is_kind_of_key(sentence, at)
        elif times is not None and found and _is_apart(sentence, at) and (end := _time_at(sentence, at)):
            found.append(times)
            at = end
        elif sizes is not None and found and _is_size(sentence, at):
            found.append(sizes)
            at += 1
        elif found and sentence.is_free(at) and sentence.stem(at) in _BETWEEN:
            at += 1
        elif sentence.stem(at) == "new" and key_at(sentence, names, at + 1, own=True) is not None:
            at += 1  # `new owner, new group`
        else:
            break
        if sentence.text[sentence.tokens[at - 1].end :].lstrip()[:1] in (".", "?", ";", "!"):
            break
    timed = times in found and not any(t.stem in _MEASURING for t in sentence.tokens)
    if times in found and not timed:
        return
    if len(found) == 1 and found[0] in THINGS:
        return  # how many of them there are: no row
    if len(found) > 1 or (found and at == len(sentence.tokens)):
        timed = timed or (len(found) > 1 and _lists_each(sentence, asked, first, at))
        asked.each = asked.each or timed
        if (columns or timed) and not asked.grouped:
            asked.columns += found
            sentence.take(first, at - 1, "with " + ", ".join(found))
            return
        asked.keys += [key for key in found if key not in asked.keys]
        asked.grouped += [key for key in found if key not in asked.grouped]
        sentence.take(first, at - 1, "rows by " + ", ".join(found))


def _tail(sentence: Sentence) -> int:
    """Return where the list of nouns begins that ends a question after a comma (`…, request and fd`), 0 where none does."""
    last = len(sentence.tokens) - 1
    if last < 3 or sentence.stem(last - 1) not in ("and", "plus", "+", "&"):
        return 0
    at = last - 2
    while at > 0 and sentence.text[sentence.tokens[at - 1].end : sentence.tokens[at].start].strip() != ",":
        at -= 1
    return at if last - at < 4 and at > 1 else 0


_TIME_WORDS = tuple(
    tuple(each.split())
    for each in (
        "how long it took", "how long each took", "how long it lasted", "how long", "elapsed time", "elapsed", "time taken",
        "time it took", "time spent", "run time", "wait time", "lifetime", "duration", "latency", "time",
    )
)  # fmt: skip

_MEASURING = (
    vocabulary.HIST
    | vocabulary.AVERAGE
    | vocabulary.MAXIMUM
    | vocabulary.MINIMUM
    | vocabulary.STATS
    | vocabulary.SUMS
)

_COUNTING = (
    vocabulary.COUNT
    | _MEASURING
    | vocabulary.RATE
    | vocabulary.RATIO
    | vocabulary.MOST
    | {"many", "much", "by", "per", "each"}
)


def _is_size(sentence: Sentence, at: int) -> bool:
    return sentence.is_free(at) and sentence.stem(at) in ("siz", "length", "byt", "len")


def _lists_each(sentence: Sentence, asked: Asked, first: int, at: int) -> bool:
    """Tell whether nouns behind a colon are columns of each event: `allocations above 16 KiB: caller, size, process`."""
    colon = sentence.text[sentence.tokens[first - 1].end :][:1] == ":"
    return colon and at == len(sentence.tokens) and not _counts(sentence, asked)


def _counts(sentence: Sentence, asked: Asked) -> bool:
    """Tell whether a number is asked for rather than each event by itself."""
    return bool(asked.top or asked.every or asked.grouped) or any(
        t.stem in _COUNTING for t in sentence.tokens
    )


def _is_apart(sentence: Sentence, at: int) -> bool:
    # `callback run time` is one thing, `callback, run time` are two.
    return sentence.stem(at - 1) in _BETWEEN or sentence.text[sentence.tokens[at - 1].end] == ","


def _time_at(sentence: Sentence, at: int) -> int:
    """Return the place after the words that say how long an event lasts, 0 where there are none."""
    for words in _TIME_WORDS:
        said = tuple(token.text.lower() for token in sentence.tokens[at : at + len(words)])
        if said == words and all(
            t.meaning in (None, "", sentence.event) for t in sentence.tokens[at : at + len(words)]
        ):
            return at + len(words)
    return 0


_KIND_OF_KEY = stems("value number name id")


def _is_kind_of_key(sentence: Sentence, at: int) -> bool:
    """Tell whether a word goes with the key before it: `advice value`, but not `irq, name`."""
    joined = sentence.text[sentence.tokens[at - 1].end :][:1] != ","
    return joined and sentence.stem(at) in _KIND_OF_KEY and sentence.is_free(at)


_BETWEEN = ("and", "the", "its", "their", "with", "+", "&", "vs", "versu")


def take_breakdown(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`errno breakdown`, `per-user split`: rows by the word before."""
    for index, token in enumerate(sentence.tokens):
        if token.stem in _BREAKDOWN and (found := key_at(sentence, names, index - 1, own=False)) is not None:
            asked.keys += [found[0]] if found[0] not in asked.keys else []
            asked.grouped.append(found[0])
            sentence.take(index - 1, index, f"rows by {found[0]}")


_MOVES = re.compile(r"\bfrom (?:which|what) (\w+) to (?:which|what)(?: (\w+))?", re.IGNORECASE)


def take_moves(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`migrations, from which core to which core`: rows by both ends."""
    if (moves := _MOVES.search(sentence.text)) is None:
        return
    one, other = stem(moves[1]), stem(moves[2] or moves[1])
    for before, after in (("from", "to"), ("old", "new"), ("sourc", "destination")):
        ends = [names.get(f"{before} {one}"), names.get(f"{after} {other}")]
        if None not in ends:
            asked.keys[:] = [key for key in asked.keys if key != names.get(one)]
            asked.grouped[:] = [key for key in asked.grouped if key != names.get(one)]
            asked.keys += [key for key in ends if key is not None and key not in asked.keys]
            asked.grouped += [key for key in ends if key is not None and key not in asked.grouped]
            for token in sentence.tokens:
                if moves.start() <= token.start < moves.end():
                    token.meaning = "rows by " + ", ".join(asked.keys)
            return


def take_ranked_heads(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`work queue functions that run longest`: rows by what is ranked."""
    ranked = vocabulary.MOST | vocabulary.MAXIMUM | vocabulary.MINIMUM
    if asked.keys or not any(token.stem in ranked for token in sentence.tokens):
        return
    for index, token in enumerate(sentence.tokens[:_HEADS]):
        key = names.get(token.stem)
        clause = sentence.stem(index + 1) in (
            "that",
            "which",
            "whos",
            "with",
        ) and token.text.lower().endswith("s")
        if key is not None and clause and key != "comm" and token.stem not in vocabulary.KEYS:
            asked.keys.append(key)
            asked.grouped.append(key)
            return


_HEADS = 5


def take_both_states(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`…, old state and new state`: both, wherever they stand."""
    for at in range(len(sentence.tokens) - 4):
        one, other = (names.get(f"{sentence.stem(i)} {sentence.stem(i + 1)}") for i in (at, at + 3))
        joined = sentence.stem(at + 2) in ("and", "to", "vs", "versu") and sentence.stem(at) in (
            "old",
            "previou",
            "from",
        )
        if joined and one is not None and other is not None and one != other and sentence.is_free(at):
            (asked.columns if not asked.keys else asked.keys).extend((one, other))
            sentence.take(at, at + 4, f"with {one}, {other}")


def take_each(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`files under /var and how often each is opened`: rows by the noun that `each` stands for."""
    for index, token in enumerate(sentence.tokens):
        alone = sentence.stem(index + 1) in ("is", "are", "was", "get")
        if token.stem != "each" or not alone or token.meaning not in (None, "") or asked.keys:
            continue
        for at in range(index - 1, -1, -1):
            plural = sentence.tokens[at].text.lower().endswith("s")
            if plural and (found := key_at(sentence, names, at, own=True)) is not None:
                asked.keys.append(found[0])
                asked.grouped.append(found[0])
                sentence.take(index, index, f"rows by {found[0]}")
                return


_BREAKDOWN = stems("breakdown split ranking")


def take_wished(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`…, and tell me the disk`, `I need the process and the uid`: columns that a later part of a question wishes for."""
    whenever = _WHENEVER.search(sentence.text) is not None
    for index, token in enumerate(sentence.tokens):
        adds = token.stem in ("with", "plus") and token.meaning is None
        if adds and any(each.stem == "compar" for each in sentence.tokens[:index]):
            continue  # `compare process starts with process exits`
        owned = token.stem in ("their", "its") and sentence.text[: token.start].rstrip()[-1:] in (
            ".",
            "?",
            "!",
        )
        early = index < 3 and not (token.stem in _LISTING and whenever)
        if not (adds or owned) and (early or token.stem not in _WISHES or token.meaning not in (None, "")):
            continue
        at = index + 1
        while sentence.stem(at) in _BEFORE_WISH:
            at += 1
        first, found = at, list[str]()
        if text_at(sentence, at).lower() in ("syscalls", "system") and adds:
            continue  # `hammers the kernel with system calls`
        # `…? print process, thread id and how long`, `print program, CPU and delay whenever …`
        begins = token.stem in _LISTING and (sentence.ends_part(index - 1) or whenever)
        adds = adds or owned  # `who runs programs there? Their user id and the path, please.`
        while (adds or begins or at > index + 1) and (
            key := keys_at(sentence, names, at, own=True)
        ) is not None:
            found += key[0]
            at = key[1] + 1
            comma = sentence.text[sentence.tokens[at - 1].end :].lstrip()[:1] == ","
            if sentence.stem(at) not in ("and", "&", "+") and not comma:
                break
            at += sentence.stem(at) in ("and", "&", "+")
            while sentence.stem(at) in _BEFORE_WISH:
                at += 1
        compared = (sentence.tokens[at : at + 1] or [token])[0].kind == "op"  # `with ret < 0`
        if found and not compared:
            asked.columns += [key for key in found if key not in asked.keys]
            last = max(
                i
                for i in range(first, min(at, len(sentence.tokens)))
                if sentence.stem(i) not in (*_BEFORE_WISH, "and")
            )
            sentence.take(first, last, "with " + ", ".join(found))


_WHENEVER = re.compile(
    r"\b(print|show|list) \w+, [^.?!]*\b(whenever|when|each time|every time|as soon as)\b", re.IGNORECASE
)

_WISHES = stems("tell print give show need want name")

_LISTING = stems("print show list give tell")

_BEFORE_WISH = ("me", "us", "also", "the", "its", "their", "to", "know", "see", "have")
