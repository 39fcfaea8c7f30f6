"""Functions that a question names and the catalogue does not know: of the kernel, and of a program whose file is named."""

from __future__ import annotations

import pytest
from tests.writer.conftest import KnownHost

from gpttrace.host import Host
from gpttrace.writer import write_offline


@pytest.mark.parametrize(
    ("question", "probe", "shape", "keys"),
    [
        ("kthread_stop latency histogram", "kprobe:kthread_stop", "hist", ()),
        ("mutex_trylock calls by process", "kprobe:mutex_trylock", "count", ("comm",)),
        ("who takes the rtnl_lock?", "kprobe:rtnl_lock", "count", ("comm",)),
        ("how often is the function handle_request of /opt/shop/shopd called?",
         "uprobe:/opt/shop/shopd:handle_request", "count", ()),
        ("latency of handle_request in /opt/shop/shopd", "uprobe:/opt/shop/shopd:handle_request", "hist", ()),
        ("For the binary /opt/shop/shopd: print pid and duration of handle_request calls that exceed 200 ms.",
         "uprobe:/opt/shop/shopd:handle_request", "events", ("pid", "comm", "latency")),
    ],
)  # fmt: skip
def test_a_function_is_traced_where_it_is_named(
    question: str, probe: str, shape: str, keys: tuple[str, ...]
) -> None:
    draft = write_offline(question, None)

    assert draft.spec is not None
    assert draft.program is not None
    assert (draft.spec.event, draft.spec.shape, draft.spec.keys) == (probe, shape, keys)
    assert probe in draft.program


def test_a_function_that_this_machine_does_not_have_is_said(this_host: Host) -> None:
    draft = write_offline("count calls of function no_such_thing in /bin/sh by process", this_host)

    assert draft.program is None
    assert draft.refused is not None
    assert "no_such_thing" in draft.refused.why


@pytest.mark.parametrize(
    "question",
    [
        "who calls flush_workqueue or __flush_work and how long does it block",  # two functions, one known
        "CPU time by command as reported by sched_stat_runtime",  # a tracepoint, not here
        "mutex_trylock and mutex_unlock calls by process",  # neither alone
    ],
)
def test_half_of_what_is_named_is_not_enough(question: str, known_host: KnownHost) -> None:
    draft = write_offline(question, known_host)

    assert draft.program is None
