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


def take_stacks(sentence: Sentence, asked: Asked) -> None:
    """`user stacks`, `kernel stack traces`, `user-level stacks`, `stacks`."""
    for phrase, place in _PLACES.items():
        if (at := sentence.find_phrase(phrase)) is not None and not asked.stacks:
            asked.stacks, asked.place = (place,), True
            sentence.take(at, at + len(phrase) - 1, "kernel stacks" if place == "kstack" else "user stacks")
            return
    for pair in _STACK_PAIRS:
        if (at := sentence.find_phrase(pair)) is not None and not sentence.ends_part(at):
            sentence.take(at, at, "")
            sentence.tokens[at + 1].stem = "stack"
    index = sentence.find(
        stems(
            "stack stacks stacktrace stacktraces callstack callstacks backtrace backtraces ustack kstack callchain callchains"
        )
    )
    if index is None:
        _take_flames(sentence, asked)
        return
    first, sides = index, []
    while sentence.is_free(first - 1) and sentence.stem(first - 1) in _STACK_SIDES:
        first -= 1
    for i in range(first, index + 1):
        if (side := _STACK_SIDES.get(sentence.stem(i))) and side not in sides:
            sides.append(side)
    last = index + 1 if sentence.stem(index + 1) in stems("trace traces") else index
    if not sides:
        sides = _sides_elsewhere(sentence)
    for i, token in enumerate(sentence.tokens):  # `hot kernel code: sample kernel stacks`
        again = token.text.lower() == "kernel" and sides == ["kstack"] and i not in range(first, last + 1)
        if token.meaning is None and again:
            sentence.take(i, i, "")
    asked.stacks = tuple(sides) or ("kstack", "ustack")
    sentence.take(
        first,
        last,
        " and ".join({"ustack": "user stacks", "kstack": "kernel stacks"}[s] for s in asked.stacks),
    )


def _take_flames(sentence: Sentence, asked: Asked) -> None:
    """`a flame graph of page faults`: their stacks. The words stay free, as they name a profile where nothing else is named."""
    if _FLAMES & {token.stem for token in sentence.tokens}:
        asked.stacks = tuple(_sides_elsewhere(sentence)) or ("kstack", "ustack")


_FLAMES = stems("flame flamegraph flamegraphs")


def _sides_elsewhere(sentence: Sentence) -> list[str]:
    """`stacks in user space`, `kernel code paths: stacks`, but `kernel mutex contention by stack` names the mutex."""
    sides: list[str] = []
    for i, token in enumerate(sentence.tokens):
        if token.text.lower() == "kernel" and sentence.is_free(i + 1) and not _is_code(sentence, i + 1):
            continue
        if token.meaning is None and (side := _STACK_SIDES.get(token.stem)) and side not in sides:
            sides.append(side)
            space = sentence.is_free(i + 1) and sentence.stem(i + 1) in ("spac", "land", "mod", "level")
            sentence.take(i, i + space, "")
    return sides


def _is_code(sentence: Sentence, index: int) -> bool:
    return sentence.stem(index) in _CODE


_CODE = stems("code path paths function functions space side stack stacks") | words.EMPTY
# `where in the kernel do tasks fight for a lock?`
_PLACES = {
    ("wher", "in", "the", "kernel"): "kstack",
    ("wher", "in", "the", "cod"): "ustack",
    ("wher", "in", "the", "program"): "ustack",
}
_STACK_PAIRS = (("call", "chain"), ("code", "path"), ("call", "path"), ("call", "trac"))
_STACK_SIDES = {
    **dict.fromkeys(stems("user userspace userland ustack"), "ustack"),
    **dict.fromkeys(stems("kernel kstack"), "kstack"),
    **dict.fromkeys(stems("level mode space land side and call"), ""),
}


