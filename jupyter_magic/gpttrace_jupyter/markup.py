"""What a notebook shows, as text and as HTML of the same content: programs, tables, findings, the state of a trace.

All text that comes from a traced machine, a model or a user is escaped here, and nowhere else is HTML made of it. Colours are
those of the notebook's theme where it has some, and readable on light and dark otherwise.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gpttrace.cli.colour import pieces
from gpttrace.cli.text import cell, finding_text, is_number, printable, table_text
from gpttrace.language import Finding, Source
from gpttrace.trace.table import Table

MOST_ROWS = 10
MOST_PROGRAM = 8_000  # characters of a program that are shown
_MOST_CELL = 100
_COLOURS = {
    "comment": ("comment", "#7a8288"),
    "string": ("string", "#b5651d"),
    "probe": ("keyword", "#2f7fd6"),
    "predicate": ("operator", "#a05fc4"),
    "map": ("variable-3", "#c07a00"),
    "variable": ("variable-2", "#0f8f8f"),
    "number": ("number", "#1f9a50"),
    "keyword": ("keyword", "#2f7fd6"),
    "function": ("builtin", "#2f7fd6"),
}
_PRE = "margin:0;white-space:pre;overflow-x:auto;font-size:90%"
_TITLE = "margin-top:.3em;font:600 90% var(--jp-code-font-family,monospace)"
_TABLE = "border-collapse:collapse;margin:.3em 0;font-size:90%"


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing to show, for front ends that take HTML and for those that do not."""

    text: str
    html: str

    def bundle(self) -> dict[str, str]:
        """Return it as Jupyter wants it."""
        return {"text/plain": self.text, "text/html": self.html}

    def __add__(self, other: Shown) -> Shown:
        return Shown("\n".join(part for part in (self.text, other.text) if part), f"{self.html}{other.html}")


NOTHING = Shown("", "")


def escaped(text: str) -> str:
    """Return text for HTML: markup is text, and what is not printable an escape that can be seen."""
    return html.escape(printable(text))


def _clean(text: str) -> str:
    """Return text of several lines in which nothing but the lines is obeyed."""
    return "\n".join(printable(each.expandtabs(4)) for each in text.split("\n"))


def _lines(text: str) -> str:
    return "\n".join(escaped(line.expandtabs(4)) for line in text.split("\n"))


def line(text: str, *, dim: bool = False, strong: bool = False) -> Shown:
    """Show one sentence."""
    style = "opacity:.75" if dim else "font-weight:600" if strong else ""
    return Shown(printable(text), f'<div style="{style}">{escaped(text)}</div>')


def sentences(text: str) -> Shown:
    """Show sentences, one a line."""
    kept = [each for each in text.splitlines() if each.strip()]
    body = "".join(f"<div>{escaped(each)}</div>" for each in kept)
    return Shown("\n".join(map(printable, kept)), body)


def program(text: str, *, folded: bool = False) -> Shown:
    """Show a program with colours; `folded` hides it behind a click where there is HTML, and leaves it out of the text."""
    shown = text.rstrip("\n")
    if len(shown) > MOST_PROGRAM:
        shown = shown[:MOST_PROGRAM] + "\n// … (cut here)"
    painted = "".join(_painted(kind, piece) for kind, piece in pieces(shown))
    body = f'<pre style="{_PRE}"><code>{painted}</code></pre>'
    if folded:
        return Shown("", f"<details><summary>program</summary>{body}</details>")
    return Shown(_clean(shown), body)


def _painted(kind: str, piece: str) -> str:
    if kind not in _COLOURS:
        return _lines(piece)
    name, colour = _COLOURS[kind]
    return f'<span style="color:var(--jp-mirror-editor-{name}-color,{colour})">{_lines(piece)}</span>'


def table(of: Table, *, most_rows: int = MOST_ROWS) -> Shown:
    """Show the first rows of a table, the largest of a map."""
    text = _clean(table_text(of, most_rows=most_rows, rest=""))
    if of.kind == "hist" or any(column.type == "stack" for column in of.columns) or not len(of):
        kept = text.split("\n")[: 4 * most_rows]
        title, below = (_title(of), kept[1:]) if kept[0] == printable(of.name) else ("", kept)
        return Shown("\n".join(kept), f'{title}<pre style="{_PRE}">{_lines(chr(10).join(below))}</pre>')
    return Shown(text, _grid(of, most_rows))


def _title(of: Table) -> str:
    return f'<div style="{_TITLE}">{escaped(of.name)}</div>'


def _grid(of: Table, most_rows: int) -> str:
    heads = "".join(
        f'<th style="text-align:{_side(number)};padding:1px 8px">{escaped(each.name)}'
        f"{f' ({escaped(each.unit)})' if each.unit else ''}</th>"
        for each, number in zip(of.columns, map(is_number, of.columns), strict=True)
    )
    rows = [row for row, _ in zip(of.rows(), range(most_rows), strict=False)]
    numeric = [is_number(each) for each in of.columns]
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{_side(number)};padding:1px 8px">{_cell(value)}</td>'
            for value, number in zip(row, numeric, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    more = (
        f'<div style="opacity:.75">… {len(of) - len(rows):,} more rows</div>' if len(of) > len(rows) else ""
    )
    return f'{_title(of)}<table style="{_TABLE}"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}'


def _side(number: bool) -> str:
    return "right" if number else "left"


def _cell(value: object) -> str:
    text = cell(value)
    return escaped(text if len(text) <= _MOST_CELL else text[: _MOST_CELL - 1] + "…")


def findings(found: Sequence[Finding], text: str, *, above: int, name: str) -> Shown:
    """Show findings under the lines of the cell, a mark below each place; `above` lines of the cell stand before the program."""
    source = Source("\n" * above + text)
    shown = NOTHING
    for each in found:
        moved = each if each.end == 0 else replace(each, start=each.start + above, end=each.end + above)
        said = _clean(finding_text(moved, source, name))
        head, _, rest = said.partition("\n")
        colour = "#d03b3b" if each.severity == "error" else "#b87a00"
        block = f'<div style="color:{colour};font-weight:600">{escaped(head)}</div>'
        shown += Shown(said, block + (f'<pre style="{_PRE}">{_lines(rest)}</pre>' if rest else ""))
    return shown
