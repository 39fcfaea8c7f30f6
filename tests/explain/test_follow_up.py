"""Follow-up questions over a finished run without a model: what is derived is exact, what is not understood is refused, and what
the tables cannot tell comes with the program that would."""

from __future__ import annotations

import os
from typing import Any

import anyio
import pytest
from tests.explain.made import COMM, COUNT, EVENTS, SUM, counts, events, result, spreads, sums, table

from gpttrace.errors import UsageError
from gpttrace.explain import FollowUp, follow_up
from gpttrace.language import parse
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.spec.syscalls import syscall_names
from gpttrace.trace import Result
from gpttrace.trace.table import Column, Table

OPENS = TraceSpec(
    "file-open", "events", keys=("pid", "comm", "filename"), conditions=(Condition("ret", ">=", 0),)
)


def follow(found: Result, question: str) -> FollowUp:
    async def ask() -> FollowUp:
        return await follow_up(found, question)

    return anyio.run(ask)


def rows(found: Result, question: str) -> list[tuple[Any, ...]]:
    answer = follow(found, question)
    assert answer.table is not None, answer.words
    return list(answer.table.rows())


@pytest.mark.parametrize(
    ("question", "pids"),
    [
        ("which of these are writes?", [1, 3]),
        ("only postgres", [3]),
        ("only nginx and bash", [1, 2, 1]),
        ("not nginx", [2, 3]),
        ("without bash", [1, 1, 3]),
        ("writes of nginx", [1]),
        ("op is read", [2, 1]),
        ("pid 1", [1, 1]),
        ("process 'nginx'", [1, 1]),
        ("more than 1 MB", [1]),
        ("at least 4 KB", [1, 1]),
        ("less than 1 KB", [2, 3]),
        ("bytes not 10", [1, 1, 3]),
        ("reads or writes", [1, 2, 1, 3]),
        ("writes that failed", []),
        ("bytes > 100", [1, 1]),
        ("bytes between 1 and 4 KB", [1]),
        ("between 50 and 200 bytes", [3]),
        ("latency over 10 ms", [1]),
        ("slower than 1 ms", [1, 1]),
        ("latency more than 1 second", []),
        ("which failed?", [2]),
        ("only successful ones", [1, 1, 3]),
        ("files under /etc", [1, 2]),
        ("files starting with /var", [1, 3]),
        ("filename contains etc", [1, 2]),
        ("/var/c", [1, 3]),
        ("/nowhere", []),
        ("only redis-server", []),
        ("top 2 by latency", [1, 1]),
        ("the slowest", [1]),
        ("bottom 1 by bytes", [2]),
        ("sort by bytes ascending", [2, 3, 1, 1]),
        ("sorted by latency", [1, 1, 2, 3]),
        ("slowest writes of postgres", [3]),
    ],
)
def test_rows_of_events(question: str, pids: list[int]) -> None:
    assert [row[0] for row in rows(result(events()), question)] == pids


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how many?", [(4,)]),
        ("how many writes", [(2,)]),
        ("how many by process", [("nginx", 2), ("bash", 1), ("postgres", 1)]),
        ("count by op and comm", [("write", "nginx", 1), ("read", "bash", 1), ("read", "nginx", 1), ("write", "postgres", 1)]),
        ("total bytes", [((2 << 20) + 10 + 4096 + 100,)]),
        ("how much bytes in total by op", [("write", (2 << 20) + 100), ("read", 4106)]),
        ("average latency", [(25_001_030 / 4,)]),
        ("median latency of nginx", [(12_500_000.0,)]),
        ("average latency per op", [("read", 10_000_500.0), ("write", 2_500_015.0)]),
        ("longest latency per process", [("nginx", 20_000_000), ("bash", 1000), ("postgres", 30)]),
        ("how many different files", [(3,)]),
        ("distinct files by process", [("nginx", 2), ("bash", 1), ("postgres", 1)]),
        ("how many processes", [(3,)]),
        ("share of nginx", [(50.0,)]),
        ("what percentage are writes", [(50.0,)]),
        ("top 2 processes by bytes", [("nginx", (2 << 20) + 4096), ("postgres", 100)]),
        ("which process has the most bytes?", [("nginx", (2 << 20) + 4096)]),
        ("top 1 files", [("/var/c", 2)]),
        ("top 2 files by average latency", [("/var/c", 10_000_015.0), ("/etc/a", 5_000_000.0)]),
        ("how many bytes did nginx write", [(2 << 20,)]),
        ("bytes by comm", [("nginx", (2 << 20) + 4096), ("postgres", 100), ("bash", 10)]),
    ],
)  # fmt: skip
def test_what_events_come_to(question: str, answer: list[tuple[Any, ...]]) -> None:
    assert rows(result(events()), question) == answer


