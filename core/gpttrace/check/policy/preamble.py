"""What a program hands to clang: includes, imports and `#define`s, read as clang and bpftrace's lexer read them.

bpftrace gives C text to clang as it stands, so `#include` also works inside a struct, behind spaces, as `%:include`, and with a
name that is itself a `#define` (all seen on 0.17, 0.23 and 0.27). And its lexer puts the value of a `#define` in place of the
name, with the spaces taken out: `#define X @=1; system("id")` runs as statements (seen on 0.17 and 0.23).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from gpttrace.language import Program, parse, walk
from gpttrace.language import nodes as n

_CONTINUED = re.compile(r"\\[ \t]*\r?\n")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*(?:#|%:|\?\?=)[ \t]*(\w*)[ \t]*(.*)$", re.MULTILINE)
_INNOCENT = frozenset(
    [
        "define",
        "undef",
        "if",
        "ifdef",
        "ifndef",
        "elif",
        "elifdef",
        "elifndef",
        "else",
        "endif",
        "error",
        "warning",
        "line",
    ]
)
_HAS = re.compile(r"__has_(?:include(?:_next)?|embed)\b|\b_Pragma\b|\b__?asm(?:__)?\b|\basm\b")
_DEFINE = re.compile(r"(\w+)(\()?[ \t]*(.*)")
_MOST_ROUNDS = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """Something in C text that makes clang read a file: the item it stands in, the directive, and the place it names."""

    item: n.CDefinition
    word: str
    target: str

    @property
    def reach(self) -> str:
        """How far it reaches: `system` for a plain name in angle brackets, `folder` for a plain name in quotes, else `any`."""
        match = re.fullmatch(r"<([^<>]+)>|\"([^\"]+)\"", self.target.strip())
        if match is None or self.word != "include":
            return "any"
        path = PurePosixPath(match[1] or match[2])
        if path.is_absolute() or ".." in path.parts or "~" in str(path) or "$" in str(path):
            return "any"
        return "system" if match[1] else "folder"


def readings(program: Program) -> Iterator[Reading]:
    """Yield everything in the C text of a program that reads a file or reaches past the C that types need."""
    for item in program.c_definitions:
        text = _COMMENT.sub(" ", _CONTINUED.sub("", item.text))
        for match in _DIRECTIVE.finditer(text):
            word, rest = match.groups()
            if word not in _INNOCENT and (word or rest):
                yield Reading(item, word, rest)
        for match in _HAS.finditer(text):
            yield Reading(item, match[0], "")


def definitions(program: Program) -> dict[str, str]:
    """Return the `#define`s without parameters: name → value with all spaces taken out, as bpftrace's lexer sees it."""
    found: dict[str, str] = {}
    for item in program.c_definitions:
        text = _COMMENT.sub(" ", _CONTINUED.sub("", item.text))
        for directive in _DIRECTIVE.finditer(text):
            if directive[1] == "define" and (match := _DEFINE.match(directive[2])) and not match[2]:
                found[match[1]] = "".join(match[3].split())
    return found


def expanded(program: Program) -> Program | None:
    """Return the program with its `#define`s put in place of their names; None when they do not come to an end."""
    known = definitions(program)
    for _ in range(_MOST_ROUNDS):
        places = [
            node
            for item in program.items
            for node in walk(item)
            if isinstance(node, n.Identifier) and node.name in known
        ]
        if not places:
            return program
        text = program.source.text
        for node in sorted(places, key=lambda each: -each.start):
            text = text[: node.start] + known[node.name] + text[node.end :]
            if len(text) > 4_000_000:
                return None
        program = parse(text)
    return None
