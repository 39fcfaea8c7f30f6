"""What a selection grows to: the word, its expression, the expressions and statements around it, the probe, the script."""

from __future__ import annotations

import re

from lsprotocol import types as t

from gpttrace.language import nodes as n
from gpttrace_lsp.look import Look
from gpttrace_lsp.spots import spot_at

_DEEPEST = 60  # steps from the word and from the script; who grows a selection hundreds of times?
_SEMICOLON = re.compile(r"[ \t]*;")


def selection(look: Look, offset: int) -> t.SelectionRange:
    """Return the ranges around a place, each inside the next; the last one is the script."""
    spans = [(0, len(look.text))]
    for node in look.path(offset):
        for span in _spans(look, node):
            _add(spans, span, offset)
    for comment in look.tree.comments:
        if comment.start <= offset <= comment.end:
            _add(spans, (comment.start, comment.end), offset)
    spot = spot_at(look, offset)
    if spot is not None:
        _add(spans, (spot.start, spot.end), offset)
        if spot.kind == "string" and spot.end - spot.start > 1:
            _add(spans, (spot.start + 1, spot.end - 1), offset)
    if len(spans) > 2 * _DEEPEST:
        spans = spans[:_DEEPEST] + spans[-_DEEPEST:]
    found: t.SelectionRange | None = None
    for start, end in spans:
        found = t.SelectionRange(look.lines.range(start, end), found)
    assert found is not None
    return found


def _spans(look: Look, node: n.Node) -> list[tuple[int, int]]:
    spans = [(node.start, node.end)]
    if isinstance(node, n.Block | n.BlockExpr) and look.text[node.end - 1 : node.end] == "}":
        spans.append((node.start + 1, node.end - 1))
    if isinstance(node, n.Stmt) and (behind := _SEMICOLON.match(look.text, node.end)) is not None:
        spans.insert(0, (node.start, behind.end()))
    return spans


def _add(spans: list[tuple[int, int]], span: tuple[int, int], offset: int) -> None:
    inside = spans[-1][0] <= span[0] <= offset <= span[1] <= spans[-1][1]
    if inside and span != spans[-1]:
        spans.append(span)
