"""Changes of a text made small: line by line, and within a line only what differs; none at all when the meaning would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from gpttrace.language import parse
from gpttrace_lsp.look import Look

_LONG = 100  # columns, a tab counting 8
_MOST_COMPARED = 3_000  # lines; comparing more costs more than a small edit is worth


class Change(NamedTuple):
    """Characters `start` to `end` become `text`."""

    start: int
    end: int
    text: str


def kept(look: Look, wanted: Sequence[Change]) -> list[Change]:
    """Return the changes, made small; none when the tree, or a comment, would be another one afterwards."""
    changes = [small for each in wanted for small in _small(look.text, each)]
    if not changes:
        return []
    after = parse(applied(look.text, changes).replace("\r\n", "\n"))
    before = parse(look.text.replace("\r\n", "\n")) if "\r" in look.text else look.tree
    same = after.ok and after == before and _said(after.comments) == _said(before.comments)
    return changes if same else []


def _said(comments: Sequence[object]) -> list[str]:
    return sorted(str(getattr(each, "text", "")).rstrip() for each in comments)


def applied(text: str, changes: Sequence[Change]) -> str:
    """Return a text after changes that do not overlap."""
    for each in sorted(changes, reverse=True):
        text = text[: each.start] + each.text + text[each.end :]
    return text


def _small(text: str, change: Change) -> Iterator[Change]:
    before = _lines(text[change.start : change.end])
    after = _lines(change.text)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    at = change.start + sum(map(len, before[:head]))
    if len(old) > _MOST_COMPARED or len(new) > _MOST_COMPARED:
        yield from _trimmed(text, at, "".join(old), "".join(new))
        return
    starts = [at]
    for line in old:
        starts.append(starts[-1] + len(line))
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from _lines_changed(text, starts[a], old[a:b], new[c:d])


def _lines_changed(text: str, at: int, old: list[str], new: list[str]) -> Iterator[Change]:
    for before, after in _groups(old, new):
        if not _wrapped_by_hand(before, after):
            yield from _trimmed(text, at, "".join(before), "".join(after))
        at += sum(map(len, before))


def _groups(old: list[str], new: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield runs of lines that hold the same but for blanks; where more than blanks differs, the rest together."""
    while old and new:
        i = j = 1
        left, right = _squashed(old[0]), _squashed(new[0])
        while left != right and (i < len(old) if len(left) <= len(right) else j < len(new)):
            if len(left) <= len(right):
                left, i = left + _squashed(old[i]), i + 1
            else:
                right, j = right + _squashed(new[j]), j + 1
        if left != right:
            break
        yield old[:i], new[:j]
        old, new = old[i:], new[j:]
    if len(old) == len(new):
        yield from (([before], [after]) for before, after in zip(old, new, strict=True))
    else:
        yield old, new


def _squashed(line: str) -> str:
    return "".join(line.split())


def _wrapped_by_hand(before: list[str], after: list[str]) -> bool:
    # A long call that its author broke into lines is not made one line that nobody can read.
    return len(before) > 1 and len(after) == 1 and len(after[0].rstrip().expandtabs(8)) > _LONG


def _trimmed(text: str, at: int, old: str, new: str) -> Iterator[Change]:
    if old == new:
        return
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    start, end = at + head, at + len(old) - tail
    middle = new[head : len(new) - tail]
    # No position is between `\r` and `\n`.
    if text[start - 1 : start + 1] == "\r\n":
        start, middle = start - 1, "\r" + middle
    if text[end - 1 : end + 1] == "\r\n":
        end, middle = end + 1, middle + "\n"
    yield Change(start, end, middle)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [*(line + "\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    least = min(len(left), len(right))
    return next((at for at in range(least) if left[at] != right[at]), least)
