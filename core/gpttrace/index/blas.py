"""BLAS on one thread while we embed. On a machine that is busy, which is when people trace, its waiting threads burn a processor
and the slowest of them decides: measured 214 ms instead of 21 ms at worst for a sentence, and several times the CPU time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep NumPy's OpenBLAS to one thread, and give it back what it had; nothing happens with another BLAS."""
    library = _library()
    before = library[0]() if library else 0
    if library:
        library[1](1)
    try:
        yield
    finally:
        if library and before > 0:
            library[1](before)


@cache
def _library() -> tuple[Any, Any] | None:
    import numpy as np

    # The wheels of NumPy carry their own OpenBLAS beside the package, under these names.
    for path in (Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*"):
        with suppress(OSError, AttributeError):
            loaded = ctypes.CDLL(str(path))
            return loaded.scipy_openblas_get_num_threads64_, loaded.scipy_openblas_set_num_threads64_
    return None
