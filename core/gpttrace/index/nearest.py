"""Nearest: the examples whose vectors are nearest to a question's, best first. All are compared while that is quick; of many, the
bits (sqlite-vec, else NumPy) choose some hundred, and those are compared exactly together with the ones that words found.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import apsw

from gpttrace.index.embed import Embedding
from gpttrace.index.schema import one, rows
from gpttrace.index.store import Index
from gpttrace.index.vectors import MANY, bits_of, has_bits, packed

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHOSEN = 256
_ASKING = threading.Lock()


def nearest(index: Index, row: NDArray[Any], among: Sequence[int], limit: int) -> list[tuple[int, float]]:
    """Return (example, cosine) of the nearest; `among` are further candidates where not all are compared."""
    if "vectors" not in index.kept:
        index.kept["vectors"] = one(index.database, "select count(*) from vectors")
    if index.kept["vectors"] < MANY:
        ids, matrix = _matrix(index)
    else:
        ids, matrix = _rows(index.database, {*_chosen(index, row), *among})
    if not len(ids) or matrix.shape[1] != len(row):
        return []
    cosines = matrix @ row
    best = (-cosines).argsort(kind="stable")[:limit]
    return [(int(ids[at]), float(cosines[at])) for at in best]


@lru_cache(maxsize=512)  # an embedding is made once for a process, see find_embedding
def _remembered(embedding: Embedding, question: str) -> NDArray[Any]:
    row: NDArray[Any] = embedding.embed([question])[0]
    return row


def question_row(embedding: Embedding, question: str) -> NDArray[Any]:
    """Return the row of a question; NoEmbedding when it cannot be had. One at a time: NumPy uses all cores for one."""
    with _ASKING:
        return _remembered(embedding, question)


def _matrix(index: Index) -> tuple[Any, NDArray[Any]]:
    if "matrix" not in index.kept:
        found = rows(index.database, "select id, scale, data from vectors order by id")
        index.kept["matrix"] = _unpacked(found)
    kept: tuple[Any, NDArray[Any]] = index.kept["matrix"]
    return kept


def _rows(database: apsw.Connection, wanted: set[int]) -> tuple[Any, NDArray[Any]]:
    # Point reads: a filter on vec0 would be a full scan (generation.md §4.3).
    query = "select id, scale, data from vectors where id = ?"
    return _unpacked([row for each in sorted(wanted) for row in rows(database, query, each)])


def _unpacked(found: list[tuple[int, float, bytes]]) -> tuple[Any, NDArray[Any]]:
    import numpy as np

    if not found:
        return (), np.zeros((0, 0), np.float32)
    data = np.frombuffer(b"".join(row[2] for row in found), np.int8).reshape(len(found), -1)
    scales = np.array([row[1] for row in found], np.float32)[:, None]
    return [row[0] for row in found], data.astype(np.float32) * scales


def _chosen(index: Index, row: NDArray[Any]) -> list[int]:
    signs = bits_of(packed(row[None, :])[0][1])
    if has_bits(index.database):
        try:
            query = "select rowid from bits where near match vec_bit(?) and k = ?"
            return [each for (each,) in index.database.execute(query, (signs, CHOSEN))]
        except apsw.Error:
            pass  # made where sqlite-vec was, opened where it is not
    return _by_numpy(index, signs)


def _by_numpy(index: Index, signs: bytes) -> list[int]:
    import numpy as np

    if "signs" not in index.kept:
        found = rows(index.database, "select id, data from vectors")
        ids = np.array([each for each, _ in found])
        index.kept["signs"] = (
            ids,
            np.frombuffer(b"".join(bits_of(data) for _, data in found), np.uint8).reshape(len(ids), -1),
        )
    ids, bits = index.kept["signs"]
    apart = np.bitwise_count(bits ^ np.frombuffer(signs, np.uint8)).sum(axis=1)
    chosen = np.argpartition(apart, min(CHOSEN, len(ids) - 1))[:CHOSEN]
    return [int(each) for each in ids[chosen]]
