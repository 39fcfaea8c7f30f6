"""Symbols of all scripts of the workspace: of open documents as they are, of other `.bt` files as they were when last read.

Bounded in files, in size and in answers; a file is read again only when it changed. Runs on a thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lsprotocol import types as t
from pygls.uris import from_fs_path, to_fs_path

from gpttrace.language import parse
from gpttrace_lsp.look import Look
from gpttrace_lsp.outline.symbols import flat, symbols
from gpttrace_lsp.positions import Encoding, Lines

MOST_FILES = 2_000
MOST_FOLDERS = 20_000
LARGEST_FILE = 1024 * 1024
MOST_ANSWERS = 500
_SKIPPED = frozenset(("node_modules", "__pycache__", "venv", "target", "dist", "build"))
State = tuple[int, int, Encoding]


class Workspace:
    """What is known of files that are not open."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[State, list[t.SymbolInformation]]] = {}

    def search(
        self, query: str, folders: Sequence[str], looks: Mapping[str, Look], encoding: Encoding
    ) -> list[t.SymbolInformation]:
        """Return the symbols that a query means, those that begin with it first; all of them for an empty one."""
        found = [
            each for uri, look in looks.items() for each in _informed(uri, symbols(look.tree, look.lines))
        ]
        paths = dict.fromkeys(path for folder in folders for path in _scripts(folder))
        for path in list(paths)[:MOST_FILES]:
            uri = str(from_fs_path(path))
            if uri not in looks:
                found += self._of_file(path, uri, encoding)
        ranked = [
            (rank, at) for at, each in enumerate(found) if (rank := _rank(query, each.name)) is not None
        ]
        return [found[at] for _, at in sorted(ranked)[:MOST_ANSWERS]]

    def _of_file(self, path: str, uri: str, encoding: Encoding) -> list[t.SymbolInformation]:
        try:
            stat = os.stat(path)
            state = (stat.st_mtime_ns, stat.st_size, encoding)
            known = self._read.get(path)
            if known is not None and known[0] == state:
                return known[1]
            if stat.st_size > LARGEST_FILE:
                return []
            text = Path(path).read_bytes().decode("utf-8", "replace")
        except OSError:
            return []
        found = list(_informed(uri, symbols(parse(text), Lines(text, encoding))))
        self._read[path] = (state, found)
        while len(self._read) > MOST_FILES:
            del self._read[next(iter(self._read))]
        return found


def _informed(uri: str, nested: list[t.DocumentSymbol]) -> Iterator[t.SymbolInformation]:
    for each, within in flat(nested):
        place = t.Location(uri, each.selection_range)
        yield t.SymbolInformation(place, each.name, each.kind, container_name=within)


def _scripts(folder: str) -> Iterator[str]:
    # Links to folders are not followed: they may go round.
    top = to_fs_path(folder) if folder.startswith("file:") else None
    for seen, (where, folders, files) in enumerate(os.walk(top) if top else ()):
        if seen >= MOST_FOLDERS:
            return
        folders[:] = sorted(each for each in folders if each[0] != "." and each not in _SKIPPED)
        yield from (os.path.join(where, each) for each in sorted(files) if each.endswith(".bt"))


def _rank(query: str, name: str) -> int | None:
    word, text = query.lower(), name.lower()
    if text.lstrip("@").startswith(word.lstrip("@")):
        return 0
    if word in text:
        return 1
    left = iter(text)
    return 2 if all(char in left for char in word) else None
