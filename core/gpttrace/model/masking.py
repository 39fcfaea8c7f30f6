"""Masking: the key, and any piece of it, taken out of what others say, and out of what the HTTP library logs."""

from __future__ import annotations

import logging
import re
from typing import Any

from gpttrace.settings import Secret

PIECE = 8  # characters; a shorter piece tells nobody anything, and would hit ordinary words
PLACEHOLDER = "none"  # what is sent where no key is set
_LOGGERS = (
    "openai",
    "openai._base_client",
    "openai._response",
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)
# Words, and what servers put where they have shortened one: `sk-ab***wxyz`, `sk-…wxyz`.
_WORD = re.compile(r"[^\s\"'`(){},;]+")
_SHORTENED = re.compile(r"\*\*|…|\.\.\.|[xX]{4}")


def masked(text: str, key: Secret | None) -> str:
    """Return what a server says about a request, without the key: its pieces, and forms shortened by the server, as `***`."""
    if key is None or key.reveal() == PLACEHOLDER:
        return text
    secret = key.reveal()
    return _WORD.sub(lambda found: _unless_key(found[0], secret), without_key(text, key))


def without_key(text: str, key: Secret | None) -> str:
    """Return the text with each piece of the key that is 8 characters or longer as `***`; the whole of a shorter key."""
    secret = key.reveal() if key is not None else ""
    if not secret or secret == PLACEHOLDER:
        return text
    size = min(PIECE, len(secret))
    return _without(text, {secret[at : at + size] for at in range(len(secret) - size + 1)}, size)


def without_key_all(value: Any, key: Secret | None) -> Any:
    """Return a JSON value with the key taken out of each of its texts, names included."""
    if isinstance(value, str):
        return without_key(value, key)
    if isinstance(value, dict):
        return {without_key(str(name), key): without_key_all(each, key) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_key_all(each, key) for each in value]
    return value


def _without(text: str, pieces: set[str], size: int) -> str:
    kept: list[str] = []
    done, at = 0, 0
    while at <= len(text) - size:
        if text[at : at + size] not in pieces:
            at += 1
            continue
        end = at + size
        while end < len(text) and text[end - size + 1 : end + 1] in pieces:
            end += 1
        kept += [text[done:at], "***"]
        done = at = end
    return "".join(kept) + text[done:]


def _unless_key(word: str, secret: str) -> str:
    if len(secret) < PIECE or not _SHORTENED.search(word):
        return word
    # The middle was cut out; the first three or the last three characters give it away.
    mine = secret[:3] in word or word.rstrip(".:").endswith(secret[-3:])
    return "***" if mine else word


class KeyFilter(logging.Filter):
    """Masks the key in the records of the HTTP libraries, which log the headers of an answer at DEBUG."""

    def __init__(self, key: Secret | None) -> None:
        super().__init__()
        self._key = key

    def filter(self, record: logging.LogRecord) -> bool:
        """Write the record's text anew; never drops one."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            text = str(record.msg)
        record.msg, record.args = masked(text, self._key), ()
        return True

    def attach(self) -> None:
        """Begin to watch the libraries' loggers."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def detach(self) -> None:
        """End it."""
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)
