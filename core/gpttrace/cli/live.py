"""The live view on a terminal: one status line and the maps as they are, redrawn once a second on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpttrace.cli.text import table_text
from gpttrace.trace.table import Table

if TYPE_CHECKING:
    from rich.live import Live

MOST_ROWS = 10


class LiveView:
    """What is drawn and redrawn; it disappears when the result is printed."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self.wants_tables = True
        self._status = "attaching …"
        self._body = ""
        self._live: Live = Live(console=Console(stderr=True), transient=True, auto_refresh=False)
        self._live.start()
        self._draw()

    def phase(self, phase: str, text: str) -> None:
        """Show that the trace entered a phase: attaching, tracing, detaching."""
        self._status = text if phase != "ended" else "reading the result"
        self._draw()

    def update(self, seconds: float, rows: int, tables: list[Table]) -> None:
        """Show how far the trace is and what the maps hold."""
        counted = f", {rows:,} rows" if rows else ""
        self.show(f"tracing for {seconds:.0f} s{counted}; ^C ends it and shows the result", tables)

    def show(self, status: str, tables: list[Table]) -> None:
        """Show a status line below the maps."""
        self._status = status
        shown = [table for table in tables if len(table)]
        self._body = "\n".join(table_text(table, most_rows=MOST_ROWS, rest="") for table in shown)
        self._draw()

    def pause(self) -> None:
        """Take the view away while other text is printed on the same terminal."""
        self._live.update("", refresh=True)

    def close(self) -> None:
        """Take the view away for good."""
        self._live.update("")
        self._live.stop()

    def _draw(self) -> None:
        from rich.text import Text

        text = Text(self._body + ("\n" if self._body else ""))
        text.append(self._status, style="dim")
        self._live.update(text, refresh=True)
