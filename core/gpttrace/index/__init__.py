"""The example index: our examples and catalogue, the tools of this machine and the user's folders, found by words and meaning.

Each name is imported when it is first used. Nothing here goes to the network unless the user names an embedding endpoint.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpttrace.index.face import find_examples, search_examples
    from gpttrace.index.header import Example
    from gpttrace.index.search import Found

_HOMES = {"Example": "header", "Found": "search", "find_examples": "face", "search_examples": "face"}

__all__ = ["Example", "Found", "find_examples", "search_examples"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"gpttrace.index.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