def take_keys(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`by process and PID`, `per user`, `which processes`, `for each file`, `top 5 files`; `names` are stems and their fields."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None and not token.meaning.endswith(LARGEST_ROWS):
            continue
        if (
            token.stem == "by"
            and text_at(sentence, index - 1).lower() in _CUT
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
                divided = True  # `spread over the cpus`
                sentence.take(index - 1, index - 1, "")
        divided = divided or (token.stem == "into" and sentence.stem(index - 2) in _DIVIDED)
        if token.stem not in _GROUPS and not divided and not token.meaning and not _goes_on(sentence, index):
            continue
        if token.meaning and (sentence.tokens[index + 1 : index + 2] or [token])[0].meaning == token.meaning:
            continue  # not the last word of `top 5`
        if _begins_no_row(sentence, index):
            continue
        at = index + 1
        while sentence.stem(at) in _BEFORE_KEY:
            at += 1
        kind = sentence.stem(at)
        if kind in ("kind", "typ", "sort") and kind not in names and sentence.stem(at + 1) == "of":
            at += 2 * (key_at(sentence, names, at + 2, own=True) is not None)  # `by kind of operation`
        if (
            sentence.stem(index) in _QUESTION_WORDS
            and sentence.stem(at) in words.EMPTY
            and sentence.is_free(at)
        ):
            at += sentence.stem(at + 1) in words.COMM_WORDS  # `which poor processes`
        _take_key_list(sentence, asked, names, index, at)


def _begins_no_row(sentence: Sentence, index: int) -> bool:
    """`for reads`, and `the commands which the user runs`, ask for no rows."""
    word, after = sentence.stem(index), sentence.stem(index + 1)
    passive = (
        word == "by" and sentence.tokens[index - 1].text.lower().endswith(("ed", "en", "sent")) and index > 0
    )
    whose = sentence.stem(index + 2) in ("of", "with", "whos", "own", "belong", "under")
    if _is_by_deeds(sentence, index):
        return True
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
_BEFORE_KEY = (
    *("each", "every", "the", "its", "by", "per", "most", "busiest", "heaviest"),
    *stems("individual single separate different particular"),
)


def _take_key_list(sentence: Sentence, asked: Asked, names: dict[str, str], first: int, at: int) -> None:
    last = first
    strong = sentence.stem(first) not in _QUESTION_WORDS
    ranking = bool(sentence.tokens[first].meaning)
    # Files are no key in `top 5 processes by files opened`, nor in `each file opened` unless something is counted.
    of_each = sentence.stem(first) in ("each", "every") and sentence.stem(first - 1) not in _OF_EACH
    own = ranking or not (asked.ranked or (of_each and not _counts(sentence)))
    own = own or (_goes_on(sentence, first) and at < len(sentence.tokens) and sentence.ends_part(at))
    if not strong and _is_event_word(sentence, at) and key_at(sentence, names, at, own) is None:
        at += key_at(sentence, names, at + 1, own) is not None  # `which tcp port`
    while (found := key_at(sentence, names, at, own)) is not None:
        key, end = found
        if ranking and text_at(sentence, end).lower() == "users" and sentence.stem(end + 1) == "of":
            key = "comm"  # `busiest users of the bpf call`
        if ranking and key != "comm" and _heads(sentence, end + 1):
            last = end  # `top 5 disk users`, `top three signal senders`: of the two the last is told apart
            at = end + 1
            continue
        if key == "cpu" and sentence.stem(at - 1) == "by" and (asked.ranked or (ranking and asked.keys)):
            break  # `top 5 processes by cpu` ranks by the time on it
        if of_each and key not in words.KEYS.values() and _is_compound(sentence, first, end + 1):
            break
        last = end
        if key not in asked.keys:
            asked.keys.append(key)
        if strong and key not in asked.grouped:
            asked.grouped.append(key)
        at = last + 1
        if sentence.text[sentence.tokens[last].end :][:1] == ":":
            break  # `per device: pages`
        while _goes_on_after(sentence, at) and key_at(sentence, names, at + 1, own):
            at += 1
        apart = at <= last + 1 and "," not in sentence.text[sentence.tokens[last].end : _start(sentence, at)]
        if apart and _is_event_word(sentence, at) and strong:
            break  # `does each sender signal`
    if last > first:
        asked.ranked = asked.ranked or ranking
        start = first + 1 if sentence.tokens[first].meaning else first
        sentence.take(start, last, "rows by " + ", ".join(asked.keys))


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


def key_at(sentence: Sentence, names: dict[str, str], index: int, own: bool) -> tuple[str, int] | None:
    """Return the field that a word names, and its last token; `own`: also a word that has named the event."""
    if not sentence.is_free(index) and not (own and _is_event_word(sentence, index)):
        return None
    word, after = sentence.stem(index), sentence.stem(index + 1)
    text = sentence.tokens[index].text.lower()
    named = word in ("nam", "id", "typ") or (word == "number" and sentence.stem(index - 1) in ("by", "per"))
    if named and after == "of":
        at = index + 2 + (sentence.stem(index + 2) == "the")
        return key_at(sentence, names, at, own)  # `by name of the workqueue`
    if text in _DOING and after in words.COMM_WORDS | _IDS and sentence.is_free(index + 1):
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
    if (key := names.get(word)) is None or (_is_longer(word, after) and sentence.is_free(index + 1)):
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
    if after in _SECOND and sentence.is_free(index + 1):
        return _SECOND[after].get(key, key), index + 1
    return key, index


_DOING = plain("sending calling requesting issuing invoking responsible owning causing offending submitting")
_IDS = stems("pid uid tid cgroup user thread")


def take_mentioned_keys(sentence: Sentence, asked: Asked) -> None:
    """`processes` as the subject of a sentence, `with PID` as a wish for a column, `what is reading`, `mlock users`."""
    _take_people(sentence, asked)
    _take_each_other(sentence, asked)
    if _WHAT_IS_IT.search(sentence.text) is not None:
        asked.who = True  # `something keeps opening files, what is it?`
    verb = 2 if sentence.stem(1) in ("is", "are") else 1
    acting = any(text_at(sentence, i).lower().endswith("ing") for i in (verb, verb + 1))
    if sentence.stem(0) == "what" and acting:
        asked.mentioned.append("comm")
    for index, token in enumerate(sentence.tokens):
        key = words.KEYS.get(token.stem) if token.meaning is None else None
        if (
            key is None
            or _is_longer(token.stem, sentence.stem(index + 1))
            or (key != "comm" and not _is_wished(sentence, index))
        ):
            continue
        before = sentence.text[: token.start].lower()
        if key == "comm" and re.search(r"\bhow (long do|often are|often get) (the )?$", before) is not None:
            sentence.take(index, index, "")
            continue  # `how long do tasks wait`: any of them
        if key == "comm" and before.endswith(("how many new ", "number of new ", "rate of new ")):
            sentence.take(index, index, "")  # the new tasks themselves
            continue
        one = token.text.lower() in ("process", "program") and sentence.stem(index + 1) == "and"
        if key == "comm" and (one or text_at(sentence, index).lower() == "comm"):
            asked.columns.append("comm")  # `process and kernel stack for each`
        last = index
        if sentence.stem(index + 1) in _SECOND and sentence.is_free(index + 1):
            key, last = _SECOND[sentence.stem(index + 1)].get(key, key), index + 1
        if key not in asked.keys:
            asked.mentioned.append(key)
        sentence.take(index, last, "processes" if key == "comm" else f"with {key}")


def _is_wished(sentence: Sentence, index: int) -> bool:
    # `rank the user ids by their number of system calls`, `with PID`
    near = [sentence.stem(i) for i in range(index + 1, index + 5)]
    ranked = "by" in near and bool({"number", "count", "their", "its"} & set(near))
    return ranked or any(
        sentence.stem(i) in ("with", "and", "show", "includ") for i in (index - 1, index - 2)
    )


def _take_people(sentence: Sentence, asked: Asked) -> None:
    """`who`, `whom`, `callers`, `users of`: processes, said as if they were people."""
    for index, token in enumerate(sentence.tokens):
        text, free = token.text.lower().replace("’", "'").removesuffix("'s"), token.meaning is None
        before = (sentence.tokens[index - 1].meaning or "") if index else ""
        rows = before.startswith("rows")
        users = (
            text == "users"
            and free
            and not rows
            and (before or sentence.stem(index + 1) == "of" or asked.ranked)
        )
        ranked = text in (*_CALLERS, "users", "consumers") and asked.top and rows
        callers = text in _CALLERS and free and "comm" not in asked.keys
        if users or ranked or callers:
            asked.mentioned.append("comm")
            sentence.take(index, index, "processes")
        elif text == "whom" and free:
            by = sentence.stem(index - 1) in ("by", "from")
            asked.mentioned += ["comm"] if by else ["comm", "target_comm"]
            sentence.take(index, index, "processes" if by else "who does it to whom")
        elif text in ("who", "whose") and free:
            asked.who = True
            if text == "who" and asked.keys and "comm" not in asked.keys:
                if not _WHO_IT_IS & set(asked.grouped):  # `who opens files? by user`
                    asked.keys.insert(0, "comm")
                sentence.take(index, index, "processes")


_WHAT_IS_IT = re.compile(
    r"[,.;:?-] ?(what|who|which one) (is|are|was) (it|that|they|this|responsible|to blame)\b|\bwho ?dun ?it\b",
    re.IGNORECASE,
)


def _take_each_other(sentence: Sentence, asked: Asked) -> None:
    """`who wakes up who`: the second one is whom it is done to."""
    who = [i for i, token in enumerate(sentence.tokens) if token.text.lower() == "who"]
    if len(who) == 2 and 1 < who[1] - who[0] < 4 and sentence.ends_part(who[1]):
        asked.mentioned += [each for each in ("comm", "target_comm") if each not in asked.mentioned]
        sentence.take(who[1], who[1], "who does it to whom")


_WHO_IT_IS = frozenset(("pid", "tid", "uid", "cgroup"))


_CALLERS = ("caller", "callers", "invoker", "invokers", "issuer", "issuers")


def _is_event_word(sentence: Sentence, index: int) -> bool:
    # In `opens by file` the name of the event has already taken `file`.
    return 0 <= index < len(sentence.tokens) and sentence.tokens[index].meaning == sentence.event


def _is_longer(word: str, after: str) -> bool:
    if word == "user" and after in ("spac", "land", "mod"):
        return True
    # The `command line`, the `executable path`, the `command number` of an ioctl and the `task state` are no process names.
    return (word in words.COMM_WORDS and after in ("lin", "path", "cod", "typ", "stat", "fil")) or (
        word == "command" and after == "number"
    )


_SECOND: dict[str, dict[str, str]] = {
    stem("name"): {"tid": "comm"},
    stem("names"): {"tid": "comm"},
    "id": {"comm": "pid"},
    stem("ids"): {"comm": "pid"},
    stem("number"): {"comm": "pid"},
}
