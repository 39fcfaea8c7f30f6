"""What the C text of a program makes known: structs with their members, enumerators, `#define`s.

A small reader, not a C parser: where it does not understand a declaration, it says so (`members` is None), and with an `#include`
nothing can be called unknown any more (`open`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gpttrace.language import Program

_COMMENT = re.compile(r"//[^\n]*|/\*(?s:.*?)\*/")
_DEFINE = re.compile(r"#\s*define\s+(\w+)")
_INCLUDE = re.compile(r"#\s*include")
_BODY = re.compile(r"\b(struct|union|enum)\s+(\w+)?\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?\{")
_MEMBER = re.compile(
    r"(?P<type>(?:const\s+|volatile\s+)*(?:(?:struct|union|enum)\s+)?\w+(?:\s+(?:int|long|char|short))*\s*\**)\s*"
    r"\b(?P<name>\w+)(?P<array>(?:\s*\[[^\]]*\])*)\s*(?P<bits>:\s*\d+)?"
)


@dataclass(slots=True)
class CNames:
    """`structs` maps `struct x` to its members' types by name, or None when they could not be read."""

    structs: dict[str, dict[str, str] | None] = field(default_factory=dict)
    enums: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    open: bool = False


def c_names(program: Program) -> CNames:
    """Read the C definitions of a program."""
    names = CNames()
    for item in program.c_definitions:
        text = _COMMENT.sub(" ", item.text)
        if text.startswith("#"):
            names.open = names.open or _INCLUDE.match(text) is not None
            names.constants.update(_DEFINE.findall(text))
        else:
            _read_bodies(text, names)
    return names


def _read_bodies(text: str, names: CNames) -> None:
    for match in _BODY.finditer(text):
        kind, name = match[1], match[2]
        inside = _inside(text, match.end())
        if kind == "enum":
            names.constants.update(part.split("=")[0].strip() for part in inside.split(",") if part.strip())
            names.enums.add(name or "")
        elif name:
            names.structs[f"{kind} {name}"] = _members(inside)


def _inside(text: str, start: int) -> str:
    depth = 1
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[start:at]
    return text[start:]


def _members(inside: str) -> dict[str, str] | None:
    if "{" in inside or "(" in inside:
        return None
    members: dict[str, str] = {}
    for declaration in _declarations(inside):
        match = _MEMBER.fullmatch(declaration)
        if match is None:
            return None
        members[match["name"]] = " ".join((match["type"] + match["array"]).split())
    return members


def _declarations(inside: str) -> Iterator[str]:
    for part in inside.split(";"):
        if part := part.strip():
            yield part
