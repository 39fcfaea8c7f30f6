"""Programs held against each other: what means the same is the same however it is written, and what does not says how."""

from __future__ import annotations

import pytest
from tests.meaning.held import TIMED, held

READS = "tracepoint:syscalls:sys_exit_read /args->ret > 0/ { @bytes[comm] = sum(args->ret); }"

SAME = {
    "another name of the map": "tracepoint:syscalls:sys_exit_read /args->ret > 0/ { @x[comm] = sum(args->ret); }",
    "an if": "tracepoint:syscalls:sys_exit_read { if (args->ret > 0) { @bytes[comm] = sum(args->ret); } }",
    "a return": "tracepoint:syscalls:sys_exit_read { if (args->ret <= 0) { return; } @bytes[comm] = sum(args->ret); }",
    "a variable": "tracepoint:syscalls:sys_exit_read { $n = args->ret; if ($n >= 1) { @bytes[comm] = sum($n); } }",
    "an empty branch": "tracepoint:syscalls:sys_exit_read { if (args->ret < 1) { } else { @bytes[comm] = sum(args->ret); } }",
    "+=": "t:syscalls:sys_exit_read /!(args.ret <= 0)/ { @bytes[comm] += args.ret; }",
    "sides": "tracepoint:syscalls:sys_exit_read /0 < args->ret/ { @bytes[comm] = sum(args->ret); }",
    "more than needed": "tracepoint:syscalls:sys_exit_read /args->ret > 0 && args->ret > -5/ { @bytes[comm] = sum(args->ret); }",
}

DIFFERENT = {
    "narrower: a process": (
        "tracepoint:syscalls:sys_exit_read /args->ret > 0 && pid == 7/ { @b[comm] = sum(args->ret); }",
        "narrower",
    ),
    "wider: errors": ("tracepoint:syscalls:sys_exit_read { @b[comm] = sum(args->ret); }", "wider"),
    "wider: empty reads": (
        "tracepoint:syscalls:sys_exit_read /args->ret >= 0/ { @b[comm] = sum(args->ret); }",
        "wider",
    ),
    "another sign": (
        "tracepoint:syscalls:sys_exit_read /args->ret < 0/ { @b[comm] = sum(args->ret); }",
        "different",
    ),
    "another key": (
        "tracepoint:syscalls:sys_exit_read /args->ret > 0/ { @b[pid] = sum(args->ret); }",
        "different",
    ),
    "no key": ("tracepoint:syscalls:sys_exit_read /args->ret > 0/ { @b = sum(args->ret); }", "different"),
    "another value": (
        "tracepoint:syscalls:sys_exit_read /args->ret > 0/ { @b[comm] = sum(1); }",
        "different",
    ),
    "another form": (
        "tracepoint:syscalls:sys_exit_read /args->ret > 0/ { @b[comm] = hist(args->ret); }",
        "different",
    ),
    "another hook": (
        "tracepoint:syscalls:sys_exit_write /args->ret > 0/ { @b[comm] = sum(args->ret); }",
        "different",
    ),
    "a hook more": (
        "tracepoint:syscalls:sys_exit_read, tracepoint:syscalls:sys_exit_write /args->ret > 0/ { @b[comm] = sum(args->ret); }",
        "wider",
    ),
    "bits of a truth": (
        "tracepoint:syscalls:sys_exit_read /args->ret & 1 == 1/ { @b[comm] = sum(args->ret); }",
        "different",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same_is_the_same(name: str) -> None:
    found = held(READS, SAME[name])

    assert (found.answer, found.differences) == ("same", ())


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_means_something_else_says_in_which_direction(name: str) -> None:
    given, answer = DIFFERENT[name]

    assert held(READS, given).answer == answer


def test_a_case_shows_what_is_counted_too_much() -> None:
    (difference,) = held(READS, DIFFERENT["wider: empty reads"][0]).differences

    assert difference.example is not None
    assert [(fact.name, value) for fact, value in difference.example.values.items()] == [("args.ret", 0)]


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        ("$ns > 10000000", "$ns / 1000000 >= 10 && $ns != 10000000", "same"),
        ("$ns > 10000000", "10000000 < nsecs - @start[tid]", "same"),
        ("/@start[tid]/", "/@start[tid] != 0/", "same"),
        ("delete(@start[tid]);", "delete(@start, tid);", "same"),
        ("delete(@start[tid]);", "@start[tid] = 0;", "same"),
        ("{ @start[tid] = nsecs; }", '/comm == "cat"/ { @start[tid] = nsecs; }', "narrower"),
        ("$ns > 10000000", "$ns > 10000", "wider"),
        ("$ns > 10000000", "$ns > 10000000000", "narrower"),
        ("/@start[tid]/ {", "{", "wider"),
        ("nsecs - @start[tid]", "@start[tid] - nsecs", "wider"),
        ("{ @start[tid]", "{ @start[pid]", "different"),
    ],
)
def test_begin_and_end_are_one_event(before: str, after: str, answer: str) -> None:
    assert before in TIMED

    assert held(TIMED, TIMED.replace(before, after, 1)).answer == answer


