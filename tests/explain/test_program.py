"""Programs in words: every sentence is asserted against what the program does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpttrace.explain.program import explain_program
from gpttrace.language import nodes as n
from gpttrace.language import parse
from gpttrace.testing import installed_bpftraces, require

ACCEPTED = Path(__file__).parent.parent / "language/data/accepted.json"


def words(text: str) -> list[str]:
    tree = parse(text)
    assert tree.findings == []
    return explain_program(tree)


def test_counting_with_a_filter_and_a_period() -> None:
    assert words(
        "tracepoint:syscalls:sys_enter_openat /pid == 42/ { @[comm] = count(); } interval:s:1 { print(@); clear(@); }"
    ) == [
        "Each time a process enters openat(2) (`tracepoint:syscalls:sys_enter_openat`), if the process id is 42, "
        "it counts by process name (`@`).",
        "Every second, it prints `@` and clears `@`.",
        "When the trace ends, bpftrace prints what is then in `@`. It runs until it is stopped.",
    ]


def test_latency_between_two_probes() -> None:
    assert words(
        "kprobe:vfs_read { @start[tid] = nsecs; } kretprobe:vfs_read /@start[tid]/ "
        "{ @us[comm] = hist((nsecs - @start[tid]) / 1000); delete(@start[tid]); } END { clear(@start); }"
    ) == [
        "Each time the kernel calls vfs_read() (`kprobe:vfs_read`), it notes the time for this thread (`@start`).",
        "Each time the kernel returns from vfs_read() (`kretprobe:vfs_read`), if a time was recorded in `@start` for this "
        "thread, it collects the distribution, in powers of two, of the microseconds since `@start` was noted by process "
        "name (`@us`) and forgets `@start` for this thread.",
        "At the end, it clears `@start`.",
        "When the trace ends, bpftrace prints what is then in `@us`. It runs until it is stopped.",
    ]


def test_sampling_for_a_while() -> None:
    assert words(
        'profile:hz:99 /comm == "bash"/ { @[ustack, comm] = count(); } interval:s:10 { exit(); }'
    ) == [
        '99 times a second on each CPU, if the process name is "bash", it counts by user stack and process name (`@`).',
        "After 10 seconds it ends.",
        "When the trace ends, bpftrace prints what is then in `@`.",
    ]


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("BEGIN", "At the start"),
        ("end", "At the end"),
        ("tracepoint:syscalls:sys_exit_read", "Each time a process returns from read(2)"),
        ("tracepoint:syscalls:sys_enter_open*", "Each time a process enters a system call matching `open*`"),
        ("t:raw_syscalls:sys_enter", "Each time a process enters any system call"),
        ("tracepoint:sched:sched_switch", "Each time `tracepoint:sched:sched_switch` fires"),
        ("k:vfs_*", "Each time the kernel calls a function matching `vfs_*`"),
        ("fexit:vfs_read", "Each time the kernel returns from vfs_read()"),
        ("uprobe:/bin/bash:readline", "Each time a process calls readline() in /bin/bash"),
        (
            "usdt:/usr/bin/python3:python:gc__start",
            "Each time the static probe python:gc__start in /usr/bin/python3 fires",
        ),
        ("interval:ms:100", "Every 100 milliseconds"),
        ("interval:5s", "Every 5 seconds"),
        ("profile:ms:10", "Every 10 milliseconds on each CPU"),
        ("software:page-faults:100", "Once every 100 page-faults events"),
        ("watchpoint:0x1000:8:rw", "Each time the 8 bytes at 0x1000 are read or written"),
        ("self:signal:SIGUSR1", "When bpftrace itself gets SIGUSR1"),
        ("kprobe:f+0x10", "Each time `kprobe:f+0x10` is reached"),
        (
            "t:syscalls:sys_enter_kill, t:syscalls:sys_enter_tkill",
            "Each time a process enters kill(2) or tkill(2)",
        ),
    ],
)
def test_each_kind_of_probe_says_when_it_runs(point: str, said: str) -> None:
    assert words(f"{point} {{ @ = count(); }}")[0].startswith(said)


@pytest.mark.parametrize(
    ("predicate", "said"),
    [
        ("pid != 1", "the process id is not 1"),
        ("uid > 5 && cpu <= 2", "the user id is above 5 and the CPU number is at most 2"),
        (
            "(pid == 1 || pid == 2) && tid >= 3",
            "(the process id is 1 or the process id is 2) and the thread id is at least 3",
        ),
        ("@seen[pid]", "something was recorded in `@seen` for this process"),
        ("!@seen[pid]", "nothing was recorded in `@seen` for this process"),
        ("@start[tid]", "a time was recorded in `@start` for this thread"),
        ("args.ret < 0", "`args.ret` is below 0"),
        ("retval == 0", "the return value is 0"),
        ("arg1", "argument 1 is not 0"),
        ('!strncmp(comm, "x", 1)', '`strncmp(comm, "x", 1)` is 0'),
        ("has_key(@seen, pid)", "`@seen` has the key the process id"),
    ],
)
def test_conditions_are_said_in_words_and_the_unknown_is_quoted(predicate: str, said: str) -> None:
    text = f"kprobe:f /{predicate}/ {{ @c = count(); @seen[pid] = 1; @start[tid] = nsecs; }}"
    assert words(text)[0].startswith(f"Each time the kernel calls f() (`kprobe:f`), if {said}, it ")


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("@b[comm] = sum(args.ret)", "adds up `args.ret` by process name (`@b`)"),
        ("@a = avg(nsecs - $t)", "averages `nsecs - $t` (`@a`)"),
        ("@m[cpu] = max(retval)", "keeps the largest of the return value by CPU number (`@m`)"),
        (
            "@l = lhist(retval, 0, 100, 10)",
            "collects the distribution, in steps of 10 from 0 to 100, of the return value (`@l`)",
        ),
        ("@s = stats(arg2)", "keeps count, average and total of argument 2 (`@s`)"),
        ("@n++", "adds one to `@n`"),
        ("@f[tid] = str(args.filename)", "remembers `args.filename` for this thread (`@f`)"),
        ('printf("%d %s\\n", pid, comm)', "prints a line with pid and comm"),
        ('printf("hello\\n")', 'prints "hello\\n"'),
        ("print(@top, 5)", "prints the 5 largest of `@top`"),
        ("delete(@x[tid])", "forgets `@x` for this thread"),
        ("exit()", "ends the trace"),
        ('time("%H:%M")', "prints the time of day"),
        (
            "if (pid == 1) { exit(); } else { @n++; }",
            "(if the process id is 1 ends the trace; otherwise adds one to `@n`)",
        ),
        ("for ($kv : @x) { print($kv.0); }", "for each entry of `@x` prints `$kv.0`"),
        ("unroll (3) { @n++; }", "3 times adds one to `@n`"),
        ("$x = pid", "takes the process id as `$x`"),
        ("weird(1)", "calls `weird(1)`"),
    ],
)
def test_actions_are_said_in_words(action: str, said: str) -> None:
    assert (
        words(f"kprobe:f {{ {action}; }}")[0].removeprefix("Each time the kernel calls f() (`kprobe:f`), it ")
        == f"{said}."
    )


def test_maps_that_the_config_keeps_quiet_are_not_said_to_be_printed() -> None:
    quiet = words("config = { print_maps_on_exit = false }\nBEGIN { @x = count(); exit(); }")
    assert quiet == ["At the start, it counts (`@x`) and ends the trace."]


def test_words_of_the_catalogue_take_the_place_of_our_own() -> None:
    tree = parse("tracepoint:syscalls:sys_enter_openat { @ = count(); }")

    def event(point: n.AttachPoint) -> str | None:
        return "a file is opened" if point.parts[-1] == "sys_enter_openat" else None

    said = explain_program(tree, event)[0]
    assert said == "Each time a file is opened (`tracepoint:syscalls:sys_enter_openat`), it counts (`@`)."


def test_a_table_of_constants_is_summed_up() -> None:
    entries = " ".join(f'@n[{i}] = "x{i}";' for i in range(9))
    assert words(f"BEGIN {{ {entries} }}")[0] == "At the start, it fills `@n` with 9 constants."


def test_every_installed_tool_can_be_explained() -> None:
    tools = [tool for each in installed_bpftraces() for tool in (each.root / "usr/sbin").glob("*.bt")]
    require(len(tools) > 30, "the .bt tools of bpftrace are not installed")
    for tool in tools:
        tree = parse(tool.read_bytes())
        said = explain_program(tree)
        assert len(said) >= len(tree.probes), tool
        assert all(paragraph.endswith(".") for paragraph in said), tool


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(json.loads(ACCEPTED.read_text())), st.data())
def test_damaged_programs_are_explained_as_far_as_they_go(
    record: dict[str, str], data: st.DataObject
) -> None:
    text = record["program"]
    at = data.draw(st.integers(0, len(text)))
    explain_program(
        parse(text[:at] + data.draw(st.sampled_from(["", "(", "}", '"', "@", ";;"])) + text[at + 3 :])
    )


def test_deep_programs_are_explained_without_recursion_errors() -> None:
    for text in (
        "BEGIN { @x = " + "1+" * 5000 + "1; }",
        "BEGIN /" + "1&&" * 5000 + "1/ { }",
        "BEGIN { " + "if (1) { } else " * 5000 + "{ } }",
    ):
        assert explain_program(parse(text))
