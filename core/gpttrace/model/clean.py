"""Clean: text from outside without what would move a terminal, hide a character, or break an encoder."""

from __future__ import annotations

import re

# Whole escape sequences go, not only their first byte: CSI, OSC and its like up to their end, and the two-byte ones.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# C0 but tab and newline, DEL, C1, the marks that reorder text, and the line separators that only some programs know.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return the text without control characters but newline and tab; half characters become U+FFFD."""
    text = text.replace("\r\n", "\n")
    if "\x1b" in text or _CONTROLS.search(text):
        text = _CONTROLS.sub("", _ESCAPES.sub("", text))
    return sendable(text)


def sendable(text: str) -> str:
    """Return the text with the halves of characters, which UTF-8 cannot carry, replaced by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)
