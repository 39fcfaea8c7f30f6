"""The example index: our examples and catalogue, the tools of this machine and the user's folders, found by words and meaning.

Each name is imported when it is first used. Nothing here goes to the network unless the user names an embedding endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpttrace.lazily import lazily

if TYPE_CHECKING:
    from gpttrace.index.face import find_examples, search_examples
    from gpttrace.index.header import Example
    from gpttrace.index.search import Found

_HOMES = {"Example": "header", "Found": "search", "find_examples": "face", "search_examples": "face"}

__all__ = ["Example", "Found", "find_examples", "search_examples"]

__getattr__ = lazily(__name__, _HOMES)
