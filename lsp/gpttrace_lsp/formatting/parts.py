"""The parts of a script that can be laid out alone: items, and statements at their depth."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpttrace.language import nodes as n
from gpttrace_lsp.formatting.edits import Change
from gpttrace_lsp.formatting.layout import indented, line_end, printed, printed_between, with_ends
from gpttrace_lsp.look import Look

_SEMICOLON = re.compile(r"[ \t]*;")


def of_range(look: Look, start: int, end: int, indent: str) -> list[Change]:
    """Return the outermost items and statements that lie wholly between two places, laid out."""
    changes: list[Change] = []
    for item in look.tree.items:
        if start <= item.start and item.end <= end:
            changes += _item(look, item, indent)
        elif item.end > start and item.start < end:
            for statement, depth in _statements_in(item, start, end):
                changes += _statement(look, statement, depth, indent)
    return changes


def of_typed(look: Look, offset: int, typed: str, indent: str) -> list[Change]:
    """Return what ends right before a place, laid out: the probe or statement that a `}` closed, the statement before a `;`."""
    if typed == "\n":
        line = look.lines.line_of(offset) - 1
        return of_range(look, *look.lines.line_span(line), indent) if line >= 0 else []
    if look.text[offset - 1 : offset] != typed:
        return []
    for item in look.tree.items:
        if typed == "}" and item.end == offset:
            return _item(look, item, indent)
        if item.start < offset <= item.end:
            for statement, depth in _statements(item):
                if _end(look, statement) == offset:
                    return _statement(look, statement, depth, indent)
    return []


def _statements(item: n.Item) -> Iterator[tuple[n.Stmt, int]]:
    """Yield the statements of an item with the depth of each, outer ones first."""
    stack: list[tuple[n.Node, int]] = [(item, 0)]
    while stack:
        node, depth = stack.pop()
        for block in _blocks(node):
            for statement in block.body:
                yield statement, depth + 1
            stack += [(statement, depth + 1) for statement in reversed(block.body)]


def _statements_in(item: n.Item, start: int, end: int) -> Iterator[tuple[n.Stmt, int]]:
    taken = -1
    for statement, depth in sorted(_statements(item), key=lambda each: (each[0].start, each[1])):
        if start <= statement.start and statement.end <= end and statement.start >= taken:
            taken = statement.end
            yield statement, depth


def _blocks(node: n.Node) -> list[n.Block]:
    match node:
        case (
            n.Probe(body=body)
            | n.Subprogram(body=body)
            | n.While(body=body)
            | n.Unroll(body=body)
            | n.For(body=body)
        ):
            return [body]
        case n.Macro(body=value):
            return [value.body]
        case n.BlockStmt(block=block):
            return [block]
        case n.If():
            return _branches(node)
    return []


def _branches(node: n.If) -> list[n.Block]:
    blocks = [node.then]
    while isinstance(node.other, n.If):
        node = node.other
        blocks.append(node.then)
    return [*blocks, node.other] if isinstance(node.other, n.Block) else blocks


def _item(look: Look, item: n.Item, indent: str) -> list[Change]:
    if isinstance(item, n.CDefinition):
        return []
    text = indented(printed(look, item), indent)
    return [Change(item.start, item.end, with_ends(text, line_end(look.text)))]


def _statement(look: Look, statement: n.Stmt, depth: int, indent: str) -> list[Change]:
    # In as many empty blocks as there are around it, the printer gives every line its own indentation.
    start, stop = statement.start, statement.end
    block = n.Block([statement], start=start, end=stop)
    for _ in range(depth - 1):
        block = n.Block([n.BlockStmt(block, start=start, end=stop)], start=start, end=stop)
    around = n.Probe([n.AttachPoint("begin", "begin", [])], None, block, start=start, end=stop)
    lines = indented(printed_between(look, around, start, stop), indent).split("\n")[depth:-depth]
    text = with_ends("\n".join(lines), line_end(look.text))
    before = look.text.rfind("\n", 0, start) + 1
    if look.text[before:start].strip(" \t"):  # something stands before it on its line: that keeps its place
        before, text = start, text.lstrip(" \t")
    return [Change(before, _end(look, statement), text)]


def _end(look: Look, statement: n.Stmt) -> int:
    behind = _SEMICOLON.match(look.text, statement.end)
    return behind.end() if behind is not None else statement.end
