"""Functions that a question names and that the catalogue does not describe: of a program whose file is named, of the kernel.

Such an event is made for the one question: who calls it, how often and for how long; its arguments are not known.
"""

from __future__ import annotations

import re

from gpttrace.spec.catalogue import Event
from gpttrace.spec.library import PREFIX, library_event_of, made_event
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem

_OF_FILE = r"(?:the )?(?:binary |program |executable |library |file )?(?P<path>/[\w./+-]*\w)"
_NAME = r"(?P<name>[A-Za-z_]\w*)(?:\(\))?"
_IN_PROGRAM = (
    re.compile(rf"\bfunctions? {_NAME}(?: is called)? (?:of|in|from|inside) {_OF_FILE}"),
    re.compile(rf"\b(?=\w*_|\w+\(\)){_NAME}(?: (?:calls?|function))?(?: is called)? (?:of|in|from|inside) {_OF_FILE}"),
    re.compile(rf"\b(?:[Ff]or|[Ii]n|[Oo]f) {_OF_FILE}[:,].*?\b(?=\w*_|\w+\(\)){_NAME}"),
)  # fmt: skip
_OF_KERNEL = re.compile(r"_{0,3}[a-z0-9]+(?:_[a-z0-9]+)+")
_NO_FUNCTION = re.compile(r"\b(?:tracepoints?|(?:reported|seen|told) by)\b", re.IGNORECASE)
_SAID_WITH = ("function", "functions", "binary", "program", "executable", "library", "kernel")
_MISSES = ("calls that the compiler wrote out in place",)


def function_event(
    sentence: Sentence, known: frozenset[str], calls: frozenset[str]
) -> tuple[Event, frozenset[str]] | None:
    """Return an event for the one function that is named, and its words; `calls` are the system calls."""
    for pattern in _IN_PROGRAM:
        if (match := pattern.search(sentence.text)) is not None:
            return function_event_of(f"uprobe:{match['path']}:{match['name']}"), _words(match)
    if _NO_FUNCTION.search(sentence.text) is not None:
        return None
    named = {
        token.text: token.stem
        for token in sentence.tokens
        if token.meaning is None
        and _OF_KERNEL.fullmatch(token.text)
        and token.text not in calls
        and token.stem not in known
    }
    if len(named) != 1:
        return None
    ((name, word),) = named.items()
    return function_event_of(f"kprobe:{name}"), frozenset((word, "kernel", "function"))


def _words(match: re.Match[str]) -> frozenset[str]:
    said = {stem(word) for word in _SAID_WITH}
    return frozenset((stem(match["name"]), match["path"].lower(), *said))


def function_event_of(probe: str) -> Event:
    """Return the event of a function by the probe at its begin: `kprobe:NAME`, `uprobe:PATH:NAME`, `uprobe:libc:NAME`."""
    if probe.startswith(PREFIX):
        return library_event_of(probe.removeprefix(PREFIX))
    path, _, name = probe.partition(":")[2].rpartition(":")
    summary = f"a program calls {name} of {path}" if path else f"the kernel calls {name}"
    return made_event(probe, name, summary, _MISSES, columns=("pid", "comm"))
