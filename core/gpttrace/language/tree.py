"""Walking and rewriting trees. Both are iterative: no depth of tree exhausts Python's stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from gpttrace.language.nodes import Node, meaning_fields

_PLAIN = frozenset(["str", "int", "bytes", "bool", "str | None", "int | None", "list[str]"])
_HOLDING: dict[type, tuple[str, ...]] = {}


def _holding(node: Node) -> tuple[str, ...]:
    # The fields of a class that can hold nodes: names, numbers and marks are not looked at again and again.
    kind = type(node)
    names = _HOLDING.get(kind)
    if names is None:
        types = {each.name: each.type for each in fields(node)}
        names = _HOLDING[kind] = tuple(name for name in meaning_fields(node) if types[name] not in _PLAIN)
    return names


def children(node: Node) -> Iterator[Node]:
    """Yield the direct children of a node in source order."""
    for name in _holding(node):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, Node):
                    yield part
                elif isinstance(part, tuple):  # Record.fields
                    yield part[1]


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all its descendants, parents before children, in source order."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        below = list(children(node))
        below.reverse()
        stack += below


Replacement = Node | list[Any] | None


def rewrite(node: Node, fn: Callable[[Node], Replacement]) -> Any:
    """Return a deep copy of a tree in which `fn` has replaced what it wanted to, children before parents.

    `fn` gets a copy of each node whose children are already rewritten (positions are kept) and returns what takes its
    place: that copy to keep it, another node, None to leave it out, or, for an element of a list (statements, items, keys),
    a list of nodes to put there. The original tree is not touched. Returns what `fn` returned for the root.
    """
    done: dict[int, Replacement] = {}
    for each in reversed(list(walk(node))):
        done[id(each)] = fn(_copy(each, done))
    return done[id(node)]


def _copy(node: Node, done: dict[int, Replacement]) -> Node:
    twin = object.__new__(type(node))
    for name in _all_fields(node):
        setattr(twin, name, _copied(getattr(node, name), done))
    return twin


def _all_fields(node: Node) -> list[str]:
    return list(type(node).__dataclass_fields__)


def _copied(value: Any, done: dict[int, Replacement]) -> Any:
    if isinstance(value, Node):
        return done.get(id(value), value)
    if not isinstance(value, list):
        return value
    out: list[Any] = []
    for part in value:
        if isinstance(part, tuple):
            if (new := done.get(id(part[1]), part[1])) is not None:
                out.append((part[0], new))
        elif not isinstance(part, Node) or id(part) not in done:
            out.append(part)
        else:
            new = done[id(part)]
            if isinstance(new, list):
                out += new
            elif new is not None:
                out.append(new)
    return out
