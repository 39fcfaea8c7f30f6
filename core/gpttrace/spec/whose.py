"""Whose events are meant, said in a clause: `whose name starts with kworker`, `while mysqldump runs`, `when bwrap calls it`."""

from __future__ import annotations

import re

from gpttrace.spec.asked import Asked
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import plain

_PREFIX = re.compile(
    r"\b(?<!file )(?<!path )(?:(?:whose|with a|with the|with) )?(?:(?:comm|process|program|command) )?names? "
    r"(?:that |which )?(?:starts?|starting|begins?|beginning) with [\"']?(\w(?:[\w./-]*\w)?)"
)


def take_prefix(sentence: Sentence, asked: Asked) -> None:
    """`tasks whose name starts with kworker`."""
    if (match := _PREFIX.search(sentence.text)) is not None:
        asked.conditions.append(Condition("comm", "startswith", match[1]))
        for token in sentence.tokens:
            if match.start() <= token.start < match.end():
                token.meaning = f"only processes named {match[1]}…"


_WHEN = re.compile(
    r"\bwhen ([a-z][\w.-]*) (?:calls?|does|do|uses?|makes?|issues?|runs?|performs?) (?:it|them|that|this|one)\b",
    re.IGNORECASE,
)


def take_when(sentence: Sentence, asked: Asked) -> None:
    """`how slow is unshare when bwrap calls it`."""
    if (match := _WHEN.search(sentence.text)) is not None and match[1].lower() not in _NOBODY:
        asked.conditions.append(Condition("comm", "==", match[1]))
        sentence.take_inside(*match.span(), f"only processes named {match[1]}")


_NOBODY = plain(
    "i we you they it he she somebody someone anybody anyone everybody everyone nobody root who that this"
)


_WHILE = re.compile(r"\bwhile (\S+) (?:runs|is running)\b(?=.*\bonly \1\b)")


def take_while(sentence: Sentence, asked: Asked) -> None:
    """`while mysqldump runs, only mysqldump`; without `only` it would be a time and not whose."""
    if (match := _WHILE.search(sentence.text)) is not None:
        asked.conditions.append(Condition("comm", "==", match[1]))
        for token in sentence.tokens:
            if token.text == match[1]:
                token.meaning = f"only processes named {match[1]}"
