"""One wording for what people say in many: `two counters`, `(µs)`, `for every combination of X and Y`, `just the leading 9`.

A question is read in these plain words. The rules are data (`gpttrace_corpus/wordings.toml`), each with an example that a test
holds it against; each keeps the meaning.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import gpttrace_corpus
from gpttrace.spec.refuse import LONGEST

_FILE = Path(gpttrace_corpus.__file__).parent / "wordings.toml"
_NUMBER = (
    r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|fifty)"
)
_SMALL = r"(?:(?:micro|milli|nano)sec(?:ond)?s?|[num]secs?|millis|micros|nanos|[µμ]s|[mun]s)"
_COLUMN_NOUNS = (
    "process|processes|program|pid|tid|uid|user|file|path|name|command|device|disk|size|length|bytes|duration|time|latency|delay|wait|"
    "error|errno|code|number|port|address|cpu|interface|driver|state|signal|sender|receiver|target|function|caller|vector|irq|flags|"
    "mode|type|reason|protocol|queue|index|sector|level|option|value|inode|offset|priority|zone|trip|module|cgroup|parent|id|"
    "taken|status|owner|group|descriptor|fd|generation|lifetime|age"
)
_COLUMN = rf"(?:the |its |their )?(?:(?!of\b)[\w-]+ ){{0,3}}(?:{_COLUMN_NOUNS})"
_PARTS = {
    "<number>": _NUMBER,
    "<span>": rf"(?:(?:{_NUMBER}|\d+\.\d+)[- ]?(?:hours?|minutes?|mins?|seconds?|secs?|s|h|{_SMALL})|"
    r"(?:a|one) (?:second|minute|hour))\b",
    "<size>": r"\d+(?:\.\d+)? ?(?:[kmg]i?b?|bytes?|pages?)?\b",
    "<small>": _SMALL,
    "<columns>": rf"{_COLUMN}(?:, {_COLUMN})*,? and {_COLUMN}",
    "<column>": _COLUMN,
    "<end>": r"(?=\s*(?:[.,;:?!)]|$))",
}


class Wording(NamedTuple):
    """A pattern, what stands there instead, and an example of both."""

    says: re.Pattern[str]
    plain: str
    example: str
    becomes: str


@lru_cache(maxsize=1)
def wordings() -> tuple[Wording, ...]:
    """Return the rules in the order in which they are applied."""
    given = tomllib.loads(_FILE.read_text(encoding="utf-8"))["rule"]
    return tuple(Wording(_pattern(r["says"]), r["plain"], r["example"], r["becomes"]) for r in given)


def _pattern(text: str) -> re.Pattern[str]:
    for name, part in _PARTS.items():
        text = text.replace(name, part)
    return re.compile(text, re.IGNORECASE)


@lru_cache(maxsize=64)  # one question is read several times: without its reasons, without a word, on no host
def in_plain_words(question: str) -> str:
    """Return the question in the wording that the reader knows; texts without these wordings come back as they are."""
    if len(question) > LONGEST:
        return question
    for _ in range(_PASSES):  # what one rule writes another may know
        before = question
        for rule in wordings():
            question = rule.says.sub(rule.plain, question)
        if question == before:
            break
    return question.strip()


_PASSES = 3
