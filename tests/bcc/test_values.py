"""No value becomes an option or a command, and every number is in its range before a tool sees it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.bcc.conftest import shell_tools
from tests.bcc.helps import HELPS

from gpttrace.bcc.described import Argument, Description
from gpttrace.bcc.installed import Installed
from gpttrace.bcc.plan import plan_tool
from gpttrace.bcc.values import argument_problems, value_problem
from gpttrace.errors import GpttraceError

ATTACKS = [
    'files opened by process named "--flag_filter"',
    'files opened by process named "-x"',
    'files opened by process named "a; reboot"',
    'memory leaks of process named "-c reboot"',
    "memory leaks --command reboot",
    "memory leaks -c /sbin/reboot",
    "count function calls of function -r",
    "count kernel functions $(reboot)_x",
    'trace function "do_x(struct y *z) { return 0; }"',
    'trace function "p::do_x \\"%s\\", arg1"',
    "latency of function do_x;reboot",
    "allocations in library libc.so;reboot not freed",
    "memory leaks of PID -1",
    "memory leaks of PID 1 2>/etc/passwd",
    "disk latency of disk -sda",
]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Installed]:
    return shell_tools(tmp_path_factory.mktemp("bcc"), HELPS)


@pytest.mark.parametrize("question", ATTACKS)
def test_no_words_of_a_question_become_an_option_or_a_command(
    question: str, tools: dict[str, Installed], tmp_path: Path
) -> None:
    ours = {"--pid", "--name", "--disk", "--failed", "--trace", "--timestamp", "--obj", "--cpus"}
    try:
        plan = plan_tool(question, tools, tmp_path, anyway=True)
    except GpttraceError:
        return
    assert {each for each in plan.arguments if each.startswith("-")} <= ours
    assert not any(set(each) & set(";$(){}<>\"' ") for each in plan.arguments), plan.arguments


@pytest.mark.parametrize(
    ("argument", "value", "right"),
    [
        (Argument("pid", ("-p",), "pid"), str(os.getpid()), True),
        (Argument("pid", ("-p",), "pid"), "4194303", False),
        (Argument("pid", ("-p",), "pid"), "0", False),
        (Argument("pid", ("-p",), "pid"), "1,1", False),
        (Argument("pid", ("-p",), "pid", many=True), "1,1", True),
        (Argument("pid", ("-p",), "pid"), "١", False),
        (Argument("interval", (), "interval"), "1", True),
        (Argument("interval", (), "interval"), "0", False),
        (Argument("interval", (), "interval"), "1e9", False),
        (Argument("interval", (), "interval"), "99999999999999999999", False),
        (Argument("port", ("-P",), "port"), "65535", True),
        (Argument("port", ("-P",), "port"), "65536", False),
        (Argument("cpu", ("-c",), "cpu"), "0", True),
        (Argument("cpu", ("-c",), "cpu"), "8191", False),
        (Argument("frequency", ("-F",), "frequency"), "100000", False),
        (Argument("sort", ("-s",), "choice", choices=("a", "b")), "a", True),
        (Argument("sort", ("-s",), "choice", choices=("a", "b")), "c", False),
        (Argument("name", ("-n",), "comm"), "nginx", True),
        (Argument("name", ("-n",), "comm"), "--help", False),
        (Argument("name", ("-n",), "comm"), "a" * 16, False),
        (Argument("name", ("-n",), "comm"), "a\nb", False),
        (Argument("pattern", (), "probe"), "vfs_*", True),
        (Argument("pattern", (), "probe"), "t:block:block_rq_issue", True),
        (Argument("pattern", (), "probe"), "c:malloc", True),
        (Argument("pattern", (), "probe"), "*", False),
        (Argument("pattern", (), "probe"), "do_x(int a)", False),
        (Argument("pattern", (), "probe"), "-r", False),
        (Argument("obj", ("-O",), "object"), "/nonexistent/lib.so", False),
        (Argument("command", ("-c",), "command"), "true", False),
        (Argument("cgroupmap", ("--cgroupmap",), "map"), "/sys/fs/bpf/x", False),
        (Argument("text", ("-l",), "text"), "", False),
        (Argument("text", ("-l",), "text"), "x" * 201, False),
    ],
)  # fmt: skip
def test_a_value_is_right_or_wrong(argument: Argument, value: str, right: bool) -> None:
    assert (value_problem(argument, value) is None) == right


def test_arguments_are_checked_as_a_whole() -> None:
    described = Description(
        "usage",
        "",
        (
            Argument("pid", (), "pid", required=True),
            Argument("user", ("-U",), "flag"),
            Argument("kernel", ("-K",), "flag"),
            Argument("top", ("-T", "--top"), "top"),
        ),
        exclusive=(("-U", "-K"),),
    )

    assert argument_problems(["-U", "--top", "5", "1"], described) == []
    assert argument_problems(["-U", "-K", "1"], described) == ["-U and -K cannot be given together"]
    assert argument_problems(["-U"], described) == ["it needs pid"]
    assert "no argument '-x'" in argument_problems(["-x", "1"], described)[0]
    assert "no argument '2'" in argument_problems(["1", "2"], described)[0]
    assert argument_problems(["1", "--top"], described) != []
