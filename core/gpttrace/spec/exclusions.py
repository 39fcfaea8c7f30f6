"""What a question leaves out: where its text says so (`SIGCHLD left out`, `minus kswapd0`, `anything but port 443`), and of what.

The text alone is looked at here, so that the reader (which makes `!=` of it) and the last look at a reading agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked
from gpttrace.spec.model import Condition
from gpttrace.spec.narrow import every_call
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.values import names_of, numbers_at
from gpttrace.spec.who import KERNEL_THREADS, is_device_name, is_plain_program, is_program
from gpttrace.spec.words import Token

_BEFORE = re.compile(
    r"""\b(?:
    (?:do(?:es)?[ ]not|don['’]t|doesn['’]t|not)[ ](?:count|include|show|want|counting|including|originating|coming
    |sent|caused|done
      |made|issued|started|triggered|run|belonging)
    | exclud(?:e|ing) | except(?:[ ]for)? | excepting | without | minus | (?:other|rather)[ ]than | apart[ ]from
    | aside[ ]from | besides
    | leav(?:e|ing)(?=[ ]\S+[ ]out\b) | keep(?:ing)?(?=[ ]\S+[ ]out\b) | leave[ ]out | leaving[ ]out | omit(?:ting)?
    | ignor(?:e|ing) | skip(?:ping)? | but[ ]not | non
    | (?:that|which|who)(?:['’]s|[ ]is|[ ]are)[ ]not | (?:is|are|was|were)[ ]not | (?:is|are|was|were)n['’]t
    | (?:all|any\w*|every\w*|nothing|none|nobody)[ ]but | not | but )[ ]
    (?:(?:by|from|of|in|at|on|to|for|as|with|towards?|what|those|ones|that|the|a|an|any|anything|everything|is|are|be|being
    |process(?:es)?|programs?
       |commands?|comm|named|called|tasks?|daemons?|users?|uid|pid|tid|cpu|ports?|signals?|errno|devices?|disks?
    |interfaces?|mode|fd|accounts?
    |(?:issued|made|done|caused|sent|started|opened|written|read)(?=[ ]by[ ]))[ ])*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AFTER = re.compile(
    r"""["')]*,?[ ]+(?:(?:is|are|being|should[ ]be|to[ ]be|process(?:es)?|traffic)[ ]+)*
    (?:excluded | left[ ]out | ignored | omitted | aside(?![ ]from)
       | exempt(?:ed)? | filtered[ ]out | not[ ](?:counted|included|wanted)
       | skipped | taken[ ]out | apart(?![ ]from) | does(?:n['’]t|[ ]not)[ ]count | do(?:n['’]t|[ ]not)[ ]count )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_BETWEEN = re.compile(r"[\"']*(?:,? (?:and|or|nor|& )?[ ]*|[ ]?[/&][ ]?)(?:by |from |the )?[\"']?")
# `not exist`, `but open`: what follows is a verb rather than a name, unless a preposition or a noun comes first.
_BARE = re.compile(
    r"(?:(?:is|are|was|were) )?(?:\w+n['’]t|not|but|(?:that|which|who)\S* not) *", re.IGNORECASE
)


def excluded(sentence: Sentence) -> list[tuple[int, int, int]]:
    """Return the tokens that are left out, each with the begin and the end of the words that leave it out."""
    found: dict[int, tuple[int, int]] = {}
    for match in _BEFORE.finditer(sentence.text):
        first = next((i for i, t in enumerate(sentence.tokens) if t.start >= match.end()), None)
        if first is None or not _is_next(sentence, match.end(), first):
            continue
        for at in _list_from(sentence, first):
            found[at] = match.span()
    for index, token in enumerate(sentence.tokens):
        if (after := _AFTER.match(sentence.text, token.end)) is not None and index not in found:
            for at in _list_to(sentence, index):
                found[at] = (token.end, after.end())
    return [(at, *span) for at, span in sorted(found.items())]


def _is_next(sentence: Sentence, end: int, index: int) -> bool:
    return not sentence.text[end : sentence.tokens[index].start].strip("\"'( ")


def _list_from(sentence: Sentence, first: int) -> list[int]:
    """Return the tokens of `bash, sshd or cron`: one, then those that only a comma or a joining word parts from it."""
    found = [first]
    while (following := _joined_to(sentence, found[-1])) is not None:
        found.append(following)
    return found


def _joined_to(sentence: Sentence, index: int) -> int | None:
    after = index + 1
    while sentence.stem(after) in words.JOINING | {"nor"}:
        after += 1
    if after >= len(sentence.tokens) or not is_literal(sentence, after):
        return None
    gap = sentence.text[sentence.tokens[index].end : sentence.tokens[after].start]
    return after if _BETWEEN.fullmatch(gap) and gap.strip() else None


def _list_to(sentence: Sentence, last: int) -> list[int]:
    found = [last]
    for index in range(last - 1, -1, -1):
        if is_literal(sentence, index) and _joined_to(sentence, index) == found[-1]:
            found.append(index)
    return found


_LEFT_OUT_BEFORE = re.compile(
    r"\b(leav(e|ing) out|exclud(e|ing)|ignor(e|ing)|skip(ping)?|omit(ting)?|except(ing)?( for)?|without|drop(ping)?|"
    r"discard(ing)?|filter(ing)? out|(do not|don['’]t|not) (count|show|include|list|print|want|care about)(ing)?|"
    r"but not|other than)(?P<what> [^,.;:?!]*)?$",
    re.IGNORECASE,
)
_LEFT_OUT_AFTER = re.compile(
    r"^[^,.;:?!]{0,30}?\b(are |is |being |should be )?(not counted|not included|left out|excluded|ignored|skipped|omitted|"
    r"filtered out|do(es)?( not|n['’]t) (count|matter|interest))\b",
    re.IGNORECASE,
)


# `except those of postgres longer than 10 ms`: the name is left out, and the bound holds for the others.
_OF_WHOM = re.compile(r"\b(of|by|from|in|on|to)\b", re.IGNORECASE)


def bound_left_out(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where a text says that those within the bound at this place are left out: `ignoring reads below 4k`."""
    found = []
    before = _LEFT_OUT_BEFORE.search(text[:start].rstrip())
    if before is not None and _OF_WHOM.search(before["what"] or "") is None:
        found.append(before.span())
    if (after := _LEFT_OUT_AFTER.search(text[end:])) is not None:
        found.append((end + after.start(), end + after.end()))
    return found


def is_literal(sentence: Sentence, index: int) -> bool:
    """Tell whether a token is a name or a number rather than a word of English."""
    token = sentence.tokens[index]
    strange = "_" in token.text or any(char.isdigit() for char in token.text)
    return (
        token.kind in ("number", "path", "quoted")
        or strange
        or is_program(token.text)
        or token.text[:3] == "SIG"
        or (len(token.text) > 1 and token.text.isupper())
    )


def take_excluded_names(sentence: Sentence, asked: Asked, known: Callable[[str], bool]) -> None:
    """`minus kswapd0`, `don't count bash or sshd`, `fio excluded`: names of programs that are left out."""
    for at, start, end in excluded(sentence):
        token = sentence.tokens[at]
        if token.meaning is None and _is_name(sentence, at, start, known):
            name, last = sentence.chunk(at)
            asked.conditions.append(Condition("comm", "!=", name))
            if re.search(r"\bto $", sentence.text[:start]) or re.search(
                r"\bto\b", sentence.text[start : token.start]
            ):
                asked.directed.append(asked.conditions[-1])  # `SIGHUP to all but sshd`
            sentence.take(at, last, f"only processes not named {name}")
            _take(sentence, at, start, end, f"only processes not named {name}")
            if sentence.stem(last + 1) == "out" and sentence.is_free(last + 1):
                sentence.take(last + 1, last + 1, "")  # `leave systemd out`
            if sentence.stem(last + 1) in words.COMM_WORDS and sentence.is_free(last + 1):
                sentence.take(last + 1, last + 1, "")  # `the sleep command`


def take_excluded_calls(sentence: Sentence, asked: Asked) -> None:
    """`latency by system call, except futex and poll`: calls that are left out where all of them are asked for."""
    every = [i for i, t in enumerate(sentence.tokens) if t.stem in ("syscall", "call") and t.meaning is None]
    for at, start, end in excluded(sentence):
        token = sentence.tokens[at]
        name = token.text.lower()
        if name in every_call() and any(i < at - 1 for i in every) and token.meaning is None:
            sentence.take_inside(start, end, f"not the system call {name}")
            while name in every_call():
                asked.conditions.append(Condition("syscall", "!=", name))
                sentence.take(at, at, f"not the system call {name}")
                joined = (
                    sentence.stem(at + 1) in words.JOINING
                    or sentence.text[sentence.tokens[at].end :][:1] == ","
                )
                at += 1 + (sentence.stem(at + 1) in words.JOINING)
                name = sentence.tokens[at].text.lower() if joined and at < len(sentence.tokens) else ""


def _take(sentence: Sentence, at: int, start: int, end: int, meaning: str) -> None:
    for token in sentence.tokens:
        if start <= token.start < end and (token.meaning is None or token.stem in words.COMM_WORDS):
            token.meaning = meaning


def _is_name(sentence: Sentence, at: int, start: int, known: Callable[[str], bool]) -> bool:
    token = sentence.tokens[at]
    before = sentence.text[start : token.start].lower() if start < token.start else ""
    after = sentence.tokens[at + 1 : at + 2]
    tool = token.text.lower() == "bpftrace"  # elsewhere the tool that is to show it
    if token.kind == "quoted" or token.text.startswith(KERNEL_THREADS) or is_program(token.text) or tool:
        return True
    if token.kind != "word" or token.text.isupper() or is_device_name(sentence.chunk(at)[0]):
        return False
    last = not after or sentence.text[token.end : token.end + 1] in (",", ";", ".", "?", ":")
    if is_plain_program(token.text) and last:
        return True
    if last and re.search(r"\b(caused|done|made|issued|started|triggered|run) by ", before) is not None:
        return True  # `not caused by modprobe`
    said = re.search(r"\b(comm|command|process|program|daemon|task)\b", before) is not None
    adjacent = bool(after) and not sentence.text[token.end : after[0].start].strip()
    said = said or (adjacent and after[0].text.lower() in ("command", "process", "program", "daemon"))
    if not said and _BARE.fullmatch(before):
        return False
    return said or (not known(token.stem) and not token.text.lower().endswith(("ed", "ing", "ly")))


def turned(sentence: Sentence, conditions: list[Condition]) -> list[Condition]:
    """Return the conditions with `!=` for what the question leaves out, and take the words that say so."""
    for at, start, end in excluded(sentence):
        token = sentence.tokens[at]
        if _is_kept_elsewhere(sentence, at):
            continue
        for number, condition in enumerate(conditions):
            if condition.op in ("==", "!=") and is_of(sentence, at, condition):
                conditions[number] = replace(condition, op="!=")
                sentence.take_inside(start, end, f"not {token.text}")
                _reword(token)
    return conditions


def _is_kept_elsewhere(sentence: Sentence, at: int) -> bool:
    """Tell whether a question asks for what it leaves out (`by uid 0 … other than uid 0`)."""
    out = {index for index, _, _ in excluded(sentence)}
    text = sentence.tokens[at].text
    return any(token.text == text and index not in out for index, token in enumerate(sentence.tokens))


def _reword(token: Token) -> None:
    if token.meaning and token.meaning.startswith("only "):
        token.meaning = f"not {token.meaning.removeprefix('only ')}"


def is_of(sentence: Sentence, at: int, condition: Condition) -> bool:
    """Tell whether a condition is what a token names."""
    token, value = sentence.tokens[at], condition.value
    if isinstance(value, int):
        return abs(value) in numbers_at(sentence, at) or value in names_of(token.text)
    text = sentence.chunk(at)[0].lower() if token.kind == "word" else token.text.lower()
    return text in (value.lower(), value.lower().rstrip("/")) or (
        text.rsplit("/", 1)[-1] == value.lower() and token.kind == "path"
    )
