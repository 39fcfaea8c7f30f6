"""Picture: what `plot` returns: PNG in a notebook, bars of text in a terminal, a file by `save`."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpttrace.errors import StoreError, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Twice as fine as it is shown: screens are.
_DPI, _SHOWN = 200, 100
_FORMATS = ("png", "svg", "pdf")


class Picture:
    """One drawn table; `kind` is what was drawn and `data` what stands in it (for tests and for the curious)."""

    def __init__(
        self, kind: str, data: Any, draw: Callable[[Any], Figure], words: Callable[[Any], str]
    ) -> None:
        self.kind, self.data = kind, data
        self._draw, self._words = draw, words

    @cached_property
    def figure(self) -> Figure:
        """The matplotlib figure, drawn when it is first asked for; pyplot does not know it."""
        return self._draw(self.data)

    @cached_property
    def text(self) -> str:
        """The same as text, under 80 columns."""
        return self._words(self.data)

    def save(self, path: str | Path) -> Path:
        """Write the picture to a .png, .svg or .pdf file and return its path; StoreError when that cannot be."""
        target = Path(path)
        if target.suffix[1:].lower() not in _FORMATS:
            raise UsageError(
                f"a picture cannot be written as {target.name!r}", hint="end the name in .png, .svg or .pdf"
            )
        written(target, self._bytes(target.suffix[1:].lower()))
        return target

    def _bytes(self, form: str) -> bytes:
        out = BytesIO()
        self.figure.savefig(
            out,
            format=form,
            dpi=_DPI,
            facecolor=self.figure.get_facecolor(),
            bbox_inches="tight",
            pad_inches=0.1,
        )
        return out.getvalue()

    @cached_property
    def _png(self) -> bytes:
        return self._bytes("png")

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = struct.unpack(">II", self._png[16:24])
        return self._png, {"width": width * _SHOWN // _DPI, "height": height * _SHOWN // _DPI}

    def __repr__(self) -> str:
        return self.text


def written(path: Path, data: bytes) -> None:
    """Write a file; StoreError says which and why when that cannot be."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror}", hint="name a file in a folder that can be written"
        ) from error
