"""Sentences as tokens with places, stems, and the one-letter typo corrector. Everything here is linear in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<quoted>"[^"\n]{0,200}"|`[^`\n]{1,200}`|'[^'\n]{1,200}')|(?P<io>\b[iI]/[oO]s?\b)|(?P<path>(?<![\w)])/(?:[\w.+@:%/~-]*[\w+@%/~-])?)"""
    r"""|(?P<number>0[xX][0-9a-fA-F]+\b|\d+(?:[_,]\d+)*(?:\.\d+)?[a-zA-Zµμ]*)|(?P<word>_*[^\W\d_][\w]*(?:[’'][a-z]{1,3}\b)?)"""
    r"""|(?P<op>>=|<=|==|!=|[<>=])|(?P<odd>[^\s,.?!:;\-–—()/…’'"→%])"""
)

_IRREGULAR = {
    "written": "write", "wrote": "write", "writing": "write", "sent": "send", "slept": "sleep", "ran": "run",
    "running": "run", "took": "take", "taken": "take", "taking": "take", "spent": "spend", "got": "get", "done": "do",
    "did": "do", "does": "do", "born": "birth", "killed": "kill", "died": "die", "dying": "die", "busiest": "busy",
    "lost": "lose", "processes": "process", "proceses": "process", "queries": "query", "retries": "retry", "quickest": "fast",
    "quicker": "faster", "bytes": "byte", "caches": "cache", "times": "time", "has": "have", "this": "this",
    "is": "is", "was": "was", "its": "its", "us": "us", "as": "as", "less": "less", "access": "access", "process": "process",
    "miss": "miss", "address": "address", "various": "various", "bus": "bus", "status": "status", "red": "red",
    "exited": "exit", "syscalls": "syscall", "system-calls": "syscall", "hertz": "hertz", "iops": "iops", "ios": "io",
    "dns": "dns", "cpus": "cpu", "ips": "ip", "ids": "id", "gcs": "gc", "zombies": "zombie", "ages": "ages",
    "during": "during", "string": "string", "string's": "string", "thing": "thing", "something": "something",
    "speed": "speed", "need": "need", "exceed": "exceed", "bed": "bed", "fed": "fed", "led": "led", "king": "king",
    "ping": "ping", "ring": "ring", "bring": "bring", "sing": "sing", "hundred": "hundred", "embed": "embed", "sched": "sched",
    "series": "series", "stats": "stats", "statistics": "stats", "ns": "ns", "ms": "ms", "secs": "secs", "s": "s",
    "nice": "nices", "nicing": "nices", "niced": "nices", "locale": "locales", "locales": "locales", "falling": "falling",
    "os": "os", "tos": "tos", "analysis": "analysis", "gas": "gas", "yes": "yes", "always": "always", "across": "across",
}  # fmt: skip


# Nouns of action and their verbs are one: `creation` is `create`.
_ACTIONS = (
    "create delete remove:removal add:addition insert complete terminate migrate transmit:transmission "
    "retransmit:retransmission allocate register:registration compact evict activate acquire:acquisition invoke:invocation "
    "execute inject emulate resolve:resolution receive:reception deallocate initialise:initialisation initialize:initialization "
    "authenticate suspend:suspension install:installation"
)


def _action_nouns() -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in _ACTIONS.split():
        verb, _, noun = pair.partition(":")
        noun = noun or f"{verb.removesuffix('e')}ion"
        found |= {noun: verb, f"{noun}s": verb}
    return found


_IRREGULAR |= _action_nouns()
_IRREGULAR |= {
    "delivery": "deliver", "deliveries": "deliver", "arrival": "arrive", "arrivals": "arrive", "departure": "depart",
    "closure": "close", "closures": "close", "disposal": "dispose",
}  # fmt: skip
_IRREGULAR |= {"reader": "read", "readers": "read", "writer": "write", "writers": "write"}

# Forms that no stem shows, for the correction of typing errors.
SPELLED = frozenset(word for word in _IRREGULAR if len(word) > 4 and word.isalpha())


@dataclass(slots=True)
class Token:
    """A word with its place; `kind` is the group of the pattern, `meaning` is set once it was understood."""

    text: str
    stem: str
    kind: str
    start: int
    end: int
    meaning: str | None = None


def tokenize(text: str) -> list[Token]:
    """Cut a question into tokens."""
    return [_token(match) for match in _TOKEN.finditer(text)]


def _token(match: re.Match[str]) -> Token:
    kind, text = str(match.lastgroup), match.group()
    if kind == "quoted":
        path = text[1:2] == "/" and " " not in text
        return Token(text[1:-1], "", "path" if path else kind, match.start(), match.end())
    if kind == "io":
        return Token(text, "io", "word", match.start(), match.end())
    return Token(text, stem(text) if kind == "word" else text.lower(), kind, match.start(), match.end())


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return the word without the endings of plural and tense: `files` and `file`, `opened` and `open` are one."""
    word = word.lower().replace("’", "'").removesuffix("'s").removesuffix("s'").removesuffix("'d")
    word = _IRREGULAR.get(word) or _singular(word)
    return word.removesuffix("e") if len(word) > 3 else word


def _singular(word: str) -> str:
    for ending, instead in (
        ("ies", "y"),
        ("ied", "y"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
        ("xes", "x"),
    ):
        if len(word) > 4 and word.endswith(ending):
            return word.removesuffix(ending) + instead
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return _present(word)


def _present(word: str) -> str:
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) > 2 and any(vowel in base for vowel in "aeiouy"):
            doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz"
            return base[:-1] if doubled else base
    return word


def stems(words: str) -> frozenset[str]:
    """Return the stems of a list of words."""
    return frozenset(stem(word) for word in words.split())


def plain(words: str) -> frozenset[str]:
    """Return the words of a list as they are written."""
    return frozenset(words.split())


def _single(word: str) -> str:
    return "".join(char for char, before in zip(word, " " + word, strict=False) if char != before)


def one_letter_off(word: str, known: frozenset[str]) -> str | None:
    """Return the one known word with the same first letter that differs by a letter (missing, extra, wrong, swapped), or None."""
    if len(word) < 4 or len(word) > 24:
        return None
    if len(word) == 4:  # short words are near many others: only two letters that changed places
        swapped = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, 3)} & known
        return swapped.pop() if len(swapped) == 1 else None
    letters = "abcdefghijklmnopqrstuvwxyz"
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    near = {a + b[1:] for a, b in splits if b}
    near |= {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    near |= {a + c + b[1:] for a, b in splits if b for c in letters}
    near |= {a + c + b for a, b in splits for c in letters}
    found = {each for each in near & known if each[0] == word[0]}
    if len(found) > 1:  # a letter that should be double is left out more often than another is wrong
        found = {
            each for each in found if len(each) == len(word) + 1 and _single(each) == _single(word)
        } or found
    return found.pop() if len(found) == 1 else None
