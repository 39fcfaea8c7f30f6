"""The writer's program for each event counts what a workload does, exactly, and nothing of a workload that does something else.

An event that does not carry its process is counted over the whole machine: at least what the workload does, and less than that
while the other one acts.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conftest import bpftrace_of
from tests.corpus import report
from tests.corpus.canaries import Counting, Watched, watched, wrong_count
from tests.corpus.running import MAY_REFUSE, asked_for

from gpttrace.host import Host
from gpttrace.spec.catalogue import load_catalogue
from gpttrace_corpus.workloads import workloads

EVERY = watched(Host.local())
HERE = [each for each in EVERY if each.layout is not None]


def test_canaries_are_workloads() -> None:
    known = set(workloads())
    canaries = {
        event.id: event.canary for event in load_catalogue().events.values() if event.canary is not None
    }
    assert {name: each for name, each in canaries.items() if not {each.run, each.control} <= known} == {}
    assert [name for name, each in canaries.items() if each.run == each.control] == []
    assert len(canaries) >= 230


@pytest.fixture(scope="module")
def counting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counting]:
    """The counts of the events that this session wants, under way."""
    bpftrace_of("host")
    wanted = [each for each in asked_for(request, "each") if isinstance(each, Watched)]
    counting = Counting(wanted, tmp_path_factory.mktemp("canaries"))
    yield counting
    counting.close()


@pytest.mark.kernel
@pytest.mark.timeout(300)
@pytest.mark.parametrize("each", HERE, ids=str)
def test_each_act_is_counted_once(each: Watched, counting: Counting) -> None:
    counted, canary = counting.counted(each), each.canary
    refused = counted.refused.get(canary.run) or counted.refused.get(canary.control)
    if refused:
        assert {canary.run, canary.control} & set(MAY_REFUSE), refused
        report.canary(each.event.id, f"left to the laboratory: {refused}")
        return
    assert (counted.result.status, counted.result.lost) == ("ok", 0), counted.result.reason
    assert wrong_count(each, counted.numbers) is None
    report.canary(each.event.id, "counted")


def test_most_canaries_are_here() -> None:
    for each in EVERY:
        if each.layout is None:
            report.canary(each.event.id, f"left to the laboratory: {each.why}")
    assert len(HERE) >= 0.9 * len(EVERY)