@pytest.mark.parametrize(
    ("found", "question", "answer"),
    [
        (counts(), "how many", [(100,)]),
        (counts(), "total", [(100,)]),
        (counts(), "top 2", [("nginx", 60), ("bash", 30)]),
        (counts(), "bottom 1", [("init", 1)]),
        (counts(), "share of nginx", [(60.0,)]),
        (counts(), "share by process", [("nginx", 60.0), ("bash", 30.0), ("sshd", 9.0), ("init", 1.0)]),
        (counts(), "at least 30 calls", [("nginx", 60), ("bash", 30)]),
        (counts(), "average", [(25.0,)]),
        (counts(), "only sshd", [("sshd", 9)]),
        (sums(), "more than 1 MB", [("nginx", 3 << 20)]),
        (sums(), "up to 1 MiB", [("bash", 1 << 20), ("dd", 1 << 19)]),
        (sums(), "how much in total", [(((3 << 20) + (1 << 20) + (1 << 19)),)]),
        (spreads(), "how many", [(10,)]),
        (spreads(), "count by process", [("dd", 8), ("cat", 2)]),
        (spreads(), "top 1", [("dd", 8)]),
        (spreads(), "share of dd", [(80.0,)]),
        (spreads(), "at least 1 KB", [("dd", 1 << 20, (1 << 21) - 1, 3), ("cat", 1024, 2047, 2)]),
        (spreads(), "only cat", [("cat", 1024, 2047, 2)]),
    ],
)
def test_maps_and_histograms(found: Table, question: str, answer: list[tuple[Any, ...]]) -> None:
    assert rows(result(found), question) == answer


def test_a_range_that_lies_on_both_sides_is_left_out_and_named() -> None:
    answer = follow(result(spreads()), "more than 600 bytes")

    assert answer.table is not None
    assert answer.table.column("low") == [1 << 20, 1024]
    assert "The range 512 to 1,023 holds 600 and is left out." in answer.words


def test_stacks_are_found_by_a_frame() -> None:
    rows_of: list[tuple[Any, ...]] = [(["fib", "main"], 9), (["read", "main"], 1), ([], 4)]
    stacks = table("@st", "stacks", (Column("ustack", "stack", None, "key"), COUNT), *rows_of)

    assert rows(result(stacks), "only fib") == [(["fib", "main"], 9)]
    assert rows(result(stacks), "stacks containing main") == [(["fib", "main"], 9), (["read", "main"], 1)]
    assert rows(result(stacks), "top 1") == [(["fib", "main"], 9)]
    assert rows(result(stacks), "how many") == [(14,)]


def test_words_of_an_answer_hold_its_exact_numbers() -> None:
    assert (
        follow(result(events()), "which are writes").words
        == "2 of the 4 rows of printf:1, where op is write."
    )
    assert follow(result(sums()), "total").words == "Sum of sum: 4.5 MiB (4,718,592 bytes)."
    assert (
        follow(result(counts()), "share of nginx").words
        == "Share of the whole count, only where comm is nginx: 60.00 %."
    )


@pytest.mark.parametrize(
    "question", ["only nginx", "top 5", "total bytes", "how many", "average bytes", "share of bytes by comm"]
)
def test_a_table_without_rows_has_an_honest_answer(question: str) -> None:
    answer = follow(result(Table("printf:1", "events", EVENTS)), question)

    assert answer.table is None or len(answer.table) == 0 or list(answer.table.rows()) == [(0,)]


def test_a_run_without_tables_says_so() -> None:
    assert follow(result(), "how many").why == "there are no tables to ask about"


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("delete all the files", "`delete`"),
        ("frobnicate", "`frobnicate`"),
        ("more than nginx", "`more`"),
        ("the same as nginx", "`same`"),
        ("nginx before bash", "`before`"),
        ("how many per second", "`per`"),
        ("bash or writes", "`or` is understood between values of one column"),
        ("top 1 by average latency", "say of what the mean is ranked"),
        ("latency by process", "say what of latency"),
        ("only writes longer than the moon", "`moon`"),
        ("top 5", "say by which column: bytes, latency"),
        ("more than 5", "say which number is compared"),
        ("hello", "what is asked"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_can_be_asked(question: str, why: str) -> None:
    answer = follow(result(events()), question)

    assert (answer.table, answer.program) == (None, None)
    assert why in answer.why
    assert "printf:1 (pid, comm, op, filename, bytes, latency, ret)" in answer.words


@pytest.mark.parametrize(
    ("found", "question", "why"),
    [
        (spreads(), "average", "holds ranges, not values"),
        (table("@a", "map", (COMM, Column("avg", "int64", "ns")), ("a", 5)), "total", "cannot be added up"),
        (
            table("@a", "map", (COMM, Column("max", "int64", "ns")), ("a", 5)),
            "share of a",
            "cannot be added up",
        ),
    ],
)
def test_numbers_that_would_be_untrue_are_refused(found: Table, question: str, why: str) -> None:
    answer = follow(result(found), question)

    assert answer.table is None
    assert why in answer.words


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("by user", "uid"),
        ("which of these failed?", "args->ret < 0"),
        ("only those longer than 10 ms", "> 10000000"),
        ("which cpu", "cpu"),
    ],
)
def test_what_the_tables_cannot_tell_comes_with_the_next_program(question: str, holds: str) -> None:
    opens = table("printf:1", "events", EVENTS[:2] + EVENTS[3:4], (1, "cat", "/etc/a"))
    answer = follow(result(opens, spec=OPENS), question)

    assert answer.table is None
    assert answer.program is not None
    assert holds in answer.program
    assert "it was not run" in answer.words
    assert parse(answer.program).findings == []


