"""Lines become a table only where every row fits; otherwise they stay lines."""

from __future__ import annotations

import pytest

from gpttrace.trace.other.tables import read_tables


def rows(text: str) -> list[tuple[object, ...]] | None:
    tables = [each for each in read_tables(text.splitlines(), "t") if each.kind == "events"]
    return list(tables[0].rows()) if tables else None


def test_a_header_and_rows_that_fit_are_a_typed_table() -> None:
    text = "Tracing... Hit Ctrl-C to end.\nPID    LAT(ms) COMM\n1      0.5     a\n22     1.25    b\n\nDetaching..."

    assert rows(text) == [(1, 0.5, "a"), (22, 1.25, "b")]


def test_only_the_last_column_may_hold_blanks() -> None:
    assert rows("TIME COMM PID FILE\n1 a 2 x y\n1 b 3 z\n") == [(1, "a", 2, "x y"), (1, "b", 3, "z")]


@pytest.mark.parametrize(
    "text",
    [
        "PID COMM COUNT\n1 Web Content 5\n2 a 6\n",  # a name with a blank in the middle
        "PID COMM COUNT\n1 a\n",  # a cell too few
        "COMM FILE\na b c\nd e\n",  # nothing holds the columns in place
        "PID COMM\n1 a\nCPU LOAD\n1 2\n",  # two kinds of rows
        "no header here\n1 2 3\n",
        "",
        "PID COMM\n",
    ],
)
def test_what_does_not_fit_stays_lines(text: str) -> None:
    assert rows(text) is None


def test_reports_of_intervals_are_told_apart() -> None:
    text = "[10:00:01]\nPID COUNT\n1 5\n2 6\n[10:00:02]\nPID COUNT\n1 7\n"

    assert rows(text) == [(0, 1, 5), (0, 2, 6), (1, 1, 7)]


def test_histograms_are_rows_of_buckets() -> None:
    text = (
        "disk = sda\n     usecs               : count     distribution\n         0 -> 1          : 0        |      |\n"
        "         2 -> 3          : 7        |******|\n\ndisk = sdb\n     usecs               : count     distribution\n"
        "         0 -> 1          : 9        |******|\n"
    )
    (table,) = read_tables(text.splitlines(), "t")

    assert (table.name, table.kind) == ("usecs", "hist")
    assert list(table.rows()) == [("disk = sda", 0, 1, 0), ("disk = sda", 2, 3, 7), ("disk = sdb", 0, 1, 9)]
