"""Bytes that the kernel saw <-> text in tables: exact, invertible, and free of surrogates.

UTF-8 stays as it is; every other byte becomes `\\xNN`. A backslash that would then read as such an escape is
written `\\x5c`, so that no two byte strings share a text. pandas and pyarrow refuse lone surrogates, therefore not
`surrogateescape`.
"""

from __future__ import annotations

import re

_LOOKS_ESCAPED = re.compile(rb"\\(?=x[0-9a-f]{2})")
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")
# bpftrace prints a byte above 0x7f as a sign-extended char: `\uffffffc3`. A JSON reader takes the first four
# digits and leaves the others: U+FFFF "ffc3". A real U+FFFF is three such bytes, so nothing else looks like
# this. Measured on 0.17.0, 0.23.2 and 0.27.1 (x86); where char is unsigned the bytes come raw and this finds
# nothing.
_SIGNED_CHAR = re.compile(b"\xef\xbf\xbfff([89a-f][0-9a-f])")


def text_of(data: bytes) -> str:
    """Return `data` as text; `bytes_of` gives the bytes back."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if text and "\\x" not in text:
        return text
    return _LOOKS_ESCAPED.sub(rb"\\x5c", data).decode(errors="backslashreplace")


def bytes_of(text: str) -> bytes:
    """Return the bytes that `text_of` turned into `text`."""
    return _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), text.encode())


def wire_bytes(read: str) -> bytes:
    """Return the bytes behind a string as a JSON reader gives it from bpftrace's output (raw bytes as surrogates)."""
    data = read.encode(errors="surrogateescape")
    if b"\xef\xbf\xbf" in data:
        data = _SIGNED_CHAR.sub(lambda match: bytes.fromhex(match[1].decode()), data)
    return data


def wire_text(read: str) -> str:
    """Return the table text of a string as a JSON reader gives it from bpftrace's output."""
    if read.isascii() and "\\x" not in read:
        return read
    return text_of(wire_bytes(read))
