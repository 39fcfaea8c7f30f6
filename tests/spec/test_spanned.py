"""Events that are called by the two hooks that begin and end them."""

from __future__ import annotations

import pytest

from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.spanned import pairs_of, with_spans_named
from gpttrace.writer import write_offline

CATALOGUE = load_catalogue()
PAIRS = sorted({pair for event in CATALOGUE.events.values() for pair in pairs_of(event)})


@pytest.mark.parametrize(
    ("question", "event", "shape", "keys"),
    [
        (
            "lock contention (contention_begin -> contention_end) latency hist, us",
            "lock-contention",
            "hist",
            (),
        ),
        ("signal delivery delay: signal_generate -> signal_deliver, hist", "signal-latency", "hist", ()),
        ("total work time per cpu (workqueue_execute_start to _end)", "workqueue", "sum", ("cpu",)),
        ("irq_handler_entry → irq_handler_exit, max per irq", "hardirq", "max", ("irq",)),
        ("time from block_rq_issue to block_rq_complete per disk", "disk-io", "hist", ("dev",)),
        ("time between qdisc_enqueue and qdisc_dequeue, histogram", "qdisc-wait", "hist", ()),
    ],
)
def test_two_hooks_name_what_lies_between_them(
    question: str, event: str, shape: str, keys: tuple[str, ...]
) -> None:
    spec = write_offline(question, None).spec

    assert spec is not None
    assert (spec.event, spec.shape, spec.keys) == (event, shape, keys)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_every_pair_that_is_read_leads_to_an_event_with_these_hooks(pair: tuple[str, str]) -> None:
    asked = f"{pair[0]} -> {pair[1]} histogram"
    if with_spans_named(asked, CATALOGUE) == asked:
        return  # its event is called otherwise

    spec = write_offline(asked, None).spec

    assert spec is not None
    assert pair in pairs_of(CATALOGUE[spec.event])


@pytest.mark.parametrize(
    "question",
    [
        "count signal_generate and signal_deliver",  # two events
        "signal_generate -> irq_handler_exit latency",  # of two events
        "from tcp_sendmsg to tcp_recvmsg",
        "sys_enter_openat -> sys_exit_openat latency",
        "opens from a to b",
    ],
)
def test_other_texts_stay_as_they_are(question: str) -> None:
    assert with_spans_named(question, CATALOGUE) == question
