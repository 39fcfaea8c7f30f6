"""Typing errors: words that nothing knows and that differ by a letter from one word that is known."""

from __future__ import annotations

from gpttrace.spec import vocabulary
from gpttrace.spec.narrow import is_call
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.who import is_program
from gpttrace.spec.words import SPELLED, Token, one_letter_off, plain, stem, stems

_ROWS = stems("reason type state name flags direction") | {"name"}


def correct(
    sentence: Sentence,
    known: frozenset[str],
    right_ones: frozenset[str] | None = None,
    more: frozenset[str] = frozenset(),
) -> None:
    """Correct words that are one letter off one of `right_ones`, and note it."""
    # A correction must not make a word mean nothing, unless rows can be told by it (`by comand`, `by reasn`).
    if right_ones is None:
        right_ones = (
            (known - vocabulary.EMPTY - _NAMES_OF_PROGRAMS) | frozenset(vocabulary.KEYS) | _ROWS | SPELLED
        )
    for index, token in enumerate(sentence.tokens):
        # Names of calls differ by a letter (fopen, fsopen): one that is unknown is not another that is known.
        named = (
            "_" in token.text
            or token.text[-1:].isdigit()
            or token.text.endswith("fs")  # a file system
            or is_program(token.text)
            or _is_daemon(sentence, index, known)
            or sentence.stem(index - 1) in ("nam", "call")
        )
        if token.meaning is None and token.kind == "word" and token.stem not in known and not named:
            right = _right(token, right_ones, more)
            if right is not None and stem(right) != token.stem and not is_call(right):
                sentence.corrections.append((token.text, right))
                sentence.tokens[index].stem = stem(right)
                if right in SLOT_WORDS:  # units are looked up as they are written
                    sentence.tokens[index].text = right


def _is_daemon(sentence: Sentence, index: int, known: frozenset[str]) -> bool:
    """Tell whether a word with a d at its end (`crashd`, `statd`) is who does it rather than a slip of the finger."""
    text = sentence.tokens[index].text
    linked = sentence.stem(index - 1) in ("by", "of", "for", "from") and sentence.ends_part(index)
    return linked and text.islower() and text.endswith("d") and stem(text[:-1]) in known


def _right(token: Token, right_ones: frozenset[str], more: frozenset[str]) -> str | None:
    text = token.text.lower()
    found = (
        one_letter_off(text, SPELLED)
        or one_letter_off(text, right_ones)
        or one_letter_off(token.stem, right_ones)
    )
    found = found or one_letter_off(text, more)
    if found is None and len(text) >= 6:  # a long word is near nothing else by chance
        found = one_letter_off(text, _LONG_FILLERS) or one_letter_off(token.stem, vocabulary.EMPTY)
    return found


_LONG_FILLERS = frozenset(
    ("separately", "different", "individually", "currently", "respectively", "continuously")
)


# What stands before and after amounts must be right before they are read.
SLOT_WORDS = plain(
    """second seconds minute minutes process processes program programs every millisecond milliseconds histogram distribution
    average latency system common longest slower faster larger bigger smaller number errors failed failing failures
    permission denied successful unsuccessful"""
)
_NAMES_OF_PROGRAMS = stems("docker container service")
