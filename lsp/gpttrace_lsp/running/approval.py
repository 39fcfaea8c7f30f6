"""Approval: a person agrees, for this one run, to a program that reads people's data."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types as t

if TYPE_CHECKING:
    from gpttrace_lsp.document import Document
    from gpttrace_lsp.server import Server

YES, NO = "Run", "Cancel"


async def approved(server: Server, document: Document, reads: Sequence[str], stopping: asyncio.Event) -> bool:
    """Ask, and return whether the answer was yes; no answer, and a stop before it, are no."""
    name = document.uri.rpartition("/")[2]
    ask = t.ShowMessageRequestParams(
        t.MessageType.Warning,
        f"{name} reads people's data: {', '.join(reads)}. Run it?",
        [t.MessageActionItem(YES), t.MessageActionItem(NO)],
    )
    answer = asyncio.ensure_future(server.window_show_message_request_async(ask))
    stopped = asyncio.ensure_future(stopping.wait())
    done, left = await asyncio.wait((answer, stopped), return_when=asyncio.FIRST_COMPLETED)
    for each in left:
        each.cancel()
    if answer not in done or answer.cancelled() or answer.exception() is not None:
        return False
    chosen = answer.result()
    return chosen is not None and chosen.title == YES
