"""Places in texts, against a model that is slow and obvious; and 10,000 random edits, after which both texts are equal."""

from __future__ import annotations

import random
import re

import pytest
from lsprotocol import types as t

from gpttrace.language import Finding
from gpttrace_lsp.positions import Edit, Lines, moved

ENCODINGS = ("utf-8", "utf-16", "utf-32")
# Everything that some program takes for the end of a line, and letters of 1, 2, 3 and 4 bytes.
PIECES = [
    "\n", "\r\n", "\r", "\f", "\v", "\x1c", "\x85", "\u2028", "\u2029", "a", "@x = count();", "\t", " ", "é",
    "漢", "😀", "\u0301", "// don't", '"', "{", "}", "", "\n\n", "\r\r\n", "BEGIN { }\n",
]  # fmt: skip


def units(text: str, encoding: str) -> int:
    """Return the length of a text in units of an encoding, by encoding it."""
    size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    return len(text.encode(encoding if size == 1 else f"{encoding}-le")) // size


def lines_of(text: str) -> list[str]:
    """Return the lines with their ends, as the protocol's own text says."""
    return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", text) + (
        [] if text and text[-1] not in "\r\n" else [""]
    )


def place(text: str, offset: int, encoding: str) -> t.Position:
    """Return the position of a character by counting from the start."""
    at = 0
    for number, line in enumerate(lines_of(text)):
        bare = line.rstrip("\r\n")
        if offset < at + len(line) or (at + len(line) == len(text) and not line.endswith(("\r", "\n"))):
            return t.Position(number, units(bare[: offset - at], encoding))
        at += len(line)
    return t.Position(len(lines_of(text)) - 1, 0)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_offset_has_the_position_that_counting_gives_and_comes_back(encoding: str) -> None:
    text = "a😀é\r\n漢 \u2028\x85x\n\r\rend\f😀"
    lines = Lines(text, encoding)
    for offset in range(len(text) + 1):
        position = lines.position(offset)
        assert position == place(text, offset, encoding), offset
        inside = text[offset - 1 : offset + 1] == "\r\n"
        assert lines.offset(position) == (offset - 1 if inside else offset)


def test_places_that_are_not_there_are_the_nearest_that_are() -> None:
    lines = Lines("ab\r\n😀c", "utf-16")
    assert lines.offset(t.Position(0, 99)) == 2
    assert lines.offset(t.Position(7, 3)) == len(lines.text)
    assert lines.offset(t.Position(1, 1)) == 4, "a place inside a character is before it"
    assert lines.span(t.Range(t.Position(1, 2), t.Position(0, 1))) == (1, 5), "upside down is put right"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_after_ten_thousand_random_edits_the_text_and_its_lines_are_those_of_the_model(encoding: str) -> None:
    chance = random.Random(encoding)
    model = ""
    lines = Lines(model, encoding)
    for number in range(10_000):
        start, end = sorted(chance.randint(0, len(model)) for _ in range(2))
        if len(model) > 400 or chance.random() < 0.3:
            end = min(end, start + chance.randint(0, 60))
        else:
            end = min(end, start + chance.randint(0, 3))
        # A client never names a place inside `\r\n`.
        start, end = (each - (model[each - 1 : each + 1] == "\r\n") for each in (start, end))
        piece = "".join(chance.choices(PIECES, k=chance.randint(0, 3)))
        if number % 997 == 0:
            change: t.TextDocumentContentChangeEvent = t.TextDocumentContentChangeWholeDocument(piece)
            expected, start, end = piece, 0, len(model)
        else:
            span = t.Range(place(model, start, encoding), place(model, end, encoding))
            change = t.TextDocumentContentChangePartial(range=span, text=piece)
            expected = model[:start] + piece + model[end:]
        lines, edit = lines.edited(change)
        assert lines.text == expected
        assert edit == Edit(start, end, len(piece))
        assert lines.starts == Lines(expected, encoding).starts, f"edit {number}"
        model = expected


def test_a_finding_moves_with_its_text_and_goes_when_its_text_is_changed() -> None:
    text = "BEGIN { print(1); }"
    finding = Finding(text.index("print"), text.index("print") + 5, "error", "x", "x")

    def after(start: int, end: int, length: int, *, touched: bool = False) -> tuple[int, int] | None:
        found = moved(finding, [Edit(start, end, length)], touched)
        return None if found is None else (found.start, found.end)

    assert after(0, 0, 4) == (12, 17), "what is put before it moves it"
    assert after(0, 6, 0) == (2, 7), "what is taken from before it moves it back"
    assert after(15, 16, 30) == (8, 13), "what comes behind it does not concern it"
    assert after(9, 10, 1) is None, "what changes it takes it away"
    assert after(13, 13, 1) == (8, 13)
    assert after(13, 13, 1, touched=True) is None, (
        "`print` that became `printf` is not what was complained of"
    )
    assert after(6, 16, 1) is None
