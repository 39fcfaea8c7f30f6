"""A word that was not understood may be left out when the sentence means nearly the same without it.

That is measured by the embedding of the index, where it is installed: the cosine of the two sentences. On 2,500 questions of
our sets it told harmless words (`what *cleans* up /tmp`) from those that restrict (`over unix *stream* sockets`) with an
AUC of 0.77; at `SAME` five of six were harmless. Without the weights nothing is left out.
"""

from __future__ import annotations

import re
from dataclasses import replace

from gpttrace.spec.who import is_program
from gpttrace.spec.words import plain

SAME = 0.965
_MOST_WORDS = 2
# A sentence is hardly changed by these for an embedding, and turned round for a reader.
_TURNING = plain(
    """not no but nor never none nobody nothing without except exclude excluding excluded ignore ignoring besides only unless
    until stop after before instead rather than beneath underneath below under above inside within outside against between
    receive received receives receiving transmit transmitted accepted freed free expired expire cancelled cancel deleted removed
    while during line lines arguments args argv system"""
)


# What stands after these tells rows apart or which of them are meant.
_TELLING = (
    "(by|per|each|every|which|what|for|from|to|of|with|than|while|when|only|in|as|via|using|through|named|called"
    "|and|or|plus)"
)
# What stands beside them is one of several that are asked for: `malloc and free counts`.
_LISTED = r"(and|or|plus)\b"


def harmless(question: str, unknown: tuple[str, ...]) -> bool:
    """Tell whether a question means nearly the same without the words that were not understood."""
    if not 0 < len(unknown) <= _MOST_WORDS or not all(map(_is_plain, unknown)):
        return False
    if re.search(r"\bleav(e|ing)\b.*\bout\b", question, re.IGNORECASE):
        return False
    shorter = question
    if any(
        re.search(rf"\b{_TELLING} (the )?{word}\b|\b{word} {_LISTED}", question, re.IGNORECASE)
        for word in unknown
    ):
        return False
    for word in unknown:
        shorter = re.sub(rf"\s*\b{word}\b", "", shorter, count=1)
    return shorter != question and _cosine(question, shorter) >= SAME


def _is_plain(word: str) -> bool:
    spoken = word.isalpha() and word.islower() and len(word) > 2
    return spoken and word not in _TURNING and not is_program(word)  # a name is never left out


def _cosine(one: str, other: str) -> float:
    from gpttrace.index.embed import find_embedding  # most questions never need it
    from gpttrace.index.places import find_places

    # No network for this: an endpoint that is set for the index is not asked.
    embedding = find_embedding(replace(find_places(), endpoint=None))
    if embedding is None:
        return 0.0
    first, second = embedding.embed([one, other])
    return float(first @ second)
