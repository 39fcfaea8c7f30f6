"""Slips that only the walk finds: each is found, and the mended program is left alone; our own examples have none."""

from __future__ import annotations

from pathlib import Path

import pytest

import gpttrace_corpus
from gpttrace.check.codes import Code
from gpttrace.check.meaning_codes import CODES
from gpttrace.language import parse
from gpttrace.meaning.lints import meaning_lints

SHOWN = [code for code in CODES if code.bad]
EXAMPLES = sorted((Path(gpttrace_corpus.__file__).parent / "examples").glob("*.bt"))


def codes_of(text: str) -> list[str]:
    return [finding.code for finding in meaning_lints(parse(text))]


@pytest.mark.parametrize("code", SHOWN, ids=lambda code: code.name)
def test_the_wrong_program_has_it_and_the_right_one_nothing(code: Code) -> None:
    assert code.name in codes_of(code.bad)
    assert codes_of(code.good) == []


def test_our_own_examples_have_none() -> None:
    found = {path.name: codes for path in EXAMPLES if (codes := codes_of(path.read_text(encoding="utf-8")))}

    assert len(EXAMPLES) > 300
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        # Written and looked up at the same point, by turns.
        "tracepoint:power:cpu_idle /args->state != 4294967295/ { @s[cpu] = nsecs; }\n"
        "tracepoint:power:cpu_idle /args->state == 4294967295 && @s[cpu]/ { @ = hist(nsecs - @s[cpu]); delete(@s[cpu]); }",
        # Removed by another probe.
        "tracepoint:sched:sched_wakeup { @t[args->pid] = nsecs; }\n"
        "tracepoint:sched:sched_switch /@t[args->next_pid]/ { @ = hist(nsecs - @t[args->next_pid]); }\n"
        "tracepoint:sched:sched_process_exit { delete(@t[args->pid]); }",
        # What earlier events left may change between two looks.
        "tracepoint:sched:sched_switch { if (@n[pid] == 0) { @n[pid] = 1; } if (@n[pid] > 0) { @ = count(); } }",
        # Two fields, one thread.
        "tracepoint:sched:sched_wakeup { @w[args->pid] = nsecs; }\n"
        "tracepoint:sched:sched_switch /@w[args->next_pid]/\n"
        "{ @ = hist(nsecs - @w[args->next_pid]); delete(@w[args->next_pid]); }",
        "BEGIN { @x = ",
    ],
)
def test_nothing_is_said_of_what_is_meant_so(text: str) -> None:
    assert codes_of(text) == []
