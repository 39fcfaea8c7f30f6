"""What the magic needs of the IPython that it lives in: its variables, showing, asking a person, which cell is running."""

from __future__ import annotations

import sys
from typing import Any

from gpttrace_jupyter.markup import Shown


class Notebook:
    """One IPython: a kernel behind some front end, or a terminal."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    @property
    def names(self) -> dict[str, Any]:
        """The variables of the notebook themselves, not a copy."""
        names: dict[str, Any] = self.shell.user_ns
        return names

    @property
    def is_terminal(self) -> bool:
        """Tell whether it draws on a terminal of its own."""
        from IPython.terminal.interactiveshell import TerminalInteractiveShell

        return isinstance(self.shell, TerminalInteractiveShell)

    @property
    def can_ask(self) -> bool:
        """Tell whether a person can be asked: a kernel knows whether its front end takes questions."""
        kernel = getattr(self.shell, "kernel", None)
        if kernel is not None:
            return bool(getattr(kernel, "_allow_stdin", False))
        return self.is_terminal and sys.stdin.isatty()

    def ask(self, question: str) -> bool:
        """Ask a person; anything but yes is no. Only from the notebook's own thread."""
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    def show(self, shown: Shown) -> None:
        """Show something: as an output of the cell, or as text on standard error of a terminal."""
        from IPython.display import display

        if not shown.text and not shown.html:
            return
        if self.is_terminal:
            print(shown.text, file=sys.stderr)  # noqa: T201  # IPython's own terminal
        else:
            display({kind: text for kind, text in shown.bundle().items() if text}, raw=True)  # type: ignore[no-untyped-call]

    def show_picture(self, picture: object) -> None:
        """Show an object in the best way that the front end has."""
        from IPython.display import display

        display(picture)  # type: ignore[no-untyped-call]

    def cell_key(self, text: str) -> tuple[str, str]:
        """Return what makes a cell the same cell when it is run again (the front end's own id, else its text), and this turn."""
        parent = self.shell.get_parent() if hasattr(self.shell, "get_parent") else {}
        cell = parent.get("metadata", {}).get("cellId")
        turn = parent.get("header", {}).get("msg_id", self.shell.execution_count)
        return str(cell) if cell else text, str(turn)
