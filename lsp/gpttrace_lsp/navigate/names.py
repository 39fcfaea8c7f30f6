"""Names of a script and all their places: maps, variables, macros, functions, C names, and the language's own words.

Maps and variables are looked for in the tokens as well, so that one in a statement that does not parse is not missed.
A parameter of a macro is its own: `@m` of `macro add(@m)` is not the map `@m`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gpttrace.language import nodes as n
from gpttrace_lsp.look import Look
from gpttrace_lsp.pieces import pieces_of
from gpttrace_lsp.spots import Spot, name_span, spot_at

Sort = Literal["map", "variable", "macro", "function", "parameter", "c", "own", "field"]
How = Literal["declare", "write", "read"]
_WRITES = frozenset(("write", "delete", "clear", "zero"))


@dataclass(frozen=True, slots=True)
class Name:
    """`text` has its mark (`@bytes`, `$x`); `item` says where a name is known that is not known everywhere."""

    sort: Sort
    text: str
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a name; `declare` is where it is made known."""

    start: int
    end: int
    how: How


def name_of(look: Look, spot: Spot) -> Name | None:
    """Return the name at a spot; None for numbers, texts, attach points and the like."""
    match spot.kind:
        case "map":
            return Name("map", spot.text, _owner(look, spot))
        case "variable":
            return Name("variable", spot.text, spot.item)
        case "member":
            return _field(look, spot)
        case "definition":
            return Name("macro" if isinstance(spot.node, n.Macro) else "function", spot.text)
        case "call" | "word":
            return _word(look, spot)
        case "c-word":
            return Name("c", spot.text) if spot.text in c_places(look) else None
        case "type":
            tag = spot.text.rstrip("* ").partition("[")[0].rstrip()
            return Name("c", tag.split()[-1]) if tag and tag in look.study.c.structs else None
    return None


def name_at(look: Look, offset: int) -> Name | None:
    """Return the name that stands at a place, if any does."""
    spot = spot_at(look, offset)
    return name_of(look, spot) if spot is not None else None


def places(look: Look, name: Name) -> list[Place]:
    """Return all places of a name in the script, in order; exactly one of those that are known there declares it."""
    match name.sort:
        case "map" | "variable":
            found = _marked(look, name)
        case "c":
            found = _c_uses(look, name.text)
        case "field":
            found = _fields(look, name)
        case _:
            found = _words(look, name)
    return _with_declaration(sorted(set(found), key=lambda each: each.start))


# ------------------------------------------------------------------------------------- which name it is


def _owner(look: Look, spot: Spot) -> int | None:
    return spot.item if spot.text in parameters(look.tree.items[spot.item]) else None


def parameters(item: n.Item) -> set[str]:
    """Return the names that are an item's parameters, with their marks."""
    if isinstance(item, n.Macro):
        return {_marked_name(each) for each in item.params}
    return {f"${each.name}" for each in item.params} if isinstance(item, n.Subprogram) else set()


def _marked_name(node: n.Expr) -> str:
    return f"${node.name}" if isinstance(node, n.Variable) else getattr(node, "name", "")


def _field(look: Look, spot: Spot) -> Name | None:
    return Name("field", spot.text, spot.item) if _of_args(spot.node) else None


def _of_args(node: n.Node) -> bool:
    return isinstance(node, n.Member) and isinstance(node.target, n.Identifier) and node.target.name == "args"


def _word(look: Look, spot: Spot) -> Name:
    if spot.text in parameters(look.tree.items[spot.item]):
        return Name("parameter", spot.text, spot.item)
    if any(each.name == spot.text for each in look.tree.macros):
        return Name("macro", spot.text)
    if spot.text in look.study.function_names:
        return Name("function", spot.text)
    return Name("c", spot.text) if spot.text in c_places(look) else Name("own", spot.text)


# ------------------------------------------------------------------------------------------ its places


def _marked(look: Look, name: Name) -> Iterator[Place]:
    told = _told(look, name)
    items = [name.item] if name.item is not None else range(len(look.tree.items))
    for index in items:
        item = look.tree.items[index]
        if name.item is None and name.text in parameters(item):
            continue
        for piece in pieces_of(look, index):
            if piece.kind in ("map", "var") and piece.text == name.text:
                yield Place(piece.start, piece.end, told.get(piece.start, "read"))


