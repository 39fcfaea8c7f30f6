"""Replacing parts of a text by others that quote pieces of it, with a map from the result back to the source.

Edits may lie inside pieces that other edits quote: `printf("%s", @a[k])` becomes `print((1, @a[k, 0]))` by two edits
that know nothing of each other. Everything outside the edits stays as the author wrote it, line for line.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from gpttrace.trace.plan import Piece

# A literal, or a range of the source.
Part = str | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edit:
    """`parts` in place of source[start:end]; an empty range inserts."""

    start: int
    end: int
    parts: tuple[Part, ...]


@dataclass(slots=True)
class Edits:
    """The edits of one text, in any order; `apply` may be called once all are in."""

    source: str
    all: list[Edit] = field(default_factory=list)

    def replace(self, start: int, end: int, *parts: Part) -> None:
        """Put `parts` in place of a range."""
        self.all.append(Edit(start, end, parts))

    def insert(self, at: int, text: str) -> None:
        """Put `text` before the character at `at`; texts for one place come in the order of their insertion."""
        self.all.append(Edit(at, at, (text,)))

    def apply(self) -> tuple[str, tuple[Piece, ...]]:
        """Return the edited text and where its pieces come from."""
        out = _Output(self.source, self.all)
        out.copy(0, len(self.source))
        return "".join(out.texts), tuple(out.pieces)


class _Output:
    def __init__(self, source: str, edits: list[Edit]) -> None:
        # At one place: insertions, then the widest replacement (the others lie inside it).
        self.source = source
        self.edits = sorted(edits, key=lambda edit: (edit.start, edit.end > edit.start, -edit.end))
        self.starts = [edit.start for edit in self.edits]
        self.texts: list[str] = []
        self.pieces: list[Piece] = []
        self.length = 0

    def copy(self, start: int, end: int, outer: Edit | None = None) -> None:
        at = start
        for edit in self.edits[bisect_left(self.starts, start) :]:
            if edit.start > end:
                break
            if edit.start < at or edit.end > end or edit is outer or self._encloses(edit, outer):
                continue
            self._add(self.source[at : edit.start], at, verbatim=True)
            for part in edit.parts:
                if isinstance(part, str):
                    self._add(part, edit.start, verbatim=False)
                else:
                    self.copy(*part, outer=edit)
            at = edit.end
        self._add(self.source[at:end], at, verbatim=True)

    @staticmethod
    def _encloses(edit: Edit, outer: Edit | None) -> bool:
        # An insertion at the very edge of a replaced range belongs outside of it.
        return outer is not None and edit.start == edit.end and edit.start in (outer.start, outer.end)

    def _add(self, text: str, origin: int, *, verbatim: bool) -> None:
        if text:
            self.pieces.append(Piece(self.length, origin, verbatim))
            self.texts.append(text)
            self.length += len(text)
