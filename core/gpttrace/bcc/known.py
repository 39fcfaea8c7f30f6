"""What we know of each tool, in our own words: what it shows, how people ask for it, when it beats a program of bpftrace.

Read from `gpttrace_corpus/bcc/tools.txt`, whose README tells the form. It is plain text and not TOML
because `ask` reads it in passing: 120 tools in some milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import gpttrace_corpus
from gpttrace.spec.words import stem

KEYS = (
    "what",
    "names",
    "also",
    "better",
    "reads",
    "changes",
    "takes",
    "help",
    "terminal",
    "instead",
    "flags",
    "needs",
    "fix",
)


@dataclass(frozen=True, slots=True)
class Known:
    """One tool. `names` are phrases as stems; `flags` are words (stems) that ask for a flag; `fix` is always given.

    `better` says what it does that a program of ours does not. `reads` is people's data that it shows, `changes` what it does to
    the machine. `takes` is `probe` when it needs the name of a function or tracepoint, `nothing` when it has no arguments at all,
    `code` when it wants C text. `terminal`: it draws a full screen and cannot run here; `instead` names another tool.
    """

    name: str
    what: str
    names: tuple[frozenset[str], ...] = ()
    also: frozenset[str] = frozenset()
    better: str = ""
    reads: str = ""
    changes: str = ""
    takes: str = ""
    terminal: bool = False
    instead: str = ""
    flags: tuple[tuple[frozenset[str], str], ...] = ()
    fix: tuple[str, ...] = ()
    example: str = field(default="", compare=False)

    @property
    def words(self) -> frozenset[str]:
        """All stems that this tool gives a meaning to."""
        return self.also.union(*self.names, *(words for words, _ in self.flags))


@cache
def known_tools() -> dict[str, Known]:
    """Return all that is known, by the tools' own names."""
    place = Path(str(gpttrace_corpus.__file__)).parent / "bcc/tools.txt"
    text = place.read_text(encoding="utf-8")
    return {each.name: each for each in parse_known(text)}


def parse_known(text: str) -> list[Known]:
    """Read the file's text; ValueError names a line that is not in its form."""
    found: list[tuple[str, dict[str, str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            found.append((line.strip(), {}))
            continue
        key, colon, value = line.strip().partition(":")
        if not colon or key not in KEYS or not found:
            raise ValueError(f"line {number}: {line.strip()!r} is no `key: value` of a tool")
        found[-1][1][key] = value.strip()
    return [_known(name, given) for name, given in found]


def _known(name: str, given: dict[str, str]) -> Known:
    phrases = _list(given.get("names", ""))
    return Known(
        name=name,
        what=given["what"],
        names=tuple(map(_stems, phrases)),
        also=frozenset(map(stem, given.get("also", "").split())),
        better=given.get("better", ""),
        reads=given.get("reads", ""),
        changes=given.get("changes", ""),
        takes=given.get("takes", ""),
        terminal=given.get("terminal") == "yes",
        instead=given.get("instead", ""),
        flags=tuple(_flag(each) for each in _list(given.get("flags", ""))),
        fix=tuple(given.get("fix", "").split()),
        example=phrases[0] if phrases else name,
    )


def _flag(text: str) -> tuple[frozenset[str], str]:
    phrase, _, flag = text.rpartition("=")
    return _stems(phrase), flag.strip()


def _stems(phrase: str) -> frozenset[str]:
    # As a question is cut into words: `off-cpu` is two.
    return frozenset(map(stem, phrase.replace("-", " ").split()))


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