def test_what_was_understood_is_kept_in_the_next_program() -> None:
    opens = table("printf:1", "events", EVENTS[:2] + EVENTS[3:4], (1, "cat", "/etc/a"))
    answer = follow(result(opens, spec=OPENS), "only cat, by user")

    assert answer.program is not None
    assert 'comm == "cat"' in answer.program
    assert "uid" in answer.program


def test_a_value_of_the_event_that_was_not_kept_becomes_a_condition() -> None:
    spec = TraceSpec("disk-io", "count", keys=("dev",))
    answer = follow(result(counts(), spec=spec), "which of these are writes?")

    assert answer.program is not None
    assert '"W"' in answer.program


def test_the_words_of_the_catalogue_stand_for_the_cells_of_its_columns() -> None:
    spec = TraceSpec("disk-io", "events", keys=("direction", "bytes"))
    columns = (Column("direction", "string"), Column("bytes", "int64", "bytes"))
    disks = table(
        "printf:1", "events", columns, ("WS", 512), ("R", 4096), ("FWS", 1024), ("RA", 8192), ("D", 1)
    )

    assert rows(result(disks, spec=spec), "which of these are writes?") == [("WS", 512), ("FWS", 1024)]
    assert rows(result(disks, spec=spec), "total bytes of reads") == [(12_288,)]


def test_a_tool_or_a_program_of_the_user_has_no_next_program() -> None:
    answer = follow(result(counts(), spec=None), "by user")

    assert (answer.table, answer.program) == (None, None)


def test_what_was_cut_or_lost_is_said_with_every_answer() -> None:
    cut = result(counts(), spec=TraceSpec("syscall", "count", keys=("comm",), top=4), lost=7)

    words = follow(cut, "total").words
    assert "kept only the 4 largest rows" in words
    assert "7 events were lost" in words


def test_sums_do_not_wrap_and_missing_cells_stay_missing() -> None:
    big = table("@b", "map", (COMM, SUM), ("a", 2**63 - 1), ("b", 2**63 - 1), ("c", None))

    assert rows(result(big), "total") == [(2**64 - 2,)]
    assert rows(result(big), "sort by sum ascending")[-1] == ("c", None)
    assert rows(result(big), "more than 5 bytes") == [("a", 2**63 - 1), ("b", 2**63 - 1)]


def test_two_hundred_thousand_rows_are_all_counted() -> None:
    many = table(
        "printf:1", "events", EVENTS[:2] + EVENTS[4:5], *[(n, f"p{n % 7}", n) for n in range(200_000)]
    )

    assert rows(result(many), "total bytes") == [(199_999 * 100_000,)]
    assert rows(result(many), "how many different processes") == [(7,)]
    assert len(rows(result(many), "more than 100 KB")) == 200_000 - 102_401
    assert rows(result(many), "top 1 by bytes") == [(199_999, f"p{199_999 % 7}", 199_999)]


def test_a_value_in_two_columns_must_be_told_apart() -> None:
    both = table(
        "printf:1",
        "events",
        (Column("parent", "string"), Column("child", "string")),
        ("sh", "ls"),
        ("ls", "sh"),
    )

    assert "stands in parent and in child" in follow(result(both), "only sh").words
    assert rows(result(both), "child sh") == [("ls", "sh")]


def test_other_values_that_hold_the_word_are_named() -> None:
    calls = table(
        "@c",
        "map",
        (Column("call", "string", None, "key"), COUNT),
        ("write", 5),
        ("pwrite64", 3),
        ("writev", 1),
    )
    answer = follow(result(calls), "which of these are writes")

    assert answer.table is not None
    assert answer.table.column("call") == ["write"]
    assert "other values: pwrite64, writev" in answer.words


def test_numbers_that_stand_for_names_are_found_by_name() -> None:
    number = next(n for n, name in syscall_names(os.uname().machine).items() if name == "write")
    calls = table("@calls", "map", (Column("id", "int64", None, "key"), COUNT), (number, 3), (number + 1, 5))
    found = result(calls, spec=TraceSpec("syscall", "count", keys=("syscall",)))

    assert rows(found, "only write") == [(number, 3)]


@pytest.mark.parametrize("question", ["", "  ", "x" * 501])
def test_no_question_and_an_endless_one_are_usage_errors(question: str) -> None:
    with pytest.raises(UsageError):
        follow(result(counts()), question)


def test_values_of_the_traced_world_are_shown_safely() -> None:
    hostile = table("@c", "map", (COMM, COUNT), ("a\x1b[31m\nb", 5))
    answer = follow(result(hostile), 'comm "a\x1b[31m\nb"')

    assert "\x1b" not in answer.words
