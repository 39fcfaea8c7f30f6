"""Places in a text: characters, bytes, UTF-16 units, lines and columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.language import Source

TEXT = "a\té\n€😀b\r\n\u2028x\n"


@pytest.mark.parametrize(
    ("char", "place", "utf16", "byte"),
    [
        (0, (1, 1), (1, 1), 0),
        (2, (1, 3), (1, 3), 2),
        (3, (1, 4), (1, 4), 4),
        (4, (2, 1), (2, 1), 5),
        (6, (2, 3), (2, 4), 12),
        (9, (3, 1), (3, 1), 15),
        (10, (3, 2), (3, 2), 18),
        (12, (4, 1), (4, 1), 20),
        (99, (4, 1), (4, 1), 20),
    ],
)
def test_a_character_has_its_line_its_columns_and_its_byte(
    char: int, place: tuple[int, int], utf16: tuple[int, int], byte: int
) -> None:
    source = Source(TEXT)
    assert source.line_column(char) == place
    assert source.utf16_column(char) == utf16
    assert source.byte_offset(char) == byte


def test_only_line_feeds_end_lines_and_a_carriage_return_belongs_to_the_end() -> None:
    source = Source(TEXT)
    assert source.lines == 4
    assert [source.line_text(line) for line in (1, 2, 3, 4)] == ["a\té", "€😀b", "\u2028x", ""]
    assert source.byte_column(6) == (2, 8)
    assert source.char_at(2, 2) == 5
    assert source.char_at(2, 99) == 7
    assert source.line_start(99) == len(TEXT)


@given(st.text(alphabet="a\n\ré€😀\u2028", max_size=60), st.data())
def test_offsets_survive_a_round_trip(text: str, data: st.DataObject) -> None:
    source = Source(text)
    char = data.draw(st.integers(0, len(text)))
    assert source.char_offset(source.byte_offset(char)) == char
    assert source.byte_offset(char) == len(text[:char].encode())
    line, column = source.line_column(char)
    assert source.line_start(line) + column - 1 == char
