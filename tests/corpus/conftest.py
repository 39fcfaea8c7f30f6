"""The corpus, read once."""

from __future__ import annotations

from pathlib import Path

import gpttrace_corpus
from gpttrace.index.header import Example, read_example

FOLDER = Path(gpttrace_corpus.__file__).parent / "examples"


def examples() -> list[Example]:
    """Return every example of the corpus."""
    paths = sorted(FOLDER.glob("*.bt"))
    return [read_example(path.stem, str(path), path.read_text(encoding="utf-8"), "corpus") for path in paths]
