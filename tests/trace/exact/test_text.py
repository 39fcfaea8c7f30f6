"""Bytes become text and bytes again, exactly; formats are rendered as C does; columns have the names a person expects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.trace.buckets import hist_rows, lhist_rows
from gpttrace.trace.flood import Shape, as_csv, read_csv
from gpttrace.trace.formats import parts_of, render, specs_of
from gpttrace.trace.keys import split_key
from gpttrace.trace.plan import Field, MapPlan
from gpttrace.trace.text import bytes_of, text_of, wire_text
from gpttrace.trace.values import narrow

ESCAPES = st.sampled_from(
    [b"\\", b"\\x41", b"\\x5c", b"\xff", b"\xc3\xa9", b"x41", b"plain", b"\n", b'"', b","]
)
BYTES = st.one_of(st.binary(max_size=40), st.lists(ESCAPES, max_size=12).map(b"".join))


@given(BYTES)
def test_text_gives_its_bytes_back_and_never_holds_surrogates(data: bytes) -> None:
    text = text_of(data)
    assert bytes_of(text) == data
    text.encode("utf-8")


@given(BYTES, BYTES)
def test_different_bytes_have_different_texts(one: bytes, other: bytes) -> None:
    assert (text_of(one) == text_of(other)) == (one == other)


def as_bpftrace_writes(data: bytes) -> str:
    """The body of a JSON string as bpftrace 0.17 to 0.27 write it on x86."""
    simple = {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x08: "\\b", 0x0C: "\\f"}
    return "".join(
        simple.get(b) or (f"\\u{b:04x}" if b < 32 else chr(b) if b < 128 else f"\\uffffff{b:02x}")
        for b in data
    )


@given(BYTES.map(lambda data: data.replace(b"\x00", b"")))
def test_what_bpftrace_mangles_is_restored(data: bytes) -> None:
    assert wire_text(json.loads(f'"{as_bpftrace_writes(data)}"')) == text_of(data)


@given(st.lists(BYTES.map(lambda data: data.replace(b"\x00", b"")), min_size=1, max_size=8))
def test_floods_are_read_as_single_lines_are(names: list[bytes]) -> None:
    shape = Shape(b'{"type": "value", "data": [7,', b"]}", None)
    block = "".join(
        f'{{"type": "value", "data": [7,"{as_bpftrace_writes(n)}",{i}]}}\n' for i, n in enumerate(names)
    )
    text = as_csv(block.encode(), shape)
    assert text is not None
    columns = read_csv(text, ["string", "int"], len(names))
    assert columns is not None
    assert columns[0].to_pylist() == [text_of(name) for name in names]
    assert columns[1].to_pylist() == list(range(len(names)))


def test_a_flood_with_a_broken_line_is_left_to_the_slow_way() -> None:
    assert read_csv(b"1,2\n3\n", ["int", "int"], 2) is None
    assert read_csv(b'1,"a"\n', ["int", "int"], 1) is None
    assert as_csv(b'[7,"\\q"]\n', Shape(b"[7,", b"]", None)) is None


@pytest.mark.parametrize(
    ("form", "row", "line"),
    [
        ("%d %s\n", (-1, "x"), "-1 x\n"),
        ("%-6s|%6s|%.2s|", ("ab", "cd", "wxyz"), "ab    |    cd|wx|"),
        ("%5d|%-5d|%05d|%+d", (1, 2, 3, 4), "    1|2    |00003|+4"),
        ("%x %X %#x %o", (255, 255, 255, 8), "ff FF 0xff 10"),
        ("%x %llx %u", (-1, -1, -1), "ffffffff ffffffffffffffff 4294967295"),
        ("%d", (5_000_000_000,), "5000000000"),
        ("100%% %c", (65,), "100% A"),
        ("%r %rx %rh", (b"a\xff", b"a\xff", b"a\xff"), "a\\xff \\x61\\xff 61 ff"),
        ("%p", (4096,), "0x1000"),
    ],
)
def test_formats_are_rendered_as_printf_does_but_with_whole_numbers(
    form: str, row: tuple[object, ...], line: str
) -> None:
    parts = parts_of(form)
    assert parts is not None
    assert render(parts, row) == line


def test_a_format_that_we_do_not_know_is_left_alone() -> None:
    assert specs_of("%d %f") is None
    assert specs_of("%") is None
    assert specs_of("%*d") is None


def test_joined_keys_are_split_only_where_one_reading_is_possible() -> None:
    two = MapPlan("@", "count", keys=(Field("comm", "string"), Field("pid", "int")))
    assert split_key("a,b,7", two, 0) == ["a,b", "7"]
    names = MapPlan("@", "count", keys=(Field("a", "string"), Field("b", "string")))
    assert split_key("x,y", names, 0) == ["x", "y"]
    assert split_key("x,y,z", names, 0) is None
    marked = MapPlan("@", "count", keys=names.keys, separated=(0,))
    assert split_key("x,y,99,z,", marked, 99) == ["x,y", "z,"]
    assert split_key("x,99,y,99,z", marked, 99) is None


def test_buckets_are_closed_and_inner_empty_ones_are_shown() -> None:
    assert hist_rows({0: 1, 8: 2}, 0) == [(0, 0, 1), (1, 1, 0), (2, 3, 0), (4, 7, 0), (8, 15, 2)]
    assert hist_rows({(1 << 63): 3}, 0) == [(None, -1, 3)]
    assert hist_rows({20: 1, 22: 1}, 3) == [(20, 21, 1), (22, 23, 1)]
    assert lhist_rows({0: 1, 1: 2, 3: 1}, 0, 20, 10) == [(None, -1, 1), (0, 9, 2), (10, 19, 0), (20, None, 1)]


def test_numbers_of_32_bits_get_their_sign_in_a_flood_too() -> None:
    shown = [5, -100, 4294967196, 18446744073709551516, 2147483647, 2147483648]
    assert [narrow(value) for value in shown] == [5, -100, -100, -100, 2147483647, -2147483648]
    for part in (shown[:3] + shown[4:], [value for value in shown if value >= 0]):
        columns = read_csv("".join(f"{value}\n" for value in part).encode(), ["int32"], len(part))
        assert columns is not None
        assert columns[0].to_pylist() == [narrow(value) for value in part]
