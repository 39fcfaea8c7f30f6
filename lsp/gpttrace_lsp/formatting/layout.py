"""A script laid out: each item as the printer has it, what the author left open (blank lines, where `{` stands) as it was.

Line ends are the document's own, the indentation is the wanted one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Literal, NamedTuple

from lsprotocol import types as t

from gpttrace.language import Program, format_tree, parse
from gpttrace.language import nodes as n
from gpttrace_lsp.look import Look

_WIDEST = 16


class Part(NamedTuple):
    """An item, a comment between items, or the shebang: its place in the source, and how it is printed."""

    start: int
    end: int
    text: str
    item: n.Item | None


def indent_of(setting: Literal["tab", "editor"], options: t.FormattingOptions) -> str:
    """Return one step of indentation: ours is a tab, the editor's may be spaces."""
    if setting == "tab" or not options.insert_spaces:
        return "\t"
    return " " * min(max(options.tab_size, 1), _WIDEST)


def laid_out(look: Look, indent: str) -> str:
    """Return the whole script laid out."""
    out: list[str] = []
    before: Part | None = None
    for part in _parts(look):
        between = _between(look.text, before, part) if before is not None else ""
        out += [between, part.text]
        # A comment at the end of a line belongs to what stands before it.
        before = part._replace(item=before.item) if before is not None and between == " " else part
    text = "".join(out) + ("\n" if out else "")
    mark = "\ufeff" if look.text.startswith("\ufeff") else ""
    return mark + with_ends(indented(text.replace("\r\n", "\n"), indent), line_end(look.text))


def printed(look: Look, item: n.Item) -> str:
    """Return an item as the printer has it, with the comments inside it; `{` stays on a line of its own."""
    text = printed_between(look, item, item.start, item.end)
    if isinstance(item, n.Probe) and item.points and item.predicate is None:
        point = item.points[-1]
        apart = look.text[point.end : item.body.start].strip(" \t\r") == "\n"
        if apart and len(item.points) == 1 and text.startswith(f"{point.text} {{\n"):
            return point.text + "\n" + text[len(point.text) + 1 :]
    return text


def printed_between(look: Look, item: n.Item, start: int, end: int) -> str:
    """Return a tree as the printer has it, with the script's comments between two places."""
    comments = look.tree.comments
    first = bisect_left(comments, start, key=lambda each: each.start)
    last = bisect_right(comments, end, key=lambda each: each.end)
    program = Program(items=[item], comments=comments[first:last], source=look.tree.source, end=end)
    return format_tree(program).rstrip("\n")


def _parts(look: Look) -> Iterator[Part]:
    if look.tree.shebang:
        start = look.text.index("#!")
        yield Part(start, start + len(look.tree.shebang), look.tree.shebang.rstrip(), None)
    comments = iter(look.tree.comments)
    comment = next(comments, None)
    for item in [*look.tree.items, None]:
        stop = item.start if item is not None else len(look.text) + 1
        while comment is not None and comment.start < stop:
            yield Part(comment.start, comment.end, comment.text.rstrip(), None)
            comment = next(comments, None)
        if item is not None:
            yield Part(item.start, item.end, printed(look, item), item)
            while comment is not None and comment.start < item.end:
                comment = next(comments, None)


def _between(text: str, before: Part, part: Part) -> str:
    lines = text.count("\n", before.end, part.start)
    if part.item is None and lines == 0:
        return " "  # a comment at the end of a line
    apart = before.item is not None and not _small(before.item)
    if part.item is not None and before.item is not None:
        apart = not (_small(before.item) and type(before.item) is type(part.item) and _small(part.item))
    return "\n\n" if apart or lines > 1 else "\n"


def _small(item: n.Item) -> bool:
    return isinstance(item, n.Import | n.MapDecl) or (
        isinstance(item, n.CDefinition) and item.text.startswith("#")
    )


def line_end(text: str) -> str:
    """Return how the lines of a text end, which is how its first one does."""
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def with_ends(text: str, end: str) -> str:
    """Return a text with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\n", end)


def indented(text: str, indent: str) -> str:
    """Return a printed text with another indentation than tabs; what comments and C text hold stays as it is."""
    if indent == "\t":
        return text
    lines = text.split("\n")
    inside = _within(parse(text))
    at = 0
    for number, line in enumerate(lines):
        bare = line.lstrip("\t")
        if not _is_inside(inside, at):
            lines[number] = indent * (len(line) - len(bare)) + bare
        at += len(line) + 1
    return "\n".join(lines)


def _within(tree: Program) -> list[tuple[int, int]]:
    kept = [(each.start, each.end) for each in tree.comments]
    kept += [(item.start, item.end) for item in tree.items if isinstance(item, n.CDefinition)]
    return sorted(kept)


def _is_inside(spans: list[tuple[int, int]], at: int) -> bool:
    before = bisect_right(spans, (at, 0)) - 1
    return before >= 0 and spans[before][0] < at < spans[before][1]
