"""Every feature's module, in one list; each has `register(server)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gpttrace_lsp import (
    actions,
    colours,
    completion,
    explaining,
    formatting,
    generating,
    hints,
    hover,
    lenses,
    links,
    matches,
    navigate,
    outline,
    running,
    signature,
    syncing,
    verifying,
)

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server


class Feature(Protocol):
    """A module of features."""

    def register(self, server: Server) -> None:
        """Tell the server which requests it answers."""


MODULES: tuple[Feature, ...] = (
    syncing,
    actions,
    completion,
    signature,
    explaining,
    generating,
    lenses,
    matches,
    running,
    verifying,
    colours,
    formatting,
    hints,
    hover,
    links,
    navigate,
    outline,
)
