"""The mutation test in small: some programs, all their mutants and rewrites; `python -m bench meaning` has the whole table."""

from __future__ import annotations

import pytest
from bench.mutation.mutants import mutants
from bench.mutation.rewrites import rewrites
from tests.meaning.held import drafted

from gpttrace.host import Host
from gpttrace.language import parse
from gpttrace.meaning import compare_spec

QUESTIONS = (
    "reads slower than 10ms by process",
    "files opened by nginx that failed",
    "top 5 processes by bytes written every 2 seconds",
    "latency histogram of block io by device",
)


@pytest.fixture(scope="module")
def host() -> Host:
    return Host.local()


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_mutant_is_flagged(question: str, host: Host) -> None:
    draft = drafted(question)
    assert draft.program is not None
    assert draft.spec is not None
    found = [
        (kind, text, compare_spec(draft.spec, parse(text))) for kind, text in mutants(draft.program, host)
    ]

    assert len(found) >= 10
    assert [(kind, text) for kind, text, each in found if not each.differences] == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_rewrite_is_flagged(question: str) -> None:
    draft = drafted(question)
    assert draft.program is not None
    assert draft.spec is not None
    found = [(kind, text, compare_spec(draft.spec, parse(text))) for kind, text in rewrites(draft.program)]

    assert len(found) >= 5
    assert [(kind, text, each) for kind, text, each in found if each.differences] == []
