"""Showing Markdown to a person whose client has no place of its own for it: as a document, else as a message.

The documents are files of this user only, in the state folder; the last twenty are kept.
"""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as t
from pygls.uris import from_fs_path

from gpttrace_lsp.calling import tell

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

FOLDER = "editor"
KEPT = 20
PATIENCE = 5.0  # seconds for a client's answer
_LONGEST_MESSAGE = 400
_NUMBERS = count(1)


async def show_markdown(server: Server, name: str, text: str) -> None:
    """Show a text in the editor; a client with a panel shows what commands return by itself, and is left alone."""
    if server.panel:
        return
    window = server.client_capabilities.window
    if window is not None and window.show_document is not None and window.show_document.support:
        path = await asyncio.to_thread(_written, server.hosting.settings.state_dir, name, text)
        if path is not None and await _opened(server, path):
            return
    tell(server, _short(text))


async def _opened(server: Server, path: Path) -> bool:
    uri = from_fs_path(str(path))
    if uri is None:
        return False
    with suppress(Exception):  # refused, answered with nonsense, or not at all
        asked = server.window_show_document_async(t.ShowDocumentParams(uri, take_focus=False))
        return bool((await asyncio.wait_for(asked, PATIENCE)).success)
    return False


def _written(state_dir: Path, name: str, text: str) -> Path | None:
    """Write a file and return its path; None where the state folder takes none."""
    from gpttrace.trace.spool import make_private  # a client with a panel never comes here

    folder = state_dir.absolute() / FOLDER
    word = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or "text"
    path = folder / f"{word}-{os.getpid()}-{next(_NUMBERS)}.md"
    try:
        make_private(state_dir.absolute(), folder)
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb"
        ) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError:
        return None
    _clean(folder)
    return path


def _clean(folder: Path) -> None:
    aged = sorted(folder.glob("*.md"), key=lambda path: path.stat().st_mtime_ns)
    for path in aged[:-KEPT]:
        with suppress(OSError):
            path.unlink()


def _short(text: str) -> str:
    line = " ".join(part for part in re.sub(r"[`*#|]+", "", text).split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"
