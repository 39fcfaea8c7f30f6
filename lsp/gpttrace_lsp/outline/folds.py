"""What can be folded away: blocks, definitions, runs of comments, the C lines at the top, and `// region` … `// endregion`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types as t

from gpttrace.language import nodes as n
from gpttrace_lsp.look import Look

_BEGIN = re.compile(r"//\s*#?region\b")
_END = re.compile(r"//\s*#?endregion\b")
Fold = tuple[int, int, t.FoldingRangeKind | None]  # first line, last line


def folds(look: Look, *, whole_lines: bool) -> list[t.FoldingRange]:
    """Return folding ranges in order, one for each line at most; with `whole_lines` the `}` of a block stays in sight."""
    found = [*_blocks(look, whole_lines), *_definitions(look, whole_lines), *_comments(look), *_regions(look)]
    by_line: dict[int, t.FoldingRange] = {}
    for start, end, kind in sorted(found, key=lambda each: (each[0], -each[1])):
        if end > start and start not in by_line:
            by_line[start] = t.FoldingRange(start, end, kind=kind)
    return list(by_line.values())


def _blocks(look: Look, whole_lines: bool) -> Iterator[Fold]:
    for nodes in look.study.nodes:
        for node in nodes:
            if isinstance(node, n.Block | n.BlockExpr | n.Config):
                yield _braced(look, node.start, node.end, whole_lines)


def _braced(look: Look, start: int, end: int, whole_lines: bool) -> Fold:
    closed = look.text[end - 1 : end] in ("}", ";")
    last = look.lines.line_of(max(end - 1, start))
    return look.lines.line_of(start), last - 1 if whole_lines and closed else last, None


def _definitions(look: Look, whole_lines: bool) -> Iterator[Fold]:
    run: list[n.CDefinition] = []
    for item in look.tree.items:
        if isinstance(item, n.CDefinition) and item.text.startswith("#"):
            run.append(item)
            continue
        yield from _preamble(look, run)
        run = []
        if isinstance(item, n.CDefinition):
            yield _braced(look, item.start, item.start + len(item.text), whole_lines)
    yield from _preamble(look, run)


def _preamble(look: Look, run: list[n.CDefinition]) -> Iterator[Fold]:
    if len(run) > 1:
        first, last = look.lines.line_of(run[0].start), look.lines.line_of(run[-1].start)
        yield first, last, t.FoldingRangeKind.Imports


def _comments(look: Look) -> Iterator[Fold]:
    first = last = -1
    for comment in look.tree.comments:
        start, end = (
            look.lines.line_of(comment.start),
            look.lines.line_of(max(comment.end - 1, comment.start)),
        )
        alone = not look.lines.line_text(start)[: comment.start - look.lines.starts[start]].strip()
        if alone and start == last + 1 and first >= 0 and not _mark(comment.text):
            last = end
            continue
        if last > first >= 0:
            yield first, last, t.FoldingRangeKind.Comment
        first, last = (start, end) if alone and not _mark(comment.text) else (-1, -1)
    if last > first >= 0:
        yield first, last, t.FoldingRangeKind.Comment


def _mark(text: str) -> bool:
    return _BEGIN.match(text) is not None or _END.match(text) is not None


def _regions(look: Look) -> Iterator[Fold]:
    opened: list[int] = []
    for comment in look.tree.comments:
        if _BEGIN.match(comment.text):
            opened.append(look.lines.line_of(comment.start))
        elif _END.match(comment.text) and opened:
            yield opened.pop(), look.lines.line_of(comment.start), t.FoldingRangeKind.Region
