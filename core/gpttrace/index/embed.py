"""Embed: which embedding there is, if any, behind one small face. Its identity goes into the index with the vectors.

An endpoint that the user named, else the weights on this machine, else none: then everything works by words alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gpttrace.errors import GpttraceError
from gpttrace.index.places import Endpoint, Places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpttrace.index.header import Example

_MOST_QUESTIONS, _MOST_TEXT = 5, 400  # time grows with the text, and what is said first says most


class NoEmbedding(GpttraceError):
    """The embedding did not answer; what is asked is then searched by words alone."""


class Embedding(Hashable, Protocol):
    """Text to rows of length 1. `identity` changes when the same text would give another row."""

    @property
    def identity(self) -> str:
        """Name, form, dimension and hash."""

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return one float32 row for each text; NoEmbedding when that cannot be done."""


def identity_here(places: Places) -> str:
    """Return the identity of the embedding that `find_embedding` would give, without loading it; "" for none."""
    if places.endpoint is not None:
        from gpttrace.index.endpoint import identity_of

        return identity_of(places.endpoint)
    from gpttrace.index.weights import IDENTITY

    return IDENTITY if _stamp(places.weights) is not None and _has_numpy() else ""


def find_embedding(places: Places) -> Embedding | None:
    """Return the embedding of these places, loaded once for a process; None when there is none that works."""
    if places.endpoint is not None:
        return _remote(places.endpoint)
    stamp = _stamp(places.weights)
    return _minilm(places.weights, stamp) if stamp is not None and _has_numpy() else None


def embedded_text(example: Example) -> str:
    """Return the text of an example that is embedded: its title and its questions."""
    return ". ".join((example.title.rstrip("."), *example.questions[:_MOST_QUESTIONS]))[:_MOST_TEXT]


def hash_of(text: str) -> str:
    """Return the key of a text among the vectors."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


@lru_cache(maxsize=4)
def _remote(endpoint: Endpoint) -> Embedding:
    from gpttrace.index.endpoint import RemoteEmbedding

    return RemoteEmbedding(endpoint)


@lru_cache(maxsize=1)
def _minilm(path: Path, stamp: tuple[int, int]) -> Embedding | None:
    from gpttrace.index.minilm import load_minilm

    return load_minilm(path)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=1)
def _has_numpy() -> bool:
    from importlib.util import find_spec

    return find_spec("numpy") is not None
