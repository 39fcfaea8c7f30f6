"""Options win over the words of the question, and make a table of a list where they ask for one."""

from __future__ import annotations

from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.spec.options import Options, apply_options
from gpttrace.spec.validate import problems_of

OPENS = TraceSpec(
    "file-open",
    "events",
    keys=("pid", "comm", "filename"),
    conditions=(Condition("pid", "==", 1), Condition("ret", ">=", 0)),
)


def test_an_option_replaces_what_the_question_says() -> None:
    spec = apply_options(OPENS, Options(pid=7, comm="nginx", seconds=1.5))
    assert spec.conditions == (
        Condition("ret", ">=", 0),
        Condition("pid", "==", 7),
        Condition("comm", "==", "nginx"),
    )
    assert spec.duration == 1_500_000_000


def test_without_options_the_spec_stays_as_it_is() -> None:
    assert apply_options(OPENS, Options()) == OPENS


def test_top_and_every_make_counts_of_a_list() -> None:
    spec = apply_options(OPENS, Options(top=5, every=0.5))
    assert (spec.shape, spec.keys, spec.top, spec.every) == ("count", ("comm", "filename"), 5, 500_000_000)


def test_numbers_that_bpftrace_cannot_take_are_problems() -> None:
    event = load_catalogue()["file-open"]
    assert problems_of(OPENS, event) == []
    assert problems_of(apply_options(OPENS, Options(every=1e-9)), event) == ["an interval is at least 1 ms"]
    assert "rows" in problems_of(apply_options(OPENS, Options(top=0)), event)[0]
    assert "too large" in problems_of(apply_options(OPENS, Options(seconds=1e12)), event)[0]
    assert "kstackk" in problems_of(TraceSpec("file-open", "count", keys=("kstackk",)), event)[0]
