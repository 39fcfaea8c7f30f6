"""printf formats in pieces: text, and one FormatSpec for each argument."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPEC = re.compile(
    rb"%(?:%|(?P<flags>[-+ 0#]*)(?P<width>[0-9]*)(?:\.(?P<precision>[0-9]*))?"
    rb"(?P<length>hh|ll|[hljzt])?(?P<conversion>rx|rh|gr|[diuoxXcspr]))"
)


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """`%-16s`: flags `-`, width 16, conversion `s`. `start` and `end` are byte offsets in the format's value."""

    start: int
    end: int
    flags: str
    width: int | None
    precision: int | None
    length: str
    conversion: str


def format_pieces(value: bytes) -> list[bytes | FormatSpec]:
    """Split the bytes of a format into literal text (with `%%` as `%`) and specs, in order."""
    pieces: list[bytes | FormatSpec] = []
    text = bytearray()
    end = 0
    for match in _SPEC.finditer(value):
        text += value[end : match.start()]
        end = match.end()
        if match["conversion"] is None:
            text += b"%"
            continue
        if text:
            pieces.append(bytes(text))
            text.clear()
        pieces.append(_spec(match))
    text += value[end:]
    if text:
        pieces.append(bytes(text))
    return pieces


def format_specs(value: bytes) -> list[FormatSpec]:
    """Return the specs of a format, one for each argument."""
    return [piece for piece in format_pieces(value) if isinstance(piece, FormatSpec)]


def _spec(match: re.Match[bytes]) -> FormatSpec:
    return FormatSpec(
        match.start(),
        match.end(),
        match["flags"].decode(),
        int(match["width"]) if match["width"] else None,
        int(match["precision"] or 0) if match["precision"] is not None else None,
        (match["length"] or b"").decode(),
        match["conversion"].decode(),
    )
