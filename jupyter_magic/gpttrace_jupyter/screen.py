"""Where a trace is watched while it runs: one output of the notebook that changes in place, a terminal, or nowhere.

At most four updates a second, none larger than 50 kB: Jupyter servers drop the output of a kernel that says more.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from gpttrace_jupyter.markup import NOTHING, Shown, line, program, table

if TYPE_CHECKING:
    from gpttrace.cli.live import LiveView
    from gpttrace.trace import Table
    from gpttrace_jupyter.notebook import Notebook

PERIOD = 0.25  # seconds between two updates
LARGEST = 50_000  # bytes of one update
MOST_TABLES = 4
MOST_LINES = 24  # a longer program is folded: what changes stays in sight


class Screen(Protocol):
    """What a trace tells while it runs. `draw` may be called from any thread."""

    def note(self, text: str) -> None:
        """Say one sentence that stays."""

    def draw(self, status: str, tables: Sequence[Table] = (), notes: Sequence[str] = ()) -> None:
        """Show how far the trace is."""

    def finish(self, shown: Shown) -> None:
        """Show this in place of all that was shown."""

    def repeat(self) -> None:
        """Show the last once more, as an output of the cell that runs now."""


class Quiet:
    """Shows nothing."""

    def note(self, text: str) -> None:
        """Keep silent."""

    def draw(self, status: str, tables: Sequence[Table] = (), notes: Sequence[str] = ()) -> None:
        """Keep silent."""

    def finish(self, shown: Shown) -> None:
        """Keep silent."""

    def repeat(self) -> None:
        """Keep silent."""


class NotebookScreen:
    """One output of a cell, found again by its display id from wherever it is updated."""

    def __init__(self, text: str) -> None:
        self._program = program(text, folded=text.count("\n") > MOST_LINES)
        self._notes: list[str] = []
        self._handle: Any = None
        self._last = 0.0
        self._shown = NOTHING

    def note(self, text: str) -> None:
        """Say one sentence below the program."""
        self._notes.append(text)
        self._put(self._program + self._notes_shown())

    def draw(self, status: str, tables: Sequence[Table] = (), notes: Sequence[str] = ()) -> None:
        """Show program, status line and the heads of tables; nothing when the last update was a moment ago."""
        if time.monotonic() - self._last < PERIOD and self._handle is not None:
            return
        head = self._program + line(status, strong=True) + self._notes_shown(notes)
        body = NOTHING
        for each in tables[:MOST_TABLES]:
            body += table(each)
        whole = head + body
        self._put(whole if _size(whole) <= LARGEST else head)

    def finish(self, shown: Shown) -> None:
        """Put the summary where the live view was."""
        self._put(shown)

    def repeat(self) -> None:
        """Put the last where it is already: nbclient takes updates from the cell that runs, and no others."""
        if self._handle is not None:
            self._handle.update(self._shown.bundle(), raw=True)

    def _notes_shown(self, more: Sequence[str] = ()) -> Shown:
        shown = NOTHING
        for each in (*self._notes, *more):
            shown += line(each, dim=True)
        return shown

    def _put(self, shown: Shown) -> None:
        from IPython.display import display

        if shown == self._shown:
            return
        self._shown, self._last = shown, time.monotonic()
        if self._handle is None:
            self._handle = display(shown.bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(shown.bundle(), raw=True)


class TerminalScreen:
    """IPython in a terminal: the command line's own live view, and the summary as text on standard error."""

    def __init__(self, text: str) -> None:
        self._view: LiveView | None = None
        self._say(program(text).text)

    def note(self, text: str) -> None:
        """Say one sentence."""
        self._say(line(text).text)

    def draw(self, status: str, tables: Sequence[Table] = (), notes: Sequence[str] = ()) -> None:
        """Redraw the live view, where somebody watches."""
        import sys

        if not sys.stderr.isatty():
            return
        if self._view is None:
            from gpttrace.cli.live import LiveView

            self._view = LiveView()
        self._view.show(status, list(tables))

    def finish(self, shown: Shown) -> None:
        """Take the live view away and print the summary."""
        if self._view is not None:
            self._view.close()
            self._view = None
        self._say(shown.text)

    def repeat(self) -> None:
        """Leave it: it was printed."""

    @staticmethod
    def _say(text: str) -> None:
        from gpttrace.cli.failures import say

        if text:
            say(text)


def screen_for(notebook: Notebook, text: str, *, quiet: bool, behind: bool = False) -> Screen:
    """Return where a trace is watched in this notebook; one behind a terminal is not: it would draw over what is typed."""
    if quiet or (behind and notebook.is_terminal):
        return Quiet()
    return TerminalScreen(text) if notebook.is_terminal else NotebookScreen(text)


def _size(shown: Shown) -> int:
    return len(shown.text.encode()) + len(shown.html.encode())
