"""What the tables of a program tell is read from its tree: numbers, rows or something, and whose events they are."""

from __future__ import annotations

import pytest

from gpttrace.host import Host
from gpttrace.language import parse
from gpttrace.prove.tellings import read_subject

OPENAT = "tracepoint:syscalls:sys_enter_openat"
HOST = Host.local()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("@ = count();", [("@", "number", "")]),
        ("@[comm] = count();", [("@", "number", "comm")]),
        ("@[comm, pid] = hist(args->flags);", [("@", "number", "comm")]),
        ("@[pid] = stats(args->flags);", [("@", "number", "pid")]),
        ("@[tid]++;", [("@", "number", "pid")]),
        ("@[cpu] = sum(1);", [("@", "number", "")]),
        ("@[comm] = sum(args->flags);", [("@", "something", "comm")]),
        ("@[comm] = max(args->flags);", [("@", "something", "comm")]),
        ("@n = count(); @m[comm] = count();", [("@n", "number", ""), ("@m", "number", "comm")]),
        ('printf("%d %s\\n", pid, comm);', [("printf:1", "rows", "comm")]),
        ('printf("%d\\n", pid);', [("printf:1", "rows", "pid")]),
        ("print((cpu, comm));", [("print:1", "rows", "comm")]),
        ('printf("seen\\n");', []),
        (
            'printf("a %d\\n", cpu); print((cpu, pid));',
            [("printf:1", "rows", ""), ("print:1", "rows", "pid")],
        ),
        ("@[str(args->filename)] = count();", [("@", "number", "")]),
    ],
)
def test_each_table_tells_one_thing(body: str, told: list[tuple[str, str, str]]) -> None:
    subject = read_subject(parse(f"{OPENAT} {{ {body} }}"), HOST)
    assert [(each.table, each.what, each.who) for each in subject.tellings] == told
    assert all(each.points == {OPENAT} for each in subject.tellings)


def test_a_helper_map_tells_no_number() -> None:
    program = (
        f"{OPENAT} {{ @s[tid] = nsecs; }} tracepoint:syscalls:sys_exit_openat "
        "/@s[tid]/ { @[comm] = count(); delete(@s[tid]); }"
    )
    assert [each.table for each in read_subject(parse(program), HOST).tellings if each.what == "number"] == [
        "@"
    ]


@pytest.mark.parametrize(
    ("program", "table"),
    [
        (f'BEGIN {{ printf("%d\\n", 1); }} {OPENAT} {{ printf("%s\\n", comm); }}', "printf:2"),
        (f'{OPENAT} {{ printf("%s\\n", comm); }} interval:s:1 {{ printf("%d\\n", 1); }}', "printf:1"),
    ],
)
def test_headers_and_timers_print_no_events(program: str, table: str) -> None:
    assert [each.table for each in read_subject(parse(program), HOST).tellings] == [table]


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("interval:s:1 { print(@); clear(@); }", ["@"]),
        ("BEGIN { clear(@); }", ["@"]),
        ("END { print(@); clear(@); }", ["@"]),
        ("END { clear(@); }", []),
        ("interval:s:1 { print(@); } END { clear(@); }", []),
        ('interval:s:1 { printf("%d\\n", @); @ = 0; }', []),
        ("tracepoint:sched:sched_process_exit { clear(@); }", []),
    ],
)
def test_a_map_that_loses_events_before_they_are_shown_tells_nothing(rest: str, told: list[str]) -> None:
    subject = read_subject(parse(f"{OPENAT} {{ @ = count(); }} {rest}"), HOST)
    assert [each.table for each in subject.tellings] == told


@pytest.mark.parametrize(
    ("predicate", "only"),
    [
        ("", ()),
        ('/comm == "a"/', ('comm == "a"',)),
        ("/pid == 1 && args->flags > 2/", ("pid == 1", "args.flags > 2")),
    ],
)
def test_the_conditions_are_told_in_the_programs_words(predicate: str, only: tuple[str, ...]) -> None:
    (telling,) = read_subject(parse(f"{OPENAT} {predicate} {{ @ = count(); }}"), HOST).tellings
    assert set(telling.only) == set(only)
