"""Links to the files that a script includes and imports, where they exist."""

from __future__ import annotations

import asyncio
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as t
from pygls.uris import from_fs_path

from gpttrace.language import nodes as n
from gpttrace.language import walk
from gpttrace_lsp.look import Look

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

_INCLUDE = re.compile(r'#\s*include\s*(<[^>\n]+>|"[^"\n]+")')


def register(server: Server) -> None:
    """Register the links of a document."""

    @server.feature(t.TEXT_DOCUMENT_DOCUMENT_LINK)
    async def linked(params: t.DocumentLinkParams) -> list[t.DocumentLink] | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        look = await server.look_of(document)
        return await asyncio.to_thread(links, look, document.file)


def links(look: Look, file: Path | None) -> list[t.DocumentLink]:
    """Return a link for each `#include` and `import` whose file exists; `file` is the script's own path."""
    found = []
    for start, end, text in spans(look):
        target = included(text, file)
        if target is not None:
            # Without the quotes: what is underlined is the name.
            where = look.lines.range(start + 1, end - 1)
            found.append(t.DocumentLink(where, str(from_fs_path(str(target))), tooltip=str(target)))
    return found


def spans(look: Look) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, `<name>` or `"name"`) of each include and import."""
    for item in look.tree.items:
        if isinstance(item, n.CDefinition):
            match = _INCLUDE.match(item.text)
            if match is not None:
                yield item.start + match.start(1), item.start + match.end(1), match[1]
        elif isinstance(item, n.Import):
            yield item.path.start, item.path.end, item.path.text
        elif isinstance(item, n.Macro):
            for node in walk(item):
                if isinstance(node, n.ImportStmt):
                    yield node.path.start, node.path.end, node.path.text


def link_at(look: Look, offset: int) -> str | None:
    """Return the name with its quotes of the include or import at a place."""
    return next((text for start, end, text in spans(look) if start <= offset <= end), None)


def included(text: str, file: Path | None) -> Path | None:
    """Return the file that `<linux/fs.h>` or `"mine.h"` names; quoted names are looked for beside the script first."""
    name = text.strip('<>"')
    if not name or "\0" in name:
        return None
    beside = [file.parent] if file is not None and text.startswith('"') else []
    for folder in (*beside, *_folders()):
        path = folder / name
        if os.path.isfile(path):
            return path
    return None


def _folders() -> list[Path]:
    # Where bpftrace's clang looks: the kernel's headers as the distribution has them, then the C library's.
    build = Path("/lib/modules") / platform.release()
    arch = (
        "x86"
        if platform.machine() == "x86_64"
        else "arm64"
        if platform.machine() == "aarch64"
        else platform.machine()
    )
    kernel = [
        top / part
        for top in (build / "source", build / "build")
        for part in (f"arch/{arch}/include", "include", f"arch/{arch}/include/uapi", "include/uapi")
    ]
    return [*kernel, Path("/usr/include"), Path(f"/usr/include/{platform.machine()}-linux-gnu")]
