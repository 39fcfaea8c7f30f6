"""Spots: the word at a place and the node that it stands for; what hover, navigation and selection begin with.

A spot is never in a comment, and of a node it takes the word alone: `@bytes` of `@bytes[comm]`, `filename` of `args.filename`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gpttrace.language import nodes as n
from gpttrace_lsp.look import Look

Kind = Literal[
    "point", "member", "map", "variable", "positional", "call", "word", "number", "string", "bool", "type",
    "config", "definition", "map-kind", "import", "include", "c-word", "measure",
]  # fmt: skip
_HEAD = {
    n.MapDecl: re.compile(r"let\s+(@\w*)\s*=\s*(\w+)"),
    n.Macro: re.compile(r"macro\s+(\w+)"),
    n.Subprogram: re.compile(r"fn\s+(\w+)"),
}
_INCLUDE = re.compile(r'#\s*include\s*(<[^>\n]*>|"[^"\n]*")')
_C_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Spot:
    """`text` is the word between `start` and `end`; `item` the index of the program's item that holds it."""

    kind: Kind
    text: str
    start: int
    end: int
    item: int
    node: n.Node
    above: n.Node | None = None


def spot_at(look: Look, offset: int) -> Spot | None:
    """Return what stands at a place, its end included; None for blanks, comments, operators and what does not parse."""
    item = look.item_at(offset)
    if item is None or in_comment(look, offset):
        return None
    path = look.path(offset)
    above = path[-2] if len(path) > 1 else None
    found = _word_of(look, path[-1], item, offset)
    if found is None:
        return None
    kind, start, end = found
    if not start <= offset <= end or start == end:
        return None
    return Spot(kind, look.text[start:end], start, end, item, path[-1], above)


def in_comment(look: Look, offset: int) -> bool:
    """Tell whether a place is inside a comment; right behind a line's comment is inside, too."""
    comments = look.tree.comments
    low, high = 0, len(comments)
    while low < high:
        middle = (low + high) // 2
        if comments[middle].end < offset:
            low = middle + 1
        else:
            high = middle
    if low == len(comments):
        return False
    comment = comments[low]
    return comment.start < offset < comment.end or (offset == comment.end and comment.text.startswith("//"))


def name_span(look: Look, node: n.Node) -> tuple[int, int] | None:
    """Return where the name of a node stands: of a call, a map, a member, a definition; None when it has none."""
    start, text = node.start, look.text
    match node:
        case n.Map(name=name) | n.Call(name=name) | n.ConfigEntry(key=name):
            span = start, start + len(name)
        case n.Variable(name=name) | n.Param(name=name):
            span = start, start + 1 + len(name)
        case n.Member(name=name):
            return (node.end - len(name), node.end) if name and text.endswith(name, start, node.end) else None
        case n.MapDecl() | n.Macro() | n.Subprogram():
            found = _HEAD[type(node)].match(text, start)
            return found.span(1) if found else None
        case n.Identifier() | n.AttachPoint() | n.Positional():
            span = start, node.end
        case _:
            return None
    return span if span[0] < span[1] <= len(text) else None


_KINDS: dict[type, Kind] = {
    n.AttachPoint: "point",
    n.Member: "member",
    n.Map: "map",
    n.Variable: "variable",
    n.Param: "variable",
    n.Call: "call",
    n.Identifier: "word",
    n.Positional: "positional",
    n.ConfigEntry: "config",
    n.MapDecl: "map",
    n.Macro: "definition",
    n.Subprogram: "definition",
}
_WHOLE: dict[type, Kind] = {
    n.Integer: "number", n.Float: "number", n.String: "string", n.Bool: "bool", n.TypeName: "type",
}  # fmt: skip


def _word_of(look: Look, node: n.Node, item: int, offset: int) -> tuple[Kind, int, int] | None:
    if isinstance(node, n.CDefinition):
        return _c_word(look.text, node, offset)
    if isinstance(node, n.Config) and look.text.startswith("config", node.start):
        return "config", node.start, node.start + len("config")
    if isinstance(node, n.SizeOf | n.OffsetOf):
        return "measure", node.start, node.start + len("sizeof" if isinstance(node, n.SizeOf) else "offsetof")
    if isinstance(node, n.String) and isinstance(look.tree.items[item], n.Import):
        return "import", node.start, node.end
    if (whole := _WHOLE.get(type(node))) is not None:
        return whole, node.start, node.end
    if isinstance(node, n.MapDecl):
        found = _HEAD[n.MapDecl].match(look.text, node.start)
        if found is not None and found.start(2) <= offset <= found.end(2):
            return "map-kind", *found.span(2)
    kind, span = _KINDS.get(type(node)), name_span(look, node)
    return (kind, *span) if kind is not None and span is not None else None


def _c_word(text: str, node: n.Node, offset: int) -> tuple[Kind, int, int] | None:
    include = _INCLUDE.match(text, node.start, node.end)
    if include is not None:
        return ("include", *include.span(1)) if include.start(1) <= offset <= include.end(1) else None
    for word in _C_WORD.finditer(text, node.start, node.end):
        if word.start() <= offset <= word.end():
            return "c-word", *word.span()
    return None
