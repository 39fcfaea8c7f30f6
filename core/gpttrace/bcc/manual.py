"""What is known of a tool that is not in our data: the line of its manual page that says what it is, or its own summary."""

from __future__ import annotations

import gzip
import re
from contextlib import suppress
from pathlib import Path

from gpttrace.bcc.asking import remembered_description
from gpttrace.bcc.installed import Installed
from gpttrace.bcc.known import Known
from gpttrace.spec import vocabulary
from gpttrace.spec.words import tokenize

MANUALS = (Path("/usr/share/man/man8"), Path("/usr/local/share/man/man8"), Path("/usr/share/bcc/man/man8"))
MOST_READ = 64 << 10
_NAME = re.compile(r'^\.SH "?NAME"?\s*\n(.*?)\s*(?:\\?-|--)\s+(.*)$', re.MULTILINE)


def known_from(tool: Installed, cache_dir: Path) -> Known:
    """Return what an unknown tool says of itself; every two words of it that carry meaning are a phrase."""
    what = _from_manual(tool) or _from_help(tool, cache_dir) or f"The tool {tool.name}."
    words = list(
        dict.fromkeys(
            token.stem
            for token in tokenize(what)
            if token.kind in ("word", "io") and token.stem not in vocabulary.EMPTY and len(token.stem) > 2
        )
    )[:8]
    pairs = [frozenset((one, other)) for at, one in enumerate(words) for other in words[at + 1 :]]
    return Known(tool.name, what, names=tuple(pairs), also=frozenset(words), example=what)


def _from_manual(tool: Installed) -> str | None:
    for folder in MANUALS:
        for name in (f"{tool.command}.8.gz", f"{tool.command}.8", f"{tool.name}.8"):
            with suppress(OSError, EOFError):
                path = folder / name
                with path.open("rb") as file:
                    raw = gzip.GzipFile(fileobj=file) if name.endswith(".gz") else file
                    text = raw.read(MOST_READ).decode(errors="replace")
                if match := _NAME.search(text):
                    return re.sub(r"\\f.|\\", "", match[2].split(". Uses")[0]).strip()[:200]
    return None


def _from_help(tool: Installed, cache_dir: Path) -> str | None:
    told = remembered_description(tool, cache_dir)
    return told.description.summary or None if told and told.description else None
