"""Processes, said as the subject of a sentence or as if they were people: `who`, `whom`, `callers`, `mlock users`, `with PID`."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked, text_at
from gpttrace.spec.keys import SECOND, is_longer
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem

_SUBJECTS = re.compile(r"^(?:show |list |the )*(cpus|cores|users) (?:that|which|who)\b", re.IGNORECASE)
_DOERS_WHAT = re.compile(
    r"^(?:processes|programs|tasks) \w+ing\b.*, (?:and )?(?:which|what) \w+\W*$", re.IGNORECASE
)


def take_mentioned_keys(sentence: Sentence, asked: Asked) -> None:
    """`processes` as the subject of a sentence, `with PID` as a wish for a column, `what is reading`, `mlock users`."""
    subject = _SUBJECTS.search(sentence.text)
    if subject is not None and not asked.grouped:  # `cpus that run below 1 GHz, and how often`
        own = words.KEYS[stem(subject[1])]
        asked.keys += [own] if own not in asked.keys else []
    if asked.keys and "comm" not in asked.keys and _DOERS_WHAT.search(sentence.text) is not None:
        asked.keys.insert(0, "comm")  # `processes calling getenv, which variables`
    _take_people(sentence, asked)
    _take_each_other(sentence, asked)
    _take_which_of(sentence, asked)
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
            or is_longer(token.stem, sentence.stem(index + 1))
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
        comma = sentence.text[token.end : token.end + 1] == ","
        if sentence.stem(index + 1) in SECOND and sentence.is_free(index + 1) and not comma:
            key, last = SECOND[sentence.stem(index + 1)].get(key, key), index + 1
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
            (asked.keys if callers and asked.keys and not asked.grouped else asked.mentioned).append("comm")
            sentence.take(index, index, "processes")
        elif text == "whom" and free:
            by = sentence.stem(index - 1) in ("by", "from")
            asked.mentioned += ["comm"] if by else ["comm", "target_comm"]
            sentence.take(index, index, "processes" if by else "who does it to whom")
        elif text == "whose" and free and index and sentence.ends_part(index):
            asked.mentioned += ["comm", "target_comm"]  # `who reads another's memory, and whose`
            sentence.take(index, index, "who does it to whom")
        elif text in ("who", "whose") and free:
            asked.who = True
            relative = (
                before.startswith("rows")
                or (index and sentence.stem(index - 1) in ("uid", "user"))
                or before.endswith("largest rows")
            )  # `ten users (by uid) who start`
            if text == "who" and asked.keys and "comm" not in asked.keys and not relative:
                if not _WHO_IT_IS & set(asked.grouped):  # `who opens files? by user`
                    asked.keys.insert(0, "comm")
                sentence.take(index, index, "processes")


_WHICH_OF = re.compile(r"^(which|who|what) of (?=\S+ (and|or) )", re.IGNORECASE)
_WHAT_IS_IT = re.compile(
    r"[,.;:?-] ?(what|who|which one) (is|are|was) (it|that|they|this|responsible|to blame)\b|\bwho ?dun ?it\b",
    re.IGNORECASE,
)


def _take_which_of(sentence: Sentence, asked: Asked) -> None:
    """`which of nginx and apache2 opens more files`: rows by process."""
    which = _WHICH_OF.search(sentence.text)
    if which is None or "comm" in asked.keys:
        return
    asked.keys.append("comm")
    asked.grouped.append("comm")
    sentence.take_inside(*which.span(), "rows by comm")
    for token in sentence.tokens:
        if token.text.lower() in ("more", "fewer", "longer") and token.meaning is None:
            token.stem = "most"


def _take_each_other(sentence: Sentence, asked: Asked) -> None:
    """`who wakes up who`, `who does the waking and who is woken`: the second one is whom it is done to."""
    who = [i for i, token in enumerate(sentence.tokens) if token.text.lower() == "who"]
    near = len(who) == 2 and 1 < who[1] - who[0] < 4 and sentence.ends_part(who[1])
    if _AND_WHOM.search(sentence.text) is not None and "target_comm" not in asked.mentioned:
        asked.mentioned += ["comm", "target_comm"]  # `who triggers it, and which process is killed`
    passive = (
        len(who) == 2
        and sentence.stem(who[1] - 1) == "and"
        and sentence.stem(who[1] + 1) in ("is", "get", "was")
    )
    if near or passive:
        asked.mentioned += [each for each in ("comm", "target_comm") if each not in asked.mentioned]
        sentence.take(who[1], who[1], "who does it to whom")


_AND_WHOM = re.compile(
    r"\bwho\b.*,? and (which|what) (process|program|task|thread)(es|s)? (is|are|gets?|was|were) \w+(ed|en)\b",
    re.IGNORECASE,
)
_WHO_IT_IS = frozenset(("pid", "tid", "uid", "cgroup"))


_CALLERS = ("caller", "callers", "invoker", "invokers", "issuer", "issuers")
