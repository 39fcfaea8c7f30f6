"""Who touches a file that is named: a call that reads knows no name, so the opening of the file shows it."""

from __future__ import annotations

import re

from gpttrace.spec.calls import Candidate
from gpttrace.spec.catalogue import Catalogue
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stems

_NAMELESS = ("read", "write", "file-seek", "fsync", "file-close")  # their calls know a descriptor only
_TOUCHING = stems(
    "read reads reading write writes writing touch access accesses look looks use uses open opens see view modify change edit who"
)


_HOW_MUCH = re.compile(r"\bhow (much|many bytes)\b|\bbytes\b|\bthroughput\b", re.IGNORECASE)


def file_meant(sentence: Sentence, catalogue: Catalogue, best: dict[str, Candidate]) -> Candidate | None:
    """`who reads /etc/shadow`: a call that reads knows no name, so the opening of the file shows it."""
    if not _names_path(sentence) or not any(token.stem in _TOUCHING for token in sentence.tokens):
        return None
    if _HOW_MUCH.search(sentence.text) is not None:
        return None  # an opening tells no bytes
    first = _likeliest(best)
    if first is not None and first.event.id not in _NAMELESS:
        return None
    phrase = tuple(token.stem for token in sentence.tokens if token.stem in _TOUCHING and token.stem != "who")
    return Candidate(catalogue["file-open"], 1, phrase, guessed=True)


_CHANGING = {"creat": "file-create", "delet": "file-delete", "remov": "file-delete", "renam": "file-rename"}


def file_changed(sentence: Sentence, catalogue: Catalogue, best: dict[str, Candidate]) -> Candidate | None:
    """`who created /tmp/lock`: where a path is named, a file is meant and no process."""
    deed = next((t.stem for t in sentence.tokens if t.stem in _CHANGING), None)
    first = _likeliest(best)
    if (
        not _names_path(sentence)
        or deed is None
        or (first is not None and {"filename", "oldname"} & set(first.event.fields))
    ):
        return None
    return Candidate(catalogue[_CHANGING[deed]], 1, (deed,), guessed=True)


def _names_path(sentence: Sentence) -> bool:
    return any(t.kind == "path" and t.meaning is None and len(t.text) > 1 for t in sentence.tokens)


def _likeliest(best: dict[str, Candidate]) -> Candidate | None:
    return max(best.values(), key=lambda each: each.score, default=None)
