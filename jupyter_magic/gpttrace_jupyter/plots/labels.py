"""Names from the traced world as text in a picture: one line, nothing that cannot be shown, not too long.

The font that matplotlib brings along is the only one that is everywhere: a letter that it lacks is written `\\uNNNN`, which
tells two names apart where two empty boxes would not.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

FONT = "DejaVu Sans"
LONGEST = 44


def one_line(text: object) -> str:
    """Return `text` with all that is not printable as an escape; the same letters that the command line shows."""
    from gpttrace.cli.text import printable

    return printable(str(text).encode("utf-8", "backslashreplace").decode())


def shortened(text: str, most: int = LONGEST) -> str:
    """Return `text` with its middle left out where it has more than `most` letters."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def label(text: object, most: int = LONGEST) -> str:
    """Return a name as matplotlib can draw it."""
    known = _letters()
    drawable = (c if ord(c) in known else c.encode("unicode_escape").decode() for c in one_line(text))
    return shortened("".join(drawable), most)


def width(text: str) -> int:
    """Return how many cells of a fixed-width font the text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def cell_text(value: Any) -> str:
    """Return one cell of a key column as text; what is missing is `-`."""
    if value is None or value != value:  # NaN is the only value that is not itself
        return "-"
    return one_line(value)


@cache
def _letters() -> frozenset[int]:
    import matplotlib
    from matplotlib.ft2font import FT2Font

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return frozenset(FT2Font(str(path)).get_charmap())
