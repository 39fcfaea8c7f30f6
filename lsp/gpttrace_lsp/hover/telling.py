"""What a hover says, as blocks: code, sentences and tables; Markdown for clients that take it, else plain text.

Names of the traced world are shown in code marks only, so that nothing in them is read as Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lsprotocol import types as t

MOST_ROWS = 24
_LONGEST = 200
_MOST_CODE = 2_000
_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~&]")


@dataclass(slots=True)
class Telling:
    """Blocks in order. `code` stands at the top; `say` is a sentence of ours, where `names` in back quotes are code."""

    blocks: list[tuple[str, str]] = field(default_factory=list)

    def code(self, text: str) -> Telling:
        """Add a piece of bpftrace or C."""
        self.blocks.append(("code", text if len(text) <= _MOST_CODE else text[: _MOST_CODE - 1] + "…"))
        return self

    def say(self, text: str | None) -> Telling:
        """Add a paragraph; nothing when there is nothing to say."""
        if text:
            self.blocks.append(("say", text))
        return self

    def text(self, text: str) -> Telling:
        """Add a paragraph that holds names as they are: nothing in it is Markdown."""
        self.blocks.append(("text", text))
        return self

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], code: int = 2) -> Telling:
        """Add a table whose first `code` columns are code; a long one is cut, and says so."""
        if rows:
            shown = rows[:MOST_ROWS]
            lines = ["\t".join(_cell(each) for each in row) for row in (head, *shown)]
            self.blocks.append((f"table{code}", "\n".join(lines)))
            if len(rows) > len(shown):
                self.say(f"and {len(rows) - len(shown)} more")
        return self

    def markdown(self) -> str:
        """Return it as Markdown."""
        return "\n\n".join(_marked_down(kind, text) for kind, text in self.blocks)

    def plain(self) -> str:
        """Return it as text."""
        return "\n\n".join(
            _aligned(text) if kind.startswith("table") else _bare(kind, text) for kind, text in self.blocks
        )

    def documentation(self, *, markdown: bool) -> t.MarkupContent:
        """Return it in the form that a client takes."""
        if markdown:
            return t.MarkupContent(t.MarkupKind.Markdown, self.markdown())
        return t.MarkupContent(t.MarkupKind.PlainText, self.plain())


def quoted(text: str) -> str:
    """Return a name in code marks, short and on one line."""
    line = "".join(char if char.isprintable() else "�" for char in text).replace("`", "'")
    return f"`{line if len(line) <= _LONGEST else line[: _LONGEST - 1] + '…'}`"


def _cell(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:_LONGEST]


def _marked_down(kind: str, text: str) -> str:
    if kind == "say":
        return text
    if kind == "text":
        return _SPECIAL.sub(r"\\\g<0>", text)
    if kind == "code":
        fence = "`" * max(3, 1 + max((len(run) for run in _runs(text)), default=0))
        return f"{fence}bpftrace\n{text}\n{fence}"
    head, *rows = [line.split("\t") for line in text.split("\n")]
    lines = [_row(head, 0), "|" + " --- |" * len(head), *(_row(row, int(kind[-1])) for row in rows)]
    return "\n".join(lines)


def _runs(text: str) -> list[str]:
    return ["`" * len(run) for run in "".join(char if char == "`" else " " for char in text).split()]


def _row(cells: list[str], code: int) -> str:
    shown = [quoted(cell) if at < code and cell else cell for at, cell in enumerate(cells)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in shown) + " |"


def _bare(kind: str, text: str) -> str:
    return text.replace("**", "") if kind == "say" else text


def _aligned(text: str) -> str:
    rows = [line.split("\t") for line in text.split("\n")]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
