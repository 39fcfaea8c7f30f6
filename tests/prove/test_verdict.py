"""What was counted, held against what was made: each pair of numbers has one verdict, whatever ran."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gpttrace.prove.chosen import Chosen
from gpttrace.prove.counting import Count
from gpttrace.prove.proof import Verdict
from gpttrace.prove.tellings import Telling, Who
from gpttrace.prove.verdict import Numbers, hold, relevant
from gpttrace.spec.catalogue import load_catalogue

OPENAT = "tracepoint:syscalls:sys_enter_openat"
CLOSE = "tracepoint:syscalls:sys_enter_close"
EVENT = load_catalogue()["file-open"]
assert EVENT.canary is not None
ASKED = Chosen(EVENT, EVENT.canary, "stat calls", asked=True)
LIKELY = replace(ASKED, asked=False)
NUMBERS = Numbers(23, 23)
TELLING = Telling("@", "number", "comm", 0, (), frozenset([OPENAT]), 0, 0)


def counted(own: int, control: int, who: Who = "comm", **telling: object) -> Count:
    return Count(replace(TELLING, **telling), who, own, control)  # type: ignore[arg-type]  # what each test gives


@pytest.mark.parametrize(
    ("count", "chosen", "numbers", "verdict", "code"),
    [
        (counted(23, 0), LIKELY, NUMBERS, "proved", ""),
        (counted(46, 0), LIKELY, NUMBERS, "failed", "canary-overcounted"),
        (counted(24, 0), LIKELY, NUMBERS, "failed", "canary-overcounted"),
        (counted(23, 23), LIKELY, NUMBERS, "failed", "control-counted"),
        (counted(22, 0), ASKED, NUMBERS, "failed", "canary-missed"),
        (counted(0, 0), ASKED, NUMBERS, "failed", "canary-missed"),
        (counted(0, 0), ASKED, replace(NUMBERS, lost=5), "not proved", ""),
        (counted(0, 0), ASKED, replace(NUMBERS, ends=True), "not proved", ""),
        (counted(23, 0), ASKED, replace(NUMBERS, lost=5), "proved", ""),
        # Who asks for some, or looks at some, may rightly see none of ours.
        (counted(0, 0), replace(ASKED, narrowed=True), NUMBERS, "not proved", ""),
        (counted(0, 0, only=("pid == 1",)), LIKELY, NUMBERS, "not proved", ""),
        (counted(0, 0, only=("pid == 1",)), ASKED, NUMBERS, "failed", "canary-missed"),
        (counted(0, 0, only=("args.ret >= 0",)), LIKELY, NUMBERS, "failed", "canary-missed"),
        (counted(0, 0, top=5), LIKELY, NUMBERS, "not proved", ""),
        (counted(46, 0, only=("pid == 1",)), LIKELY, NUMBERS, "failed", "canary-overcounted"),
        # A table of several events says nothing of one of them.
        (counted(46, 0, points=frozenset([OPENAT, CLOSE])), LIKELY, NUMBERS, "not proved", ""),
        (counted(46, 0, points=frozenset([OPENAT, CLOSE])), ASKED, NUMBERS, "failed", "canary-overcounted"),
        (counted(23, 0), replace(ASKED, shared=True), NUMBERS, "proved", ""),
        (counted(46, 4), replace(ASKED, shared=True), NUMBERS, "not proved", ""),
        # Where nothing tells whose they are.
        (counted(23, 0, ""), LIKELY, NUMBERS, "proved", ""),
        (counted(40, 22, ""), LIKELY, NUMBERS, "proved", ""),
        (counted(40, 23, ""), LIKELY, NUMBERS, "not proved", ""),
        (counted(46, 0, ""), LIKELY, NUMBERS, "not proved", ""),
        (counted(12, 0, "pid"), ASKED, NUMBERS, "failed", "canary-missed"),
        # What tells no number.
        (counted(1, 0, what="something"), ASKED, NUMBERS, "not proved", ""),
        (counted(0, 0, what="something"), ASKED, NUMBERS, "failed", "canary-missed"),
    ],
)
def test_numbers_have_one_verdict(
    count: Count, chosen: Chosen, numbers: Numbers, verdict: Verdict, code: str
) -> None:
    held = hold(count, chosen, numbers)
    assert (held.verdict, held.code) == (verdict, code), held.why
    finding = held.finding()
    assert (finding.code if finding else "") == code


def test_only_tables_of_the_event_are_held() -> None:
    opens, closes = counted(23, 0), counted(99, 9, points=frozenset([CLOSE]))
    assert relevant([closes, opens], LIKELY) == [opens]
    assert relevant([closes], LIKELY) == []
    assert relevant([closes], ASKED) == [closes]


def test_a_table_with_numbers_comes_before_one_without() -> None:
    number, total = counted(23, 0), counted(1, 0, what="something")
    assert relevant([total, number], LIKELY) == [number]
    assert relevant([total], LIKELY) == [total]
