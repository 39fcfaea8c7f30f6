"""The catalogue against kernels: each hook exists on one of them or says why not; nothing is read that a probe does not hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from tests.corpus.confirmed import PROGRAMS, confirmed, label, recorded
from tests.corpus.hooks import CALL, Lack, has_hook, is_in_programs, lacks

from gpttrace.host import Host
from gpttrace.spec.catalogue import Event, Hook, load_catalogue
from gpttrace.spec.choose import choose_hook
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.testing import require

KERNELS = ("6.1", "6.12", "6.18", "7.2")


def test_every_hook_was_asked_for() -> None:
    """After a change of the catalogue `tests/kernels/confirm` makes the table anew."""
    events = load_catalogue().events
    assert {name: len(hooks) for name, hooks in recorded().items()} == {
        name: len(event.hooks) for name, event in events.items()
    }


def test_a_hook_that_no_kernel_has_says_why() -> None:
    table = recorded()
    assert [
        (event.id, number, table[event.id][number], hook.unconfirmed)
        for event in load_catalogue().events.values()
        for number, hook in enumerate(event.hooks)
        if bool(table[event.id][number]) == bool(hook.unconfirmed)
    ] == []


def test_most_events_are_confirmed_on_most_kernels() -> None:
    usable = Counter(
        kernel for hooks in recorded().values() for kernel in {each for hook in hooks for each in hook}
    )
    assert set(usable) == {*KERNELS, PROGRAMS}
    # This 6.18 has no kprobes: what only functions show is not here.
    assert all(usable[kernel] > 0.7 * len(recorded()) for kernel in KERNELS)


@pytest.mark.kernel
def test_this_kernel_has_the_hooks_that_it_is_said_to_have(this_host: Host) -> None:
    here = label(this_host.kernel)
    if here not in KERNELS:
        pytest.skip(f"confirmed.json says nothing of Linux {here}")
    said = {event: [here in hook for hook in hooks] for event, hooks in recorded().items()}
    found = confirmed({here: this_host}, here)

    assert {event: [here in hook for hook in hooks] for event, hooks in found.items()} == said


@pytest.mark.kernel
def test_hooks_in_programs_are_there_where_the_program_is(this_host: Host) -> None:
    """A program that is not installed says nothing; one that is must have the hook, unless that is said to be unconfirmed."""
    wrong = [
        (event.id, number)
        for event, number, hook in _hooks()
        if is_in_programs(hook)
        and _installed(this_host, hook)
        and not has_hook(this_host, hook)
        and not hook.unconfirmed
    ]
    assert wrong == []


def _hooks() -> list[tuple[Event, int, Hook]]:
    return [
        (event, number, hook)
        for event in load_catalogue().events.values()
        for number, hook in enumerate(event.hooks)
    ]


def _installed(host: Host, hook: Hook) -> bool:
    kind, binary, *_ = next(iter((*hook.points[0].begin, *hook.points[0].end))).split(":")
    return bool(host.match(kind, f"{binary}:*", 1))


@pytest.mark.kernel
def test_nothing_is_read_that_a_probe_of_this_kernel_does_not_hold(this_host: Host) -> None:
    require(this_host.tracefs is not None, "tracefs is not mounted")
    read = [
        (event.id, number, lack)
        for event, number, hook in _hooks()
        if has_hook(this_host, hook)
        for lack in lacks(this_host, event, hook)
        if choose_hook(_asking(event, hook, lack), replace(event, hooks=(hook,)), this_host).hook is not None
    ]
    assert read == []


def _asking(event: Event, hook: Hook, lack: Lack) -> TraceSpec:
    """Return the spec whose program would read what is lacking."""
    given = (Condition(hook.given, "==", CALL),) if hook.given else ()
    tested = (Condition(lack.field, "==", lack.value),) if lack.value else ()
    return TraceSpec(
        event.id,
        "count",
        keys=(lack.field,) if lack.field and not lack.value else (),
        conditions=(*given, *tested),
    )
