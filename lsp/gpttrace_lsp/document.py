"""Documents: the open texts, the last look at each, and the findings of slower tiers that move with the text.

The text is ours (pygls splits lines where the protocol does not), and equal to the client's after every change. Slow findings
stay where their place is still there, so that nothing flashes while somebody types.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from lsprotocol import types as t
from pygls.uris import to_fs_path

from gpttrace.language import Finding
from gpttrace_lsp.look import Look, worked
from gpttrace_lsp.positions import Edit, Encoding, Lines, moved

Tier = Literal["meaning", "compile", "verifier"]
LookAt = Callable[[Lines, int], Look]


@dataclass(slots=True)
class Slow:
    """What one slow tier last found; `version` is that of the text it was asked about, the places are today's."""

    version: int
    findings: tuple[Finding, ...]


@dataclass(slots=True, eq=False)
class Document:
    """One open text. `looked` may be of an older version; `look` gives that of the present one."""

    uri: str
    version: int
    lines: Lines
    looked: Look | None = None
    slow: dict[Tier, Slow] = field(default_factory=dict)
    took: float = 0.0  # seconds of the last look
    task: asyncio.Task[None] | None = None  # what is being found out about this version
    said: int = 0  # counts what was published, for result ids of pulled diagnostics
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _edits: list[tuple[int, Edit]] = field(default_factory=list)

    @property
    def file(self) -> Path | None:
        """The file, or None for a text that was never saved, or whose folder is gone."""
        path = to_fs_path(self.uri) if self.uri.startswith("file:") else None
        return Path(path) if path and Path(path).parent.is_dir() else None

    @property
    def folder(self) -> Path | None:
        """The folder that the file is in, where there is one."""
        return self.file.absolute().parent if self.file is not None else None

    def change(self, changes: Sequence[t.TextDocumentContentChangeEvent], version: int) -> None:
        """Apply the changes of one notification, in order."""
        for change in changes:
            self.lines, edit = self.lines.edited(change)
            self._edits.append((version, edit))
            for slow in self.slow.values():
                still = (moved(each, [edit], touched=True) for each in slow.findings)
                slow.findings = tuple(each for each in still if each is not None)
        self.version = version
        del self._edits[:-5_000]  # a check that is further behind is not worth placing

    def keep(self, tier: Tier, version: int, findings: Sequence[Finding]) -> None:
        """Keep what a tier found in a version, moved to where it stands now."""
        edits = [edit for number, edit in self._edits if number > version]
        still = (moved(each, edits, touched=True) for each in findings)
        self.slow[tier] = Slow(version, tuple(each for each in still if each is not None))

    async def look(self, look_at: LookAt) -> Look:
        """Return the look at the present version; long texts are looked at in a thread, one version at a time."""
        while self.looked is None or self.looked.version != self.version:
            async with self._lock:
                if self.looked is not None and self.looked.version == self.version:
                    break
                lines, version = self.lines, self.version
                began = asyncio.get_running_loop().time()
                # Both are bound now: the text may be another one before a thread begins.
                looked = await worked(len(lines.text), partial(look_at, lines, version))
                self.took = asyncio.get_running_loop().time() - began
                self.looked = looked
        assert self.looked is not None
        return self.looked


class Documents:
    """The open documents by URI."""

    def __init__(self) -> None:
        self._open: dict[str, Document] = {}
        self.encoding: Encoding = "utf-16"

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._open.values()))

    def get(self, uri: str) -> Document | None:
        """Return an open document; None when it is not open (its text on disk may be an older one)."""
        return self._open.get(uri)

    def open(self, item: t.TextDocumentItem) -> Document:
        """Take a document that the client opened."""
        document = Document(item.uri, item.version, Lines(item.text, self.encoding))
        self._open[item.uri] = document
        return document

    def close(self, uri: str) -> Document | None:
        """Forget a document, and return it."""
        return self._open.pop(uri, None)
