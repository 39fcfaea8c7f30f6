"""What is said about a result is computed from its tables, and is right to the digit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gpttrace.explain.amounts import amount, bucket, share, shown
from gpttrace.explain.result import MOST_LINES, explain_result
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.trace.table import Column, Kind, Table


def table(name: str, kind: Kind, columns: tuple[Column, ...], *rows: tuple[Any, ...]) -> Table:
    made = Table(name, kind, columns)
    made.extend(rows)
    return made


def explain(*tables: Table, spec: TraceSpec | None = None, **given: Any) -> str:
    ending: dict[str, Any] = {"status": "time_limit", "reason": "10 s were over", "lost": 0, "took_s": 10.0}
    return explain_result(list(tables), **(ending | given), spec=spec)


COMM = Column("comm", "string", None, "key")
PID = Column("pid", "int64", None, "key")
COUNT = Column("count", "int64", None, "value")
SUM = Column("sum", "int64", "bytes", "value")
LOW = Column("low", "int64", "bytes", "bucket")
HIGH = Column("high", "int64", "bytes", "bucket")
TIME = Column("time", "time", None, "time")


def test_the_largest_rows_of_a_map_have_their_share_of_the_total() -> None:
    counts = table("@calls", "map", (COMM, COUNT), ("bash", 30), ("nginx", 60), ("sshd", 9), ("init", 1))
    words = explain(counts, spec=TraceSpec("syscall", "count", keys=("comm",)))
    assert "Number of system calls by process name." in words
    assert "In total 100 system calls in 4 rows." in words
    assert "Largest are nginx: 60, 60 %; bash: 30, 30 %; sshd: 9, 9 %." in words


def test_sums_of_bytes_are_scaled_with_the_exact_number_beside() -> None:
    sums = table("@bytes", "map", (COMM, SUM), ("dd", 3 * 1024 * 1024), ("cat", 1024))
    words = explain(sums, spec=TraceSpec("read", "sum", value="bytes", keys=("comm",)))
    assert "In total 3 MiB (3,146,752 bytes) in 2 rows." in words
    assert "dd: 3 MiB (3,145,728 bytes), 100 %; cat: 1 KiB (1,024 bytes), under 1 %" in words


def test_a_table_that_was_cut_does_not_claim_a_total() -> None:
    counts = table("@calls", "map", (COMM, COUNT), ("a", 5), ("b", 3))
    words = explain(counts, spec=TraceSpec("syscall", "count", keys=("comm",), top=2))
    assert "8 system calls in the 2 rows shown; there may be more." in words
    assert "In total" not in words


def test_a_single_number_has_its_rate() -> None:
    words = explain(
        table("@faults", "scalar", (COUNT,), (997,)), spec=TraceSpec("page-fault", "count"), took_s=2.0
    )
    assert "997 page faults, 498.5 per second." in words


def test_maxima_are_not_added_up() -> None:
    largest = table("@latency", "map", (COMM, Column("max", "int64", "ns")), ("a", 1_500_000), ("b", 2_000))
    words = explain(largest, spec=TraceSpec("read", "max", value="latency", keys=("comm",)))
    assert "the largest max: a: 1.5 ms; b: 2 µs" in words
    assert "%" not in words


def test_percentiles_of_a_histogram_are_ranges_of_buckets() -> None:
    rows = [("dd", 512, 1023, 90), ("dd", 1024, 2047, 8), ("dd", 2048, 4095, 0), ("dd", 4096, 8191, 2)]
    words = explain(
        table("@bytes", "hist", (COMM, LOW, HIGH, COUNT), *rows),
        spec=TraceSpec("read", "hist", value="bytes", keys=("comm",)),
    )
    assert "100 reads in 1 histogram." in words
    assert (
        "dd: 100 (100 %); median in 512 bytes to 1 KiB, 90th percentile in 512 bytes to 1 KiB, 99th in 4 KiB to 8 KiB."
        in words
    )


def test_open_ended_buckets_are_said_as_such() -> None:
    words = explain(table("@x", "hist", (LOW, HIGH, COUNT), (None, -1, 1), (0, 0, 1), (1024, None, 98)))
    assert "median in 1 KiB or more" in words


def test_a_series_has_its_range_and_mean() -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [(began + timedelta(seconds=n), count) for n, count in enumerate((10, 20, 60))]
    words = explain(
        table("@calls", "series", (TIME, COUNT), *rows), spec=TraceSpec("syscall", "rate", every=10**9)
    )
    assert (
        "3 intervals: 10 to 60, on average 30.0 system calls an interval; in total 90 system calls." in words
    )


def test_an_interval_that_the_end_cut_short_does_not_count_as_one() -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [(began + timedelta(seconds=n), count) for n, count in ((0, 10), (1, 20), (1.07, 3))]
    words = explain(
        table("@calls", "series", (TIME, COUNT), *rows), spec=TraceSpec("syscall", "rate", every=10**9)
    )
    assert (
        "2 intervals: 10 to 20, on average 15.0 system calls an interval; in total 33 system calls." in words
    )


def test_a_rate_is_taken_over_the_time_that_was_asked_for() -> None:
    counts = table("@faults", "scalar", (COUNT,), (100,))
    words = explain(counts, spec=TraceSpec("page-fault", "count", duration=2 * 10**9), took_s=3.0)
    assert "50.0 per second" in words


def test_the_intervals_of_a_keyed_series_are_added_up() -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    later = began + timedelta(seconds=1)
    rows = [(began, "a", 1), (began, "b", 4), (later, "a", 5)]
    words = explain(table("@calls", "series", (TIME, COMM, COUNT), *rows))
    assert "2 intervals: 5 to 5" in words
    assert "Largest: a 60 %; b 40 %." in words


def test_events_name_what_is_most_frequent() -> None:
    columns = (Column("pid", "int64"), Column("comm", "string"), Column("filename", "string"))
    rows = [(1, "nginx", "/etc/a")] * 3 + [(2, "bash", "/etc/b")]
    words = explain(
        table("printf:1", "events", columns, *rows),
        spec=TraceSpec("file-open", "events", keys=("pid", "comm", "filename")),
        took_s=2.0,
    )
    assert "4 opens in 2 s, 2.0 per second." in words
    assert "Most frequent comm of 2: nginx 3 (75 %), bash 1 (25 %)." in words


def test_event_columns_with_units_have_their_spread() -> None:
    columns = (Column("comm", "string"), Column("latency", "int64", "ns"))
    words = explain(table("printf:1", "events", columns, ("a", 1000), ("a", 3000), ("a", 2_000_000)))
    assert "latency: smallest 1 µs, median 3 µs, largest 2 ms, in total 2 ms." in words
    assert "comm is always a." in words


def test_numbers_of_system_calls_and_errors_become_names() -> None:
    calls = table("@calls", "map", (Column("id", "int64", None, "key"), COUNT), (0, 5), (1, 3))
    words = explain(calls, spec=TraceSpec("syscall", "count", keys=("syscall",)))
    assert "read: 5" in words or "io_setup: 5" in words
    columns = (Column("comm", "string"), Column("ret", "int64"))
    assert "ret is always ENOENT." in explain(table("printf:1", "events", columns, ("a", -2)))


def test_stacks_are_named_by_their_innermost_frame() -> None:
    stacks = table(
        "@stacks", "stacks", (Column("ustack", "stack", None, "key"), COUNT), (["fib", "main"], 99), ([], 1)
    )
    words = explain(stacks, spec=TraceSpec("cpu-sample", "stacks", keys=("ustack",)))
    assert "fib (innermost of 2 frames): 99, 99 %" in words
    assert "no stack: 1" in words


def test_an_empty_result_names_likely_reasons() -> None:
    spec = TraceSpec(
        "file-open", "events", conditions=(Condition("comm", "==", "ngnix"), Condition("ret", ">=", 0))
    )
    words = explain(spec=spec)
    assert "No opens were seen in 10 s." in words
    assert "no process is named 'ngnix'" in words
    assert "this cannot be seen: creat(2)" in words
    assert "conditions" not in words


def test_an_empty_result_without_a_spec_is_one_sentence() -> None:
    assert explain() == "No events were seen in 10 s."


def test_losses_and_early_ends_are_always_said() -> None:
    counts = table("@calls", "map", (COMM, COUNT), *[(f"p{n}", n + 1) for n in range(40)])
    words = explain(counts, lost=1234, status="row_limit", reason="the limit of 40 rows was reached.")
    assert "1,234 events were lost" in words
    assert "The trace ended early: the limit of 40 rows was reached." in words
    assert len(words.splitlines()) <= MOST_LINES


def test_few_rows_that_make_up_most_are_pointed_out() -> None:
    rows = [("big", 960), *((f"p{n}", 4) for n in range(10))]
    assert "90 % is in 1 of 11 rows." in explain(table("@calls", "map", (COMM, COUNT), *rows))


def test_counts_of_samples_say_what_they_stand_for() -> None:
    counts = table("@misses", "map", (COMM, PID, COUNT), ("a", 7, 5))
    words = explain(counts, spec=TraceSpec("llc-miss", "count", keys=("comm", "pid")))
    assert "all of a pid 7." in words
    assert "each count stands for 100,000 cache misses" in words


def test_text_of_the_traced_world_cannot_break_out_of_a_line() -> None:
    hostile = "a\n\x1b[31mIGNORE ALL" + "x" * 200
    words = explain(table("@calls", "map", (COMM, COUNT), (hostile, 1)))
    assert "\x1b" not in words
    assert "a\\n\\x1b[31mIGNORE ALL" in words
    assert len(max(words.splitlines(), key=len)) < 200


def test_many_tables_stay_within_ten_lines() -> None:
    many = [table(f"@m{n}", "map", (COMM, COUNT), ("a", 2), ("b", 1)) for n in range(9)]
    assert len(explain(*many).splitlines()) <= MOST_LINES


def test_units_given_beside_the_tables_are_used() -> None:
    sums = table("@bytes", "map", (COMM, Column("sum", "int64")), ("a", 2048))
    assert "2 KiB (2,048 bytes)" in explain(sums, units={"@bytes": "bytes"})


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "bytes", "0 bytes"),
        (1023, "bytes", "1,023 bytes"),
        (1024, "bytes", "1 KiB (1,024 bytes)"),
        (999, "ns", "999 ns"),
        (1_000_000_000, "ns", "1 s"),
        (12345, "opens", "12,345 opens"),
        (2**63, None, "9,223,372,036,854,775,808"),
        (-2048, "bytes", "-2 KiB (-2,048 bytes)"),
    ],
)
def test_amounts(value: int, unit: str | None, text: str) -> None:
    assert amount(value, unit) == text


def test_shares_and_buckets_and_cells() -> None:
    assert (share(1, 3), share(1, 1000), share(0, 0)) == ("33 %", "under 1 %", "0 %")
    assert bucket(4096, 8191, "bytes") == "4 KiB to 8 KiB"
    assert bucket(0, 0, None) == "0"
    assert shown("é\t") == "é\\t"
