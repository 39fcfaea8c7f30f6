"""Formatting: whole scripts, whole items and statements of a range, and what has just been finished while typing.

A script with syntax errors is left alone, and nothing is changed unless the tree stays equal. Edits are small, so that no cursor
jumps; line ends stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lsprotocol import types as t

from gpttrace_lsp.formatting.edits import Change, kept
from gpttrace_lsp.formatting.layout import indent_of, laid_out
from gpttrace_lsp.formatting.parts import of_range, of_typed
from gpttrace_lsp.look import Look, worked

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server


def register(server: Server) -> None:
    """Register the three formattings."""

    async def edited(uri: str, change: Callable[[Look], list[Change]]) -> list[t.TextEdit] | None:
        look = await server.look(uri)
        if look is None or not look.tree.ok:
            return None if look is None else []
        return text_edits(look, await worked(len(look.text), lambda: change(look)))

    def indent(options: t.FormattingOptions) -> str:
        return indent_of(server.options.format_indent, options)

    @server.feature(t.TEXT_DOCUMENT_FORMATTING)
    async def formatted(params: t.DocumentFormattingParams) -> list[t.TextEdit] | None:
        with_indent = indent(params.options)
        return await edited(params.text_document.uri, lambda look: whole(look, with_indent))

    @server.feature(t.TEXT_DOCUMENT_RANGE_FORMATTING)
    async def ranged(params: t.DocumentRangeFormattingParams) -> list[t.TextEdit] | None:
        with_indent = indent(params.options)
        return await edited(
            params.text_document.uri, lambda look: in_range(look, *look.lines.span(params.range), with_indent)
        )

    @server.feature(
        t.TEXT_DOCUMENT_ON_TYPE_FORMATTING,
        t.DocumentOnTypeFormattingOptions("}", more_trigger_character=[";", "\n"]),
    )
    async def typed(params: t.DocumentOnTypeFormattingParams) -> list[t.TextEdit] | None:
        with_indent = indent(params.options)
        return await edited(
            params.text_document.uri,
            lambda look: when_typed(look, look.lines.offset(params.position), params.ch, with_indent),
        )


def whole(look: Look, indent: str = "\t") -> list[Change]:
    """Return the changes that lay a whole script out; none when it is so already, or does not parse."""
    return kept(look, [Change(0, len(look.text), laid_out(look, indent))]) if look.tree.ok else []


def in_range(look: Look, start: int, end: int, indent: str = "\t") -> list[Change]:
    """Return the changes that lay out the items and statements that lie wholly between two places."""
    return kept(look, of_range(look, start, end, indent)) if look.tree.ok else []


def when_typed(look: Look, offset: int, typed: str, indent: str = "\t") -> list[Change]:
    """Return the changes that lay out what `typed` (`}`, `;` or a new line) has just finished before `offset`."""
    return kept(look, of_typed(look, offset, typed, indent)) if look.tree.ok else []


def text_edits(look: Look, changes: Sequence[Change]) -> list[t.TextEdit]:
    """Return changes in the protocol's form."""
    return [t.TextEdit(look.lines.range(each.start, each.end), each.text) for each in changes]


__all__ = ["in_range", "register", "text_edits", "when_typed", "whole"]
