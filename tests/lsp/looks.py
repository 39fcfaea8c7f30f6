"""Looks for tests: a text with a cursor, looked at with a host that a test made, or with none."""

from __future__ import annotations

from gpttrace.check.policy import DEFAULT
from gpttrace.host import Host
from gpttrace_lsp.look import Look, look_at
from gpttrace_lsp.positions import Lines


def look_of(text: str, host: Host | None = None) -> Look:
    """Return the look at a text."""
    return look_at(Lines(text), 1, host, DEFAULT)


def pointed(text: str, host: Host | None = None, mark: str = "¦") -> tuple[Look, int]:
    """Return the look at a text without its mark, and where the mark stood."""
    offset = text.index(mark)
    return look_of(text.replace(mark, "", 1), host), offset
