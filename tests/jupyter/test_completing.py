"""What may stand at a place of a program and of the option line, on a machine that has what the test names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gpttrace.host import Host
from gpttrace_jupyter.completer import complete
from gpttrace_jupyter.completing import completions

pytestmark = pytest.mark.computes

OPEN = "syscalls:sys_enter_open"


@pytest.fixture
def host(made_host: Callable[..., Host]) -> Host:
    """A machine with two tracepoints that share one field."""
    return made_host(
        tracepoints={
            "syscalls:sys_enter_openat": {"dfd": "int", "filename": "const char *", "flags": "int"},
            OPEN: {"filename": "const char *", "mode": "umode_t"},
            "sched:sched_switch": {"prev_comm": "char[16]"},
        }
    )


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("trac", ["tracepoint:"]),
        ("tracepoint:sys", ["tracepoint:syscalls:"]),
        ("t:sched:", ["t:sched:sched_switch"]),
        (f"tracepoint:{OPEN}", [f"tracepoint:{OPEN}", "tracepoint:syscalls:sys_enter_openat"]),
        (f"BEGIN {{ @a = 1; }}\ntracepoint:{OPEN}a", ["tracepoint:syscalls:sys_enter_openat"]),
        (f"tracepoint:sched:sched_switch,\ntracepoint:{OPEN}a", ["tracepoint:syscalls:sys_enter_openat"]),
        ("// BEGIN {\ntracepoint:sched:", ["tracepoint:sched:sched_switch"]),
        (f"tracepoint:{OPEN}at {{ @[args.f", ["filename", "flags"]),
        (f"tracepoint:{OPEN}at {{ @[args->f", ["filename", "flags"]),
        (f"tracepoint:{OPEN}, tracepoint:{OPEN}at {{ @[args.", ["filename"]),
        (f"tracepoint:{OPEN}* {{ @[args.", ["filename", "mode"]),
        (f"tracepoint:{OPEN} /args.m", ["mode"]),
        (f'tracepoint:{OPEN} /comm == "x"/ {{ @a = args.m', ["mode"]),
        ("BEGIN { @a = cou", ["count("]),
        ("BEGIN { if (com", ["comm"]),
        ("BEGIN { @begun = 1; @other = 2; print(@be", ["@begun"]),
        ("BEGIN { $x = 1; $xy = 2; print($x", ["$xy"]),
        ('BEGIN { printf("com', []),
        ("BEGIN { } // com", []),
        ("BEGIN { /* com", []),
        ("BEGIN { curtask.com", []),
        ("nonsense:", []),
        ("interval:s", ["interval:s:1"]),
    ],
)
def test_what_may_stand_at_a_place(host: Host, text: str, offered: list[str]) -> None:
    found = completions(text, len(text), host)
    assert [each.text for each in found] == offered
    assert all(each.text.startswith(text[each.start :]) for each in found)


def test_names_that_are_used_below_the_cursor_are_offered_as_well(host: Host) -> None:
    text = "BEGIN { @ }\nEND { clear(@later); }"
    assert [each.text for each in completions(text, text.index("@") + 1, host)] == ["@later"]


@pytest.mark.parametrize(
    ("line", "fragment", "offered"),
    [
        ("%%gpttrace --ba", "--ba", ["--background"]),
        ("%gpttrace --plot h", "h", ["hist", "heat"]),
        ("%%gpttrace --writer o", "o", ["offline"]),
        ("%%gpttrace --yes --ye", "--ye", []),
        ("%gpttrace count op", "op", []),
    ],
)
def test_the_option_line_offers_options_and_their_values(
    line: str, fragment: str, offered: list[str]
) -> None:
    replaced, found = complete(line, len(line))
    assert replaced == fragment
    assert [text for text, _ in found] == offered


def test_a_question_is_left_alone() -> None:
    text = "%%gpttrace\ncount opens by pr"
    assert complete(text, len(text))[1] == []
