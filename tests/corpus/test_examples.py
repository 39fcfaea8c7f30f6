"""The examples as text: headers that tools can read, programs that our parser and checks find nothing wrong with."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.corpus.checks import read_check
from tests.corpus.conftest import FOLDER, examples
from tests.corpus.versions import absent, least_version, with_bpftrace

import gpttrace_corpus.workloads
from gpttrace.check.whole import check_static
from gpttrace.host import Host
from gpttrace.index.header import Example
from gpttrace.language import parse
from gpttrace.spec.catalogue import load_catalogue

EXAMPLES = examples()
KINDS = {
    "tracepoint", "rawtracepoint", "kprobe", "kretprobe", "fentry", "iter", "uprobe", "uretprobe", "usdt", "profile", "interval",
    "software", "hardware",
}  # fmt: skip
NEEDS = KINDS | {"btf"}
VERSIONS = {"0.17", "0.23", "0.27", "0.17-0.23"}

ABSENT = {"probe-type-unavailable", "unknown-probe-name"}

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.name)


def test_there_are_enough() -> None:
    assert len(EXAMPLES) >= 250


def test_no_two_examples_answer_the_same_question() -> None:
    asked = Counter(question.lower().rstrip("?.") for example in EXAMPLES for question in example.questions)
    assert [question for question, times in asked.items() if times > 1] == []


def test_names_can_be_typed() -> None:
    assert [e.name for e in EXAMPLES if not e.name.replace("-", "").replace("_", "").isalnum()] == []
    assert [path.name for path in FOLDER.iterdir() if path.suffix != ".bt"] == []


@every_example
def test_the_header_is_whole(example: Example) -> None:
    assert example.title.endswith(".")
    assert len(example.questions) >= 3
    assert example.tags
    assert example.explanation
    assert example.versions in VERSIONS
    assert example.cost in ("low", "medium", "high", "extreme")
    assert {need.partition(" ")[0] for need in example.needs} <= NEEDS | {
        "library", "program", "module", "argument", "kernel", "filesystem",
    }  # fmt: skip
    assert set(example.events) <= set(load_catalogue().events)
    for line in example.checks:
        assert read_check(line).workload in gpttrace_corpus.workloads.workloads()


@every_example
def test_what_it_needs_is_what_it_uses(example: Example) -> None:
    used = {kind for kind in example.kinds if kind in KINDS}
    named = {need for need in example.needs if need in KINDS}
    same = {"kretprobe": "kprobe", "uretprobe": "uprobe", "fexit": "fentry"}
    missing = (
        {same.get(kind, kind) for kind in used} - {same.get(kind, kind) for kind in named} - {"interval"}
    )
    assert missing == set()


@every_example
def test_it_parses_and_is_tidy(example: Example) -> None:
    assert not parse(example.program).findings
    lines = example.program.splitlines()
    assert lines[0] == "#!/usr/bin/env bpftrace"
    assert [line for line in lines if len(line.expandtabs(8)) > 110 or line != line.rstrip()] == []


@every_example
def test_our_own_checks_find_no_error(example: Example, this_host: Host) -> None:
    host = with_bpftrace(this_host, least_version(example))
    errors = [each for each in check_static(example.program, host).findings if each.severity == "error"]
    # What this kernel does not have is not the program's fault; tests/kernels asks those that have it.
    assert [each for each in errors if each.code not in ABSENT] == []
    assert not errors or absent(example, host)