def _told(look: Look, name: Name) -> dict[int, How]:
    symbols = look.study.symbols
    if name.sort == "map":
        uses = symbols.maps[name.text].uses if name.text in symbols.maps else []
    else:
        variable = symbols.variables.get((name.item or 0, name.text[1:]))
        uses = variable.uses if variable is not None else []
    told: dict[int, How] = {}
    for use in uses:
        span = name_span(look, use.node)
        wrote = use.how in _WRITES or (use.how == "loop" and name.sort == "variable")
        declared = use.how == "declare" or isinstance(look.study.parents.get(id(use.node)), n.Let)
        if span is not None:
            told[span[0]] = "declare" if declared else "write" if wrote else "read"
    if name.item is not None:
        told |= {each.start: "declare" for each in _params(look.tree.items[name.item])}
    return told


def _params(item: n.Item) -> list[n.Node]:
    return list(item.params) if isinstance(item, n.Macro | n.Subprogram) else []


def _words(look: Look, name: Name) -> Iterator[Place]:
    for index, item in enumerate(look.tree.items):
        if name.item is None:
            if name.text in parameters(item):
                continue
        elif index != name.item:
            continue
        for node in look.study.nodes[index]:
            if isinstance(node, n.Identifier | n.Call | n.Macro | n.Subprogram) and node.name == name.text:
                span = name_span(look, node)
                made = isinstance(node, n.Macro | n.Subprogram) or any(node is each for each in _params(item))
                if span is not None:
                    yield Place(*span, "declare" if made else "read")


def _fields(look: Look, name: Name) -> Iterator[Place]:
    assert name.item is not None
    for node in look.study.nodes[name.item]:
        wanted = isinstance(node, n.Member) and node.name == name.text and _of_args(node)
        if wanted and (span := name_span(look, node)) is not None:
            yield Place(*span, "read")


def _c_uses(look: Look, word: str) -> Iterator[Place]:
    declared = c_places(look).get(word)
    for index, item in enumerate(look.tree.items):
        spans = [
            (piece.start, piece.end)
            for piece in pieces_of(look, index)
            if piece.kind == "id" and piece.text == word and not _is_member(look.text, item, piece.start)
        ]
        for start, end in spans:
            yield Place(start, end, "declare" if start == declared else "read")


def _is_member(text: str, item: n.Item, start: int) -> bool:
    return not isinstance(item, n.CDefinition) and text[:start].endswith((".", "->"))


def _with_declaration(found: list[Place]) -> list[Place]:
    # What nothing declares is made known where it is first written.
    if not any(each.how == "declare" for each in found):
        first = next((at for at, each in enumerate(found) if each.how == "write"), None)
        if first is not None:
            found[first] = Place(found[first].start, found[first].end, "declare")
    return found


# -------------------------------------------------------------------------------------------- C's names

_DEFINE = re.compile(r"#\s*define\s+(\w+)")
_TAG = re.compile(r"\b(?:struct|union|enum)\s+(\w+)\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?\{")
_ENUM = re.compile(r"\benum\b\s*\w*\s*\{([^}]*)\}?")
_WORD = re.compile(r"(?:^|,)\s*(\w+)")


def c_places(look: Look) -> dict[str, int]:
    """Return where each name of the script's C definitions is defined: `#define`s, structs, enums and their words."""
    found: dict[str, int] = {}
    for item in look.tree.c_definitions:
        text = _without_comments(item.text)
        for match in [*_DEFINE.finditer(text), *_TAG.finditer(text)]:
            found.setdefault(match[1], item.start + match.start(1))
        for body in _ENUM.finditer(text):
            for word in _WORD.finditer(body[1]):
                found.setdefault(word[1], item.start + body.start(1) + word.start(1))
    return found


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)", lambda found: " " * len(found[0]), text)


def member_place(look: Look, struct: str, member: str) -> tuple[int, int] | None:
    """Return where a member of one of the script's own structs is defined."""
    for item in look.tree.c_definitions:
        text = _without_comments(item.text)
        for body in re.finditer(rf"\b{re.escape(struct)}\b[^{{;]*\{{", text):
            found = re.compile(rf"\b{re.escape(member)}\b(?=[^;{{}}]*;)").search(text, body.end())
            if found is not None:
                return item.start + found.start(), item.start + found.end()
    return None
