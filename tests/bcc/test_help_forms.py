"""Help texts in every form that tools print them become typed arguments; what is no help text becomes nothing."""

from __future__ import annotations

import argparse

import pytest

from gpttrace.bcc.described import description_from_json
from gpttrace.bcc.helptext import read_help
from gpttrace.bcc.meaning import meaning_of

# Python up to 3.12 repeats the metavar, 3.13 does not.
OLD = """usage: t-bpfcc [-h] [-p PID | -L TID] [-F FREQUENCY] [-s {all,reads}]
               [--very-long-option VERY_LONG_OPTION] [-m] device
               [interval] [count]

Watch things, in a summary
of two lines.

positional arguments:
  device                which device
  interval              seconds between reports (default 5)
  count                 number of outputs

options:
  -h, --help            show this
  -p PID, --pid PID     only these, separated by commas
  -L TID, --tid TID     only this thread
  -F FREQUENCY, --frequency FREQUENCY
                        samples, in Hertz
  -s {all,reads}, --sort {all,reads}
                        the column, default all
  --very-long-option VERY_LONG_OPTION
                        something
  -m, --milliseconds    not microseconds

examples:
    ./t -p 1    # with -x, --no-option of course
"""
NEW = (
    OLD.replace("-p PID, --pid PID ", "-p, --pid PID ")
    .replace("-L TID, --tid TID ", "-L, --tid TID ")
    .replace("-F FREQUENCY, --frequency", "-F, --frequency")
    .replace("-s {all,reads}, --sort", "-s, --sort")
)
GETOPT = """illegal option -- -
USAGE: t [-Fhv] [-d seconds] [-L TID] PID [min_ms]
                 -F             # force it
                 -d seconds     # how long, and nothing else
                 -L TID         # only this thread
                 -v             # verbose
  eg,
       t -F                     # force
"""
GNU = """Usage: t [OPTION...] [interval] [count]
Watch things.

  -p, --pid=PID              only this process
  -T, --timestamp            with time
      --cgroup=/path         only this cgroup
  -?, --help                 Give this help list
"""


@pytest.mark.parametrize("text", [OLD, NEW], ids=["3.12", "3.13"])
def test_both_forms_of_argparse_give_the_same_typed_arguments(text: str) -> None:
    described = read_help(text)

    assert described is not None
    assert described.summary == "Watch things, in a summary of two lines."
    assert [(each.name, each.meaning, each.required) for each in described.positionals] == [
        ("device", "path", True),
        ("interval", "interval", False),
        ("count", "count", False),
    ]
    assert {each.flag: (each.meaning, each.unit) for each in described.options} == {
        "--pid": ("pid", None),
        "--tid": ("tid", None),
        "--frequency": ("frequency", "hz"),
        "--sort": ("choice", None),
        "--very-long-option": ("text", None),
        "--milliseconds": ("flag", None),
    }
    pid, sort = described.option("-p"), described.option("--sort")
    assert pid is not None
    assert pid.many
    assert sort is not None
    assert (sort.choices, sort.default) == (("all", "reads"), "all")
    assert described.exclusive == (("-p", "-L"),)
    assert described.examples == ("./t -p 1    # with -x, --no-option of course",)


def test_the_argparse_that_runs_the_tests_is_read() -> None:
    parser = argparse.ArgumentParser(prog="t-bpfcc", description="Watch.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-U", "--user-stacks-only", action="store_true", help="no kernel part")
    group.add_argument("-K", "--kernel-stacks-only", action="store_true", help="no user part")
    parser.add_argument("-m", "--min-block-time", type=int, help="least time, in microseconds")
    parser.add_argument("mode", choices=["fast", "slow"], help="which")
    parser.add_argument("names", nargs="+", help="which functions")
    parser.add_argument("duration", nargs="?", default=9, help="how long, in seconds (default %(default)s)")

    described = read_help(parser.format_help())

    assert described is not None
    assert described.exclusive == (("-U", "-K"),)
    mode, names, duration = described.positionals
    assert (mode.choices, mode.required) == (("fast", "slow"), True)
    assert names.many
    assert (duration.meaning, duration.default, duration.required) == ("duration", "9", False)
    least = described.option("--min-block-time")
    assert least is not None
    assert (least.meaning, least.unit) == ("above", "us")


def test_a_getopt_list_is_read() -> None:
    described = read_help(GETOPT)

    assert described is not None
    assert [each.flags for each in described.options] == [("-F",), ("-d",), ("-L",), ("-v",)]
    assert [(each.name, each.meaning, each.unit) for each in described.positionals] == [
        ("PID", "pid", None),
        ("min_ms", "above", "ms"),
    ]
    seconds, thread = described.option("-d"), described.option("-L")
    assert seconds is not None
    assert thread is not None
    assert (seconds.meaning, thread.meaning) == ("duration", "tid")


def test_gnu_long_options_with_an_equals_sign_are_read() -> None:
    described = read_help(GNU)

    assert described is not None
    assert {each.flag: each.meaning for each in described.options} == {
        "--pid": "pid",
        "--timestamp": "flag",
        "--cgroup": "cgroup",
    }
    assert [each.name for each in described.positionals] == ["interval", "count"]


@pytest.mark.parametrize(
    "text", ["USAGE: t [interval [count]]", "usage: /some/where/t-bpfcc [interval] [count]\n"]
)
def test_a_bare_usage_line_is_enough(text: str) -> None:
    described = read_help(text)

    assert described is not None
    assert [(each.name, each.required) for each in described.positionals] == [
        ("interval", False),
        ("count", False),
    ]


@pytest.mark.parametrize(
    "text", ["", "\x00\xff\x01" * 500, "Tracing... Hit Ctrl-C to end.\n", "no use\n" * 5000, "[" * 3000]
)
def test_what_is_no_help_text_is_nothing(text: str) -> None:
    assert read_help(text) is None


@pytest.mark.parametrize(
    "text", ["usage: ", "usage: [[[((", "usage: t " + "[-x " * 400, "usage: t\n  -" + "x" * 9999]
)
def test_a_broken_usage_line_breaks_nothing(text: str) -> None:
    described = read_help(text)

    assert described is not None
    assert description_from_json(described.to_json()) == described


@pytest.mark.parametrize(
    ("names", "text", "meaning"),
    [
        (("--older", "OLDER"), "leave out younger ones, in milliseconds", "above"),
        (("--duration", "DURATION"), "least time in us", "above"),
        (("--duration", "DURATION"), "how long in seconds", "duration"),
        (("--ppid", "PPID"), "children of this process", "ppid"),
        (("--cgroupmap", "CGROUPMAP"), "only cgroups in this map", "map"),
        (("--name", "NAME"), "only process names with this", "comm"),
        (("--maxrows", "MAXROWS"), "most rows", "top"),
        (("--command", "COMMAND"), "run this command", "command"),
    ],
)
def test_a_meaning_comes_from_names_and_text(names: tuple[str, ...], text: str, meaning: str) -> None:
    assert meaning_of(names, text) == meaning