def test_a_key_that_stays_is_said_even_where_no_number_changes() -> None:
    found = held(TIMED, TIMED.replace("delete(@start[tid]);", ""))

    assert (found.answer, [each.kind for each in found.differences]) == ("same", ["stale"])


def test_a_filter_of_the_thread_may_stand_at_begin_or_end() -> None:
    early = TIMED.replace("{ @start[tid] = nsecs; }", '/comm == "cat" && uid == 7/ { @start[tid] = nsecs; }')
    late = TIMED.replace("$ns > 10000000", '$ns > 10000000 && comm == "cat" && uid == 7')

    assert held(early, late).answer == "same"


def test_an_argument_at_the_begin_is_not_the_one_at_the_end() -> None:
    early = TIMED.replace("{ @start[tid]", "/args->count > 4096/ { @start[tid]")
    late = TIMED.replace("$ns > 10000000", "$ns > 10000000 && args->count > 4096")

    assert held(early, late).answer == "different"


NAMES = "tracepoint:sched:sched_switch /{}/ {{ @ = count(); }}"


@pytest.mark.parametrize(
    ("asked", "given", "answer"),
    [
        ('comm == "a" || comm == "b"', '!(comm != "b" && comm != "a")', "same"),
        ('comm == "nginx"', 'strncmp(comm, "nginx", 6) == 0', "same"),
        ('comm == "nginx"', 'strncmp(comm, "nginx", 5) == 0', "wider"),
        ('strncmp(comm, "ng", 2) == 0', 'strncmp(comm, "nginx", 2) == 0', "same"),
        ('strncmp(comm, "ng", 2) == 0', 'strncmp(comm, "nginx", 5) == 0', "narrower"),
        ('comm != "a"', 'comm != "a" && comm != "b"', "narrower"),
        ('comm == "a-name-of-more-than-15"', "0", "same"),
        ("pid == 7 || pid == 9", "(pid == 7 || pid == 9) && pid < 10", "same"),
        ("pid > 7", "pid >= 8", "same"),
        ("uid != 0", "uid > 0", "same"),
        ("args->prev_state != 0", "args->prev_state > 0", "narrower"),
        ("args->next_prio & 2 == 2", "(args->next_prio & 2) == 2", "different"),
    ],
)
def test_conditions_are_compared_by_what_they_hold_for(asked: str, given: str, answer: str) -> None:
    assert held(NAMES.format(asked), NAMES.format(given)).answer == answer


SHOWN = "tracepoint:sched:sched_switch {{ @[comm] = count(); }} {}"


@pytest.mark.parametrize(
    ("asked", "given", "answer"),
    [
        ("interval:s:1 { print(@); clear(@); }", "interval:ms:1000 { print(@); clear(@); }", "same"),
        ("interval:s:1 { print(@); clear(@); }", "interval:s:2 { print(@); clear(@); }", "different"),
        ("interval:s:1 { print(@); clear(@); }", "interval:s:1 { print(@); }", "different"),
        ("interval:s:1 { print(@); clear(@); }", "", "different"),
        ("END { print(@, 5); clear(@); }", "END { print(@, 3); clear(@); }", "narrower"),
        ("END { print(@, 5); clear(@); }", "", "wider"),
    ],
)
def test_times_and_numbers_of_rows(asked: str, given: str, answer: str) -> None:
    assert held(SHOWN.format(asked), SHOWN.format(given)).answer == answer


def test_a_larger_unit_is_a_remark_and_no_difference() -> None:
    plain = "tracepoint:block:block_rq_issue { @ = hist(args->bytes); }"
    found = held(plain, plain.replace("args->bytes", "args->bytes / 1024"))

    assert (found.answer, [each.what for each in found.differences]) == ("same", ["it is measured in KiB"])


@pytest.mark.parametrize(
    "given",
    [
        "tracepoint:sched:sched_switch { $i = 0; while ($i < 5) { $i++; @x[$i] = count(); } @[comm] = count(); }",
        "macro m(a) { a } tracepoint:sched:sched_switch { @[comm] = count(); m(1); }",
    ],
)
def test_what_could_not_be_followed_is_unknown_and_said(given: str) -> None:
    found = held(SHOWN.format(""), given)

    assert found.answer == "unknown"
    assert any(each.kind == "unfollowed" and "not followed" in each.what for each in found.differences)


def test_a_hard_question_ends_and_is_unknown() -> None:
    asked = "tracepoint:block:block_rq_issue /args->sector * args->sector * args->dev == 1234567891/ { @ = count(); }"
    given = asked.replace(
        "== 1234567891", "!= 42 && args->dev * args->sector * args->sector + 3 == 1234567894"
    )

    assert held(asked, given).answer in ("unknown", "same")


def test_nesting_without_end_is_said_and_not_followed() -> None:
    deep = "(" * 3000 + "pid" + " + 1)" * 3000
    found = held(SHOWN.format(""), f"tracepoint:sched:sched_switch /{deep} > 0/ {{ @[comm] = count(); }}")

    assert found.answer in ("unknown", "different")
