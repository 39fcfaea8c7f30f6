"""Names and numbers come out exactly as the kernel saw them, on every supported bpftrace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gpttrace.trace.result import Result
from gpttrace.trace.table import Column
from gpttrace.trace.text import bytes_of, text_of

pytestmark = pytest.mark.kernel
Traced = Callable[..., Result]
OPEN = "tracepoint:syscalls:sys_enter_openat /uid == 54321/ "
UID = 54321


def path_of(name: bytes) -> bytes:
    return b"/no/" + name + b",/x y"


def acts(hostile: dict[bytes, int]) -> list[tuple[Any, ...]]:
    out: list[tuple[Any, ...]] = []
    for name, times in hostile.items():
        out += [("name", name), ("opens", path_of(name), times)]
    return out


def rows(result: Result, name: str) -> list[tuple[Any, ...]]:
    return list(result.table(name).rows())


def test_counts_by_hostile_names_are_exact(traced: Traced, hostile: dict[bytes, int]) -> None:
    result = traced(OPEN + "{ @[comm] = count(); }", *acts(hostile))
    assert {bytes_of(comm): count for comm, count in rows(result, "@")} == hostile
    assert result.table("@").names == ("comm", "count")


def test_keys_of_several_names_are_told_apart(traced: Traced, hostile: dict[bytes, int]) -> None:
    program = (
        OPEN + "{ @m[comm, uid, str(args->filename)] = count(); @s[str(args->filename), comm] = sum(3); }"
    )
    result = traced(program, *acts(hostile))
    expected = {(text_of(name), UID, text_of(path_of(name)), times) for name, times in hostile.items()}
    assert set(rows(result, "@m")) == expected
    assert set(rows(result, "@s")) == {(path, comm, 3 * times) for comm, _, path, times in expected}
    assert result.table("@m").names == ("comm", "uid", "filename", "count")
    assert not result.warnings


def test_histograms_and_statistics_by_hostile_names_are_exact(
    traced: Traced, hostile: dict[bytes, int]
) -> None:
    program = (
        OPEN + "{ @h[comm, uid] = hist(uid); @l[comm] = lhist(uid, 0, 100000, 1000); @t[comm] = stats(uid); }"
    )
    result = traced(program, *acts(hostile))
    texts = {text_of(name): times for name, times in hostile.items()}
    assert set(rows(result, "@h")) == {(comm, UID, 32768, 65535, times) for comm, times in texts.items()}
    assert set(rows(result, "@l")) == {(comm, 54000, 54999, times) for comm, times in texts.items()}
    assert set(rows(result, "@t")) == {(comm, times, UID, UID * times) for comm, times in texts.items()}
    assert result.table("@h").kind == "hist"


def test_other_aggregations_and_values_by_hostile_names_are_exact(
    traced: Traced, hostile: dict[bytes, int]
) -> None:
    program = OPEN + "{ @lo[comm] = min(uid); @hi[comm] = max(uid); @a[comm] = avg(uid); @v[comm] = comm; }"
    result = traced(program, *acts(hostile))
    texts = [text_of(name) for name in hostile]
    for name in ("@lo", "@hi", "@a"):
        assert dict(rows(result, name)) == dict.fromkeys(texts, UID)
    assert dict(rows(result, "@v")) == {text: text for text in texts}


def test_printed_rows_hold_hostile_names_and_whole_numbers(traced: Traced, hostile: dict[bytes, int]) -> None:
    program = (
        OPEN + '{ printf("%d %s opens %s\\n", uid, comm, str(args->filename)); print((comm, nsecs, -7)); }'
    )
    result = traced(program, *acts(hostile))
    expected = [
        (text_of(name), text_of(path_of(name))) for name, times in hostile.items() for _ in range(times)
    ]
    assert rows(result, "printf:1") == [(UID, comm, path) for comm, path in expected]
    assert result.table("printf:1").names == ("uid", "comm", "filename")
    printed = result.table("print:1")
    assert printed.column("comm") == [comm for comm, _ in expected]
    assert set(printed.column("value")) == {-7}
    times = printed.column("nsecs")
    assert times == sorted(times)
    assert min(times) > 1 << 32  # whole: `%d` alone would cut it
    assert result.lost == 0


def test_the_text_is_what_bpftrace_would_have_printed_line_by_line(traced: Traced) -> None:
    program = (
        OPEN + '{ printf("%-8s|%5d|%x|", comm, 42, 255); printf("%s %c%%\\n", str(args->filename), 65); }'
    )
    result = traced(program, ("name", b"cat"), ("opens", b"/a b", 2))
    assert list(result.output) == ["cat     |   42|ff|/a b A%"] * 2
    assert len(result.table("printf:2")) == 2


@pytest.mark.parametrize("length", [63, 150])
def test_long_paths_are_whole_up_to_the_limit_of_strings(traced: Traced, length: int) -> None:
    path = b"/" + b"p" * (length - 1)
    result = traced(OPEN + '{ printf("%s\\n", str(args->filename)); }', ("opens", path, 1), string_length=200)
    assert rows(result, "printf:1") == [(path.decode(),)]


def test_narrow_arguments_have_their_sign_and_times_are_times(traced: Traced) -> None:
    program = OPEN + (
        '{ @[args->dfd] = count(); printf("%s %d %p\\n", strftime("%Y-%m-%d", nsecs), args->dfd, args->filename); }'
    )
    result = traced(program, ("opens", b"/x", 3))
    assert rows(result, "@") == [(-100, 3)]
    table = result.table("printf:1")
    assert table.column("dfd") == [-100] * 3
    assert table.columns[0] == Column("time", "time", None, "time")
    assert abs(table.column("time")[0] - datetime.now(UTC)) < timedelta(minutes=1)
    day = table.column("time")[0].astimezone().strftime("%Y-%m-%d")
    assert [line.split()[:2] for line in result.output] == [[day, "-100"]] * 3
    assert table.column("filename")[0] > 1 << 32
