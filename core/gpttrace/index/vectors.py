"""Vectors: one int8 row and a scale for each example; those of our own corpus come ready-made, so a first build embeds nothing.

`python -m gpttrace.index.vectors [FILE]` makes the ready-made ones (`vectors.npz` of the corpus) where the weights are. They are
keyed by the hash of the embedded text: an example that was edited since is embedded again, or has no vector without weights.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from gpttrace.errors import GpttraceError
from gpttrace.index.embed import Embedding, NoEmbedding, embedded_text, find_embedding, hash_of, identity_here
from gpttrace.index.places import Places
from gpttrace.index.schema import meta, one, rows
from gpttrace.index.sources import CORPUS

if TYPE_CHECKING:
    from numpy.typing import NDArray

READY = CORPUS / "vectors.npz"
MANY = 4_096  # from here on a table of bits (sqlite-vec) chooses which rows are compared; below, all are (bench/index.py)
_BATCH = 32
_BITS = "bits"  # the vec0 table; there only when there are many rows

Row = tuple[float, bytes]


def refresh_vectors(
    database: apsw.Connection, places: Places, progress: Callable[[str, int, int], None]
) -> tuple[str, ...]:
    """Give a vector to each example that has none; all anew when the embedding is another one. Returns warnings."""
    identity = identity_here(places)
    facts = {"identity": identity, "left": "0"}
    if meta(database).get("identity", "") != identity:
        _drop(database)
    database.executemany("insert or replace into meta values (?, ?)", facts.items())
    if not identity:
        return ()
    query = "select id, text_hash, whole from examples where id not in (select id from vectors)"
    missing = rows(database, query)
    ready = read_ready(identity) if missing else {}
    _insert(database, [(each, ready[key]) for each, key, _ in missing if key in ready])
    left = [(each, whole) for each, key, whole in missing if key not in ready]
    try:
        if left:
            _embed_left(database, places, left, progress)
    except GpttraceError as error:
        database.execute("insert or replace into meta values ('left', '1')")
        return (f"{error.message}; what it did not embed is searched by words alone",)
    finally:
        _refresh_bits(database)
    return ()


def _embed_left(
    database: apsw.Connection,
    places: Places,
    left: Sequence[tuple[int, str]],
    progress: Callable[[str, int, int], None],
) -> None:
    embedding = find_embedding(places)
    if embedding is None:
        raise NoEmbedding(f"the weights in {places.weights} are damaged: make them again")
    progress("embedding", 0, len(left))
    for done in _embed(database, embedding, left):
        progress("embedding", done, len(left))


def forget_vectors(database: apsw.Connection, ids: Iterable[int]) -> None:
    """Drop the vectors of examples that are gone."""
    gone = [(each,) for each in ids]
    database.executemany("delete from vectors where id = ?", gone)
    if has_bits(database):
        database.executemany(f"delete from {_BITS} where rowid = ?", gone)


def has_bits(database: apsw.Connection) -> bool:
    """Tell whether the index has the table of bits."""
    return one(database, "select 1 from sqlite_master where name = ?", _BITS) is not None


def packed(values: NDArray[Any]) -> list[Row]:
    """Return (scale, int8 bytes) of each row."""
    import numpy as np

    scales = np.abs(values).max(axis=1) / 127 if values.size else np.zeros(len(values))
    whole = np.rint(values / np.where(scales == 0, 1, scales)[:, None]).astype(np.int8)
    return [(float(scale), row.tobytes()) for scale, row in zip(scales, whole, strict=True)]


def read_ready(identity: str, path: Path = READY) -> Mapping[str, Row]:
    """Return text hash → row of the ready-made vectors; {} when they are of another embedding or not there."""
    import numpy as np

    with (
        suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile),
        path.open("rb") as raw,
        np.load(raw, allow_pickle=False) as file,
    ):
        if str(file["identity"]) == identity:
            data, scales = file["data"], file["scales"]
            return {str(key): (float(scales[at]), data[at].tobytes()) for at, key in enumerate(file["keys"])}
    return {}


def _embed(database: apsw.Connection, embedding: Embedding, left: Sequence[tuple[int, str]]) -> Iterator[int]:
    from gpttrace.index.filters import example_of

    for start in range(0, len(left), _BATCH):
        part = left[start : start + _BATCH]
        texts = [embedded_text(example_of(whole)) for _, whole in part]
        _insert(database, list(zip((each for each, _ in part), packed(embedding.embed(texts)), strict=True)))
        yield start + len(part)


def _insert(database: apsw.Connection, found: Sequence[tuple[int, Row]]) -> None:
    if found and len({len(data) for _, (_, data) in found} | _lengths(database)) > 1:
        raise NoEmbedding("the embedding gives rows of another length than before")
    database.executemany(
        "insert or replace into vectors values (?, ?, ?)", ((each, *row) for each, row in found)
    )
    if has_bits(database):
        _insert_bits(database, found)


def _lengths(database: apsw.Connection) -> set[int]:
    length = one(database, "select length(data) from vectors limit 1")
    return set() if length is None else {length}


def _refresh_bits(database: apsw.Connection) -> None:
    """Make the table of bits when there are many rows and sqlite-vec is here."""
    length = one(database, "select length(data) from vectors limit 1") or 0
    if has_bits(database) or length % 8 or one(database, "select count(*) from vectors") < MANY:
        return
    with suppress(apsw.Error):
        database.execute(f"create virtual table {_BITS} using vec0(near bit[{length}])")
        found = rows(database, "select id, scale, data from vectors")
        _insert_bits(database, [(each, (scale, data)) for each, scale, data in found])


def _insert_bits(database: apsw.Connection, found: Sequence[tuple[int, Row]]) -> None:
    values = ((each, bits_of(data)) for each, (_, data) in found)
    database.executemany(f"insert into {_BITS} (rowid, near) values (?, vec_bit(?))", values)


def bits_of(data: bytes) -> bytes:
    """Return the signs of an int8 row, eight to a byte, in the order of sqlite-vec."""
    import numpy as np

    return np.packbits(np.frombuffer(data, np.int8) > 0, bitorder="little").tobytes()


def _drop(database: apsw.Connection) -> None:
    database.execute("delete from vectors")
    if has_bits(database):
        database.execute(f"drop table {_BITS}")


def make_ready(places: Places, path: Path = READY) -> int:
    """Write the vectors of our own corpus and catalogue and return how many there are; NoEmbedding without weights."""
    import numpy as np

    from gpttrace.index.reading import examples_in, read_file
    from gpttrace.index.sources import all_sources, files_of

    embedding = find_embedding(places)
    if embedding is None:
        raise NoEmbedding(f"there are no weights in {places.weights}", hint="scripts/fetch-embedding")
    own = [source for source in all_sources(places) if source.origin in ("corpus", "catalogue")]
    examples = [
        e for s in own for listed in files_of(s) for e in examples_in(listed, read_file(listed), places)
    ]
    texts = {hash_of(text): text for text in map(embedded_text, examples)}
    keys = sorted(texts)
    found = packed(embedding.embed([texts[key] for key in keys]))
    np.savez_compressed(
        path, identity=np.array(embedding.identity), keys=np.array(keys), scales=np.array([s for s, _ in found], np.float32),
        data=np.stack([np.frombuffer(data, np.int8) for _, data in found]),
    )  # fmt: skip
    return len(keys)


if __name__ == "__main__":
    from gpttrace.index.places import find_places

    target = Path(sys.argv[1]) if len(sys.argv) > 1 else READY
    sys.stderr.write(f"{target}: {make_ready(find_places(), target)} vectors\n")
