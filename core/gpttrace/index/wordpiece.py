"""WordPiece: text to the token numbers of an uncased BERT, as its own tokenizer does it. Never raises; any text has tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

CLS, SEP, UNKNOWN = 101, 102, 100
MOST_TOKENS = 256  # what the sentence model was trained with, marks included
_LONGEST_WORD = 100
_MOST_TEXT = 8_000  # 256 tokens are at most some 2,000 characters of prose
_CHINESE = re.compile(
    "([\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002ceaf\uf900-\ufaff\U0002f800-\U0002fa1f])"
)


def read_vocabulary(text: str) -> dict[str, int]:
    """Return word piece → number of a `vocab.txt`."""
    return {piece: number for number, piece in enumerate(text.split("\n")) if piece}


def token_numbers(text: str, vocabulary: Mapping[str, int]) -> list[int]:
    """Return the token numbers of a text, between the marks of begin and end, cut to what the model takes."""
    numbers = [CLS]
    for word in _words(text[:_MOST_TEXT]):
        numbers += _pieces(word, vocabulary)
        if len(numbers) >= MOST_TOKENS:
            break
    return [*numbers[: MOST_TOKENS - 1], SEP]


def _words(text: str) -> Iterator[str]:
    clean = "".join(" " if char.isspace() else char for char in text if not _is_control(char))
    for word in _CHINESE.sub(r" \1 ", clean).split():
        bare = "".join(
            char for char in unicodedata.normalize("NFD", word.lower()) if unicodedata.category(char) != "Mn"
        )
        yield from _cut(bare)


def _cut(word: str) -> Iterator[str]:
    """Yield a word cut at its punctuation, each mark alone."""
    start = 0
    for at, char in enumerate(word):
        if _is_punctuation(char):
            if start < at:
                yield word[start:at]
            yield char
            start = at + 1
    if start < len(word):
        yield word[start:]


def _pieces(word: str, vocabulary: Mapping[str, int]) -> Sequence[int]:
    """Return the longest pieces from the left; unknown when the word cannot be put together."""
    if len(word) > _LONGEST_WORD:
        return [UNKNOWN]
    found, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        for end in range(len(word), start, -1):
            number = vocabulary.get(mark + word[start:end])
            if number is not None:
                found.append(number)
                start = end
                break
        else:
            return [UNKNOWN]
    return found


def _is_control(char: str) -> bool:
    return char in "\0\ufffd" or (
        char not in "\t\n\r" and unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs")
    )


def _is_punctuation(char: str) -> bool:
    # BERT counts every mark of ASCII that is no letter or digit, also `$` and `^`, which Unicode does not.
    return (
        char.isascii() and char.isprintable() and not char.isalnum() and char != " "
    ) or unicodedata.category(char).startswith("P")
