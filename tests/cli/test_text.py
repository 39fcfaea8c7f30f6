"""Tables on a terminal: aligned, within 79 columns, and nothing in them that a terminal would obey."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gpttrace.cli.colour import coloured
from gpttrace.cli.rows import RowPrinter, snapshot_text
from gpttrace.cli.text import finding_text, printable, table_text
from gpttrace.language import parse
from gpttrace.trace import Column, Rows, Table

COMM = Column("comm", "string", role="key")
COUNT = Column("count", "int64")


def test_a_map_is_sorted_by_its_value_and_numbers_stand_right() -> None:
    table = Table("@", "map", (COMM, COUNT), [["a", "longer"], [7, 1234]])

    assert table_text(table).splitlines() == ["@", "  comm    count", "  longer   1234", "  a           7"]


def test_control_bytes_of_a_traced_name_are_shown_not_obeyed() -> None:
    table = Table("@", "map", (COMM, COUNT), [["\x1b[31mred\x07\n"], [1]])

    assert "\\x1b[31mred\\x07\\n" in table_text(table)
    assert printable("plain é") == "plain é"


def test_no_line_is_longer_than_79_columns_whatever_the_names() -> None:
    table = Table(
        "@", "map", (COMM, Column("path", "string", role="key"), COUNT), [["c" * 60], ["/p" * 100], [2**63]]
    )

    assert max(map(len, table_text(table).splitlines())) <= 79


def test_rows_beyond_the_limit_are_counted_and_said() -> None:
    table = Table("@", "map", (COMM, COUNT), [[f"c{i}" for i in range(50)], list(range(50))])

    assert "… and 30 more rows" in table_text(table)
    assert "more rows" not in table_text(table, most_rows=None)


def test_a_histogram_is_drawn_per_key_with_half_open_buckets() -> None:
    columns = (
        COMM,
        Column("low", "int64", "bytes", "bucket"),
        Column("high", "int64", "bytes", "bucket"),
        COUNT,
    )
    table = Table("@size", "hist", columns, [["sh", "sh", "sh"], [None, 1, 4096], [-1, 1, 8191], [1, 2, 4]])
    lines = table_text(table).splitlines()

    assert lines[0] == "@size (bytes)"
    assert lines[1] == "  sh"
    assert [line.split("|")[0].split() for line in lines[2:]] == [
        ["<", "0", "1"],
        ["1", "2"],
        ["[4K,", "8K)", "4"],
    ]
    assert lines[4].count("@") == 32


def test_a_stack_table_shows_its_largest_stack_first_frame_by_frame() -> None:
    columns = (Column("ustack", "stack", role="key"), COUNT)
    table = Table("@", "map", columns, [[["leaf", "main"], ["other"]], [3, 9]])

    assert table_text(table).splitlines() == [
        "@",
        "  count 9",
        "      other",
        "  count 3",
        "      leaf",
        "      main",
    ]


def test_a_finding_points_at_its_place() -> None:
    tree = parse("BEGIN {\n\t@x = ;\n}")
    lines = finding_text(tree.findings[0], tree.source, "a.bt").splitlines()

    assert lines[0].startswith("a.bt:2:7: error: ")
    assert lines[1] == "        @x = ;"
    assert lines[2] == "             ^"


def test_rows_are_printed_under_a_head_that_returns_when_another_table_spoke() -> None:
    written: list[str] = []
    printer = RowPrinter(written.append)
    first = Table("printf:1", "events", (Column("pid", "int64"), COMM), [[1], ["a"]])
    second = Table("printf:2", "events", (Column("tid", "int64"),), [[5]])
    for table in (first, first, second, first):
        printer.show(Rows.of(table))

    heads = [line.split() for line in written if not line.strip()[0].isdigit()]
    assert heads == [["pid", "comm"], ["tid"], ["pid", "comm"]]


@given(st.text(alphabet='/*"\\\n@$x1 :{}BEGINtracepoint', max_size=60))
def test_colour_changes_nothing_but_colour(text: str) -> None:
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured(text)) == text


def test_probes_maps_strings_and_functions_have_colours_of_their_own() -> None:
    shown = coloured('interval:s:1 { @x = count(); printf("hi"); }')
    pieces = re.findall(r"\x1b\[[1-9][0-9;]*m([^\x1b]*)", shown)

    assert pieces == ["interval:s:1", "@x", "count", "printf", '"hi"']


def test_an_interval_shows_its_moment_once_and_not_in_every_row() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
    time = Column("time", "time", role="time")
    table = Table("@", "series", (time, COMM, COUNT), [[moment, moment], ["a", "b"], [1, 2]])
    one = Table("@", "series", (time, COUNT), [[moment], [7]])

    assert snapshot_text(table).splitlines() == [
        "@ at 03:04:05.600",
        "  comm  count",
        "  b         2",
        "  a         1",
    ]
    assert snapshot_text(one) == "@ at 03:04:05.600: 7"
