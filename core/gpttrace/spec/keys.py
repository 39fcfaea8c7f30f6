"""What rows are grouped by: stacks, `by process and PID`, `per user`, `which files`, `top 5 processes`."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import LARGEST_ROWS, Asked, text_at
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import plain, stem, stems

_SPREAD = stems("spread distributed distribute balanced balance even evenly")
_DIVIDED = stems("split splitting broken down divided grouped separated bucketed sorted")
_CUT = ("split", "splitting")
_GROUPS = stems("by per each which what for every wich individual")


def take_keys(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`by process and PID`, `per user`, `which processes`, `for each file`, `top 5 files`; `names` are stems and their fields."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None and not token.meaning.endswith(LARGEST_ROWS):
            continue
        if (
            token.stem == "by"
            and text_at(sentence, index - 1).lower() in _CUT
            and not sentence.ends_part(index - 1)
            and sentence.is_free(index - 1)
        ):
            sentence.take(index - 1, index - 1, "")  # `split by direction` is no split of requests
        divided = token.stem == "into" and sentence.stem(index - 1) in _DIVIDED
        if (
            token.stem in ("over", "across", "among")
            and sentence.stem(index - 1) in _SPREAD
            and sentence.is_free(index - 1)
        ):
            at = index + 1 + (sentence.stem(index + 1) == "the")
            if key_at(sentence, names, at, own=True) is not None:
                divided = True  # `spread over the cpus`, `spread evenly over them`
                sentence.take(index - 1 - (sentence.stem(index - 2) == "spread"), index - 1, "")
        divided = divided or (token.stem == "into" and sentence.stem(index - 2) in _DIVIDED)
        if (
            token.stem == "on"
            and sentence.stem(index - 1) in ("depend", "dependent")
            and sentence.is_free(index - 1)
        ):
            divided = True  # `depending on the remote port`
            sentence.take(index - 1, index - 1, "")
        if token.stem not in _GROUPS and not divided and not token.meaning and not _goes_on(sentence, index):
            continue
        if token.meaning and (sentence.tokens[index + 1 : index + 2] or [token])[0].meaning == token.meaning:
            continue  # not the last word of `top 5`
        if _begins_no_row(sentence, index):
            continue
        own_name = sentence.stem(index + 1) in ("its", "their") and sentence.stem(index + 2) == "nam"
        if token.stem == "by" and own_name and asked.keys:
            sentence.take(
                index, index + 2, "rows by " + ", ".join(asked.keys)
            )  # `on every workqueue, by its name`
            continue
        at = _first_row_at(sentence, names, index)
        _take_key_list(sentence, asked, names, index, at)


def _first_row_at(sentence: Sentence, names: dict[str, str], index: int) -> int:
    """Return where the first row stands behind `by`, `which` …: over `each`, `kind of`, and what only describes it."""
    at = index + 1
    while sentence.stem(at) in _BEFORE_KEY:
        at += 1
    if sentence.stem(at) in _OF_THE_NET and key_at(sentence, names, at, own=True) is None:
        at += key_at(sentence, names, at + 1, own=True) is not None  # `per net device`, `per socket state`
    kind = sentence.stem(at)
    if kind in ("kind", "typ", "sort") and kind not in names and sentence.stem(at + 1) == "of":
        at += 2 * (key_at(sentence, names, at + 2, own=True) is not None)  # `by kind of operation`
    asks = sentence.stem(index) in _QUESTION_WORDS
    bpf = sentence.stem(at) in ("bpf", "ebpf")  # what is loaded, and no process
    if asks and sentence.stem(at) in words.EMPTY and sentence.is_free(at) and not bpf:
        at += sentence.stem(at + 1) in words.COMM_WORDS  # `which poor processes`
    return at


def _begins_no_row(sentence: Sentence, index: int) -> bool:
    """`for reads`, and `the commands which the user runs`, ask for no rows."""
    word, after = sentence.stem(index), sentence.stem(index + 1)
    passive = (
        word == "by" and sentence.tokens[index - 1].text.lower().endswith(("ed", "en", "sent")) and index > 0
    )
    whose = sentence.stem(index + 2) in ("of", "with", "whos", "own", "belong", "under")
    if _is_by_deeds(sentence, index):
        return True
    if word in ("each", "every") and after == "cgroup" and sentence.stem(index + 2) in ("that", "which"):
        return True  # `every control group that gets created`
    line = sentence.stem(index - 1) in ("row", "lin", "entry", "record") and sentence.stem(index - 2) == "one"
    if line and _is_event_word(sentence, index + 1):
        return True  # `one row per system call`
    told = sentence.stem(index - 1) in ("list", "show", "print", "log", "display", "report") or index == 0
    if word in ("each", "every") and told and sentence.stem(index + 2) in ("that", "which", "who"):
        return True  # `list every process that lived for less than 50 ms`
    if passive and after == "the" and _LATER_ROWS.search(sentence.text[sentence.tokens[index].end :]):
        sentence.take(index, index + 2, "")
        return True  # `ignored by the receiver, by number`
    doers = text_at(sentence, index + 1).lower() in ("processes", "tasks", "programs", "threads", "users")
    if passive and whose and doers and _GROUPED.search(sentence.text[sentence.tokens[index + 1].end :]):
        return True  # `sent by processes of uid 1000, broken down by signal`
    if word == "which" and text_at(sentence, index - 1).lower() in (
        "processes",
        "programs",
        "tasks",
        "threads",
        "commands",
    ):
        return True  # `processes which lock files`
    return (word == "for" and after not in ("each", "every")) or (word in _QUESTION_WORDS and after == "the")


def _goes_on_after(sentence: Sentence, at: int) -> bool:
    joins = sentence.stem(at) in ("and", "then", "by", "per", "each", "with", "+", "&")
    return joins and not _is_by_deeds(sentence, at)


def _is_by_deeds(sentence: Sentence, index: int) -> bool:
    """Tell whether `top users by programs started` ranks by what is done."""
    plural = text_at(sentence, index + 1)[-1:] == "s"
    return sentence.stem(index) == "by" and plural and text_at(sentence, index + 2).lower() in _DONE


_DONE = plain("started run executed launched spawned exec'd execed forked created exited killed")
_LATER_ROWS = re.compile(r"^ the \w+,? (by|per)\b", re.IGNORECASE)
_GROUPED = re.compile(r"\b(broken down|split|grouped|per|by)\b", re.IGNORECASE)
_OF_THE_NET = stems("net network socket tcp connection kernel")
_BEFORE_KEY = (
    *("each", "every", "the", "its", "by", "per", "most", "busiest", "heaviest"),
    *stems("individual single separate different particular"),
)


def _take_key_list(sentence: Sentence, asked: Asked, names: dict[str, str], first: int, at: int) -> None:
    last = first
    strong = sentence.stem(first) not in _QUESTION_WORDS
    ranking = bool(sentence.tokens[first].meaning)
    own = _may_name_event(sentence, asked, first, at)
    at = _behind_event(sentence, names, first, at, own)
    while (found := keys_at(sentence, names, at, own)) is not None:
        (key, *twin), end = found
        if ranking and text_at(sentence, end).lower() == "users" and sentence.stem(end + 1) == "of":
            key = "comm"  # `busiest users of the bpf call`
        if ranking and key != "comm" and _heads(sentence, end + 1):
            last = end  # `top 5 disk users`, `top three signal senders`: of the two the last is told apart
            at = end + 1
            continue
        if key == "cpu" and _is_its_time(sentence, asked, at, end, ranking):
            break
        if key not in words.KEYS.values() and _only_describes(sentence, asked, first, at, end):
            break
        if not strong and first < last == at - 1 and sentence.text[sentence.tokens[last].end :][:1] == " ":
            asked.keys.pop()  # `which work queue functions`: of the functions
        last = end
        asked.keys += [each for each in (key, *twin) if each not in asked.keys]
        asked.grouped += [each for each in (key, *twin) if strong and each not in asked.grouped]
        at = last + 1
        while _goes_on_after(sentence, at) and key_at(sentence, names, at + 1, own):
            at += 1
        described = strong and _goes_on_after(sentence, at) and _is_event_word(sentence, at + 1)
        if described and key_at(sentence, names, at + 2, own) is not None:
            at += 2  # `by protocol and drop reason`
        apart = at <= last + 1 and "," not in sentence.text[sentence.tokens[last].end : _start(sentence, at)]
        colon = sentence.text[sentence.tokens[last].end :][:1] == ":"  # `per device: pages`
        if colon or (apart and _is_event_word(sentence, at) and strong):
            break  # `does each sender signal`
    if last > first:
        asked.ranked = asked.ranked or ranking
        start = first + 1 if sentence.tokens[first].meaning else first
        sentence.take(start, last, "rows by " + ", ".join(asked.keys))


def _behind_event(sentence: Sentence, names: dict[str, str], first: int, at: int, own: bool) -> int:
    """Return where the row stands behind words of the event: `which tcp port`, `each workqueue function`."""
    apart = at < len(sentence.tokens) and sentence.ends_part(at)  # `every mount: comm, source`
    described = sentence.stem(first) in _QUESTION_WORDS or (
        sentence.stem(first) in ("each", "every", "by", "per") and not apart
    )
    if not described or key_at(sentence, names, at, own) is not None:
        return at
    for last in range(at, min(at + 3, len(sentence.tokens))):
        describes = _is_event_word(sentence, last) or sentence.stem(last) in _OF_THE_NET
        if not describes or sentence.ends_part(last):
            return at
        if (found := key_at(sentence, names, last + 1, own)) is not None:
            return last + 1 if found[0] != "comm" else at  # `how many packets does each poll process`
    return at


_OF_CPU = stems("time usage use consumption cycles utilisation utilization")


def _is_its_time(sentence: Sentence, asked: Asked, at: int, end: int, ranking: bool) -> bool:
    """Tell whether `top 5 processes by cpu`, or `functions by cpu time`, is about the time on it, and no row."""
    ranked = asked.ranked or (ranking and asked.keys) or sentence.stem(end + 1) in _OF_CPU
    return sentence.stem(at - 1) == "by" and bool(ranked)


def _is_of_each(sentence: Sentence, first: int) -> bool:
    return sentence.stem(first) in ("each", "every") and sentence.stem(first - 1) not in _OF_EACH


def _may_name_event(sentence: Sentence, asked: Asked, first: int, at: int) -> bool:
    """Tell whether rows may be words that have named the event.

    Files are no key in `top 5 processes by files opened`, nor in `each file opened` unless something is counted.
    """
    if sentence.tokens[first].meaning or (
        _goes_on(sentence, first) and at < len(sentence.tokens) and sentence.ends_part(at)
    ):
        return True
    does = sentence.stem(first - 1) == "do"  # `how long does each workqueue function take`
    return not (asked.ranked or (_is_of_each(sentence, first) and not does and not _counts(sentence)))


def _only_describes(sentence: Sentence, asked: Asked, first: int, at: int, end: int) -> bool:
    """Tell whether a key belongs to the event behind it: `top 5 kernel stacks by disk requests`, `print each disk request`."""
    ranks = bool(asked.top) and sentence.stem(at - 1) == "by" and _is_event_word(sentence, end + 1)
    return ranks or (_is_of_each(sentence, first) and _is_compound(sentence, first, end + 1))


def _is_compound(sentence: Sentence, first: int, after: int) -> bool:
    """Tell whether a key only describes the event after it: `print each disk request`, not `does each device receive`."""
    noun = text_at(sentence, after).lower()
    asks = "do" in [sentence.stem(i) for i in range(first - 3, first)]
    return not asks and _is_event_word(sentence, after) and noun[-1:] != "s" and noun[-2:] != "ed"


def _start(sentence: Sentence, index: int) -> int:
    return sentence.tokens[index].start if index < len(sentence.tokens) else len(sentence.text)


def _heads(sentence: Sentence, index: int) -> bool:
    return text_at(sentence, index).lower() in (
        "users",
        "senders",
        "callers",
        "consumers",
        "processes",
        "programs",
    )


_OF_EACH = ("in", "for", "of", "on", "at", "from", "to", "into", "onto", "through", "via")
_QUESTION_WORDS = stems("which what wich")


def _goes_on(sentence: Sentence, index: int) -> bool:
    # The list of keys in `by process and file` goes on after a key that was already taken.
    before = sentence.tokens[index - 1].meaning if index else None
    return sentence.stem(index) == "and" and (before or "").startswith(("rows by", "one table for each"))


def _counts(sentence: Sentence) -> bool:
    counting = words.COUNT | words.MAXIMUM | words.MINIMUM | words.AVERAGE | {"many", "often"}
    return any(token.stem in counting for token in sentence.tokens)


def take_distinct(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`how many different files`: the values of a field are counted, each once; `the different files` are only its rows."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None or token.stem not in words.DISTINCT:
            continue
        found = key_at(sentence, names, index + 1, own=True)
        if found is None or not _counts(sentence):
            asked.keys += [found[0]] if found and found[0] not in asked.keys else []
            sentence.take(index, index, "")
            continue
        asked.distinct = found[0]
        sentence.take(index, found[1], f"how many different {found[0]}s")
        return


def keys_at(sentence: Sentence, names: dict[str, str], index: int, own: bool) -> tuple[list[str], int] | None:
    """Return the fields that words name, two where one noun has two of them (`old and new state`), and their last token."""
    if (two := _pair_at(sentence, names, index)) is not None:
        return two
    found = key_at(sentence, names, index, own)
    return ([found[0]], found[1]) if found is not None else None


def _pair_at(sentence: Sentence, names: dict[str, str], index: int) -> tuple[list[str], int] | None:
    if sentence.stem(index + 1) not in ("and", "versu", "vs", "to") or not sentence.is_free(index):
        return None
    one, other = sentence.stem(index), sentence.stem(index + 2)
    nouns = [sentence.stem(at) for at in (index + 3, index + 4)]
    for last, noun in ((4, " ".join(nouns)), (3, nouns[0])):
        first, second = names.get(f"{one} {noun}"), names.get(f"{other} {noun}")
        if first is not None and second is not None and first != second:
            return [first, second], index + last
    return None


def key_at(sentence: Sentence, names: dict[str, str], index: int, own: bool) -> tuple[str, int] | None:
    """Return the field that a word names, and its last token; `own`: also a word that has named the event."""
    if not sentence.is_free(index) and not (own and _is_event_word(sentence, index)):
        return None
    word, after = sentence.stem(index), sentence.stem(index + 1)
    text = sentence.tokens[index].text.lower()
    named = word in ("nam", "id", "typ") or (word == "number" and sentence.stem(index - 1) in ("by", "per"))
    if named and after == "of":
        at = index + 2 + (sentence.stem(index + 2) == "the")
        if (own_kind := names.get(f"{sentence.stem(at)} {word}")) is not None:
            return own_kind, at  # `each type of lock` is the lock's type
        return key_at(sentence, names, at, own)  # `by name of the workqueue`
    doer = sentence.is_free(index + 1) or (own and _is_event_word(sentence, index + 1))
    if text in DOING and after in words.COMM_WORDS | _IDS and doer:
        return key_at(sentence, names, index + 1, own)  # `by sending comm`
    if text.endswith("ed") and stem(text) == word and not word.endswith("ed"):
        return None  # `what gets queued`: no queue
    if (two := names.get(f"{word} {after}")) is not None and (
        sentence.is_free(index + 1) or (own and _is_event_word(sentence, index + 1))
    ):
        return two, index + 1
    owner = sentence.tokens[index].text.lower().endswith(("'s", "’s")) and sentence.is_free(index + 1)
    if owner and (owned := key_at(sentence, names, index + 1, own)) is not None:
        return owned  # `the executable's path`
    if (names.get(word) or "").endswith("ed") and text.endswith("s"):
        return None  # `which driver handles interrupts`: not whether they were handled
    if (key := names.get(word)) is None or (is_longer(word, after) and sentence.is_free(index + 1)):
        return None
    own_id = (
        key == "comm"
        and words.KEYS.get(after) in ("uid", "pid", "tid")
        and text_at(sentence, index + 1).lower() != "user"
    )
    if (
        own_id
        and sentence.is_free(index + 1)
        and not sentence.text[sentence.tokens[index].end :].startswith(",")
    ):
        return words.KEYS[after], index + 1  # `by sender uid`
    comma = sentence.text[sentence.tokens[index].end :][:1] == ","  # `irq, name`
    if after in SECOND and sentence.is_free(index + 1) and not comma:
        return SECOND[after].get(key, key), index + 1
    return key, index


DOING = plain(
    """waiting sleeping blocking receiving reading writing sending calling requesting issuing invoking responsible owning causing
    offending submitting"""
)
_IDS = stems("pid uid tid cgroup user thread")


def _is_event_word(sentence: Sentence, index: int) -> bool:
    # In `opens by file` the name of the event has already taken `file`.
    return 0 <= index < len(sentence.tokens) and sentence.tokens[index].meaning == sentence.event


def is_longer(word: str, after: str) -> bool:
    if word == "user" and after in ("spac", "land", "mod"):
        return True
    if word == "fil" and after == "system":
        return True
    # The `command line`, the `executable path`, the `command number` of an ioctl and the `task state` are no process names.
    return (word in words.COMM_WORDS and after in ("lin", "path", "cod", "typ", "stat", "fil")) or (
        word == "command" and after == "number"
    )


SECOND: dict[str, dict[str, str]] = {
    stem("name"): {"tid": "comm"},
    stem("names"): {"tid": "comm"},
    "id": {"comm": "pid"},
    stem("ids"): {"comm": "pid"},
    stem("number"): {"comm": "pid"},
}
