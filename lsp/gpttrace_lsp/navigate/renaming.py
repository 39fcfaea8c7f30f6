"""Renaming: the script's own maps, variables, macros and functions, everywhere or not at all.

A new name is taken with or without its mark. What another thing is called already, or what the language means by a word, is
refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pygls.exceptions import JsonRpcException

from gpttrace.language import nodes as n
from gpttrace.language.reference import (
    AGGREGATIONS,
    BUILTINS,
    FUNCTIONS,
    INNER_FUNCTIONS,
    PROBE_KINDS,
    TYPE_NAMES,
)
from gpttrace_lsp.look import Look
from gpttrace_lsp.navigate.names import Name, c_places, name_at, parameters, places
from gpttrace_lsp.pieces import pieces_of
from gpttrace_lsp.spots import spot_at

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEYWORDS = frozenset(
    ["if", "else", "while", "for", "unroll", "return", "break", "continue", "let", "import", "macro", "fn", "config",
     "sizeof", "offsetof", "typeof", "comptime", "true", "false", "struct", "union", "enum"]
)  # fmt: skip
_MARKS = {"map": "@", "variable": "$"}
_CALLED = {
    "map": "a map",
    "variable": "a variable",
    "macro": "a macro",
    "function": "a function",
    "parameter": "a parameter",
}


class NotRenamed(JsonRpcException):
    """Why something is not renamed, in one sentence that an editor shows."""

    CODE = -32803  # RequestFailed


def renamed_span(look: Look, offset: int) -> tuple[int, int]:
    """Return the word that would be renamed; NotRenamed when nothing there can be."""
    renamable(look, offset)
    spot = spot_at(look, offset)
    assert spot is not None
    return spot.start, spot.end


def new_texts(look: Look, name: Name, wanted: str) -> list[tuple[int, int, str]]:
    """Return (start, end, new text) of every place of a name; NotRenamed for a new name that cannot be had."""
    new = _spelled(name, wanted.strip())
    if new == name.text:
        return []
    found = places(look, name)
    _free(look, name, new, {look.item_at(each.start) for each in found})
    return [(each.start, each.end, new) for each in found]


def renamable(look: Look, offset: int) -> Name:
    """Return the name at a place, when it is one of the script's own; NotRenamed when it is not."""
    name = name_at(look, offset)
    if name is None:
        raise NotRenamed(
            "there is no name of this script here: maps, variables, macros and functions can be renamed"
        )
    if name.sort == "own":
        raise NotRenamed(f"`{name.text}` is bpftrace's or the kernel's own name")
    if name.sort == "field":
        raise NotRenamed(f"`{name.text}` is a field of the probe, named by the kernel")
    if name.sort == "c":
        raise NotRenamed(f"`{name.text}` is a name of C: a header may use it, too")
    return name


def _spelled(name: Name, wanted: str) -> str:
    mark = _MARKS.get(name.sort, "")
    if wanted[:1] in ("@", "$") and wanted[:1] != mark:
        raise NotRenamed(f"`{name.text}` is {_CALLED[name.sort]}, and `{wanted}` is not the name of one")
    bare = wanted.removeprefix(mark) if mark else wanted
    if not _WORD.fullmatch(bare):
        raise NotRenamed(
            f"`{wanted}` is no name: a name has letters, digits and `_`, and begins with no digit"
        )
    return mark + bare


def _free(look: Look, name: Name, new: str, items: set[int | None]) -> None:
    if name.sort in ("map", "variable"):
        # A map of this name anywhere, or a variable where ours are, would become one with it.
        inside: Iterable[int | None] = items if name.sort == "variable" else range(len(look.tree.items))
        if any(_has(look, index, new) for index in inside if index is not None):
            raise NotRenamed(f"there is {_CALLED[name.sort]} `{new}` already")
        return
    if new in KEYWORDS or new in PROBE_KINDS or new in TYPE_NAMES:
        raise NotRenamed(f"`{new}` is a word of the language")
    if new in BUILTINS or new in FUNCTIONS or new in AGGREGATIONS or new in INNER_FUNCTIONS:
        raise NotRenamed(f"`{new}` is bpftrace's own name")
    if (
        new in look.study.macro_names
        or new in c_places(look)
        or any(_has(look, at, new) for at in items if at is not None)
    ):
        raise NotRenamed(f"there is a `{new}` already")


def _has(look: Look, index: int, word: str) -> bool:
    item: n.Item = look.tree.items[index]
    return word in parameters(item) or any(piece.text == word for piece in pieces_of(look, index))
