"""Programs of the writer that count the events of the catalogue, several in one, held against workloads that make them happen."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from tests.corpus import acting

from gpttrace import sync
from gpttrace.check.policy import load_policy
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace.spec.catalogue import Canary, Event, load_catalogue
from gpttrace.spec.choose import choose_hook
from gpttrace.spec.compose import compose, lay_out
from gpttrace.spec.layout import Layout
from gpttrace.spec.model import TraceSpec
from gpttrace.trace import Limits, Result, Table

MARKS = (
    f"tracepoint:syscalls:sys_enter_prctl\n/args->option == {acting.MARK}/\n{{\n\t@phase = args->arg2;\n}}\n"
)


@dataclass(frozen=True)
class Watched:
    """An event with its canary, and the layout of the program that counts it here; or why there is none."""

    event: Event
    canary: Canary
    layout: Layout | None
    why: str = ""

    def __str__(self) -> str:
        return self.event.id

    @property
    def map(self) -> str:
        """Return the map that its program counts in."""
        assert self.layout is not None
        return self.layout.results[0]


def watched(host: Host) -> list[Watched]:
    """Return every event that has a canary."""
    with_canary = [event for event in load_catalogue().events.values() if event.canary is not None]
    return [_watched(event, event.canary, host) for event in with_canary if event.canary is not None]


def _watched(event: Event, canary: Canary, host: Host) -> Watched:
    keys = ("comm",) if canary.by == "process" else ()
    spec = TraceSpec(event.id, "count", keys=keys, conditions=event.assume)
    # Names of its own, so that programs of several events can stand in one text.
    choice = choose_hook(spec, replace(event, map=event.id.replace("-", "_")), host)
    if choice.hook is None:
        return Watched(event, canary, None, choice.why)
    return Watched(event, canary, lay_out(spec, choice.event, choice.hook, shared=True))


@dataclass(frozen=True)
class Counted:
    """What a program counted for each event while a workload acted, and which workloads could not act."""

    result: Result
    numbers: Mapping[tuple[str, str], int]
    refused: Mapping[str, str]


def wrong_count(each: Watched, numbers: Mapping[tuple[str, str], int]) -> str | None:
    """Say what was counted for an event while its canary and its control acted, when that is wrong."""
    canary = each.canary
    expected = acting.TIMES * canary.counts
    found, control = (numbers.get((each.map, name), 0) for name in (canary.run, canary.control))
    # With events of the whole machine, those of others are counted as well.
    holds = (found, control) == (expected, 0) if canary.by == "process" else control < expected <= found
    return None if holds else f"{each}: {found} of {expected} by {canary.run}, {control} by {canary.control}"


def count(batch: Sequence[Watched], folder: Path, settings: Settings, number: int = 0) -> Counted:
    """Trace all events of a batch at once while their workloads and controls act one after the other.

    `number` makes the names of the processes those of this batch. Events that do not carry a process are told apart by the time
    when they happen, so such a batch is to run alone.
    """
    called = called_in(batch, number)
    refusals = folder / f"refused-{number}.json"
    result = sync.run(
        program_of(batch),
        limits=Limits(seconds=110),
        command=[sys.executable, str(Path(acting.__file__)), str(refusals), *words_of(called)],
        settings=settings,
        policy=load_policy(settings),
        approved=True,
        keep=False,
    )
    refused: dict[str, str] = json.loads(refusals.read_text()) if refusals.exists() else {}
    return Counted(result, numbers_in(result.tables, batch, called), refused)


def called_in(batch: Sequence[Watched], number: int = 0) -> dict[str, str]:
    """Return the workloads of a batch, and how the process of each is called."""
    names = dict.fromkeys(name for each in batch for name in (each.canary.run, each.canary.control))
    return {name: f"canary-{number}-{place}" for place, name in enumerate(names)}


def words_of(called: Mapping[str, str]) -> list[str]:
    """Return the workloads as acting.py takes them."""
    return [f"{name}:{own}" for name, own in called.items()]


def program_of(batch: Sequence[Watched]) -> str:
    """Return the writer's programs for a batch as one; events that carry no process are counted by the workload's number."""
    program = compose([each.layout for each in batch if each.layout is not None])
    for each in batch:
        if each.canary.by == "all":
            program = program.replace(f"{each.map} = count();", f"{each.map}[@phase] = count();")
    return program + MARKS if batch[0].canary.by == "all" else program


def numbers_in(
    tables: Sequence[Table], batch: Sequence[Watched], called: Mapping[str, str]
) -> dict[tuple[str, str], int]:
    """Return how many events were counted by map and workload."""
    by_number = batch[0].canary.by == "all"
    workloads = {str(place) if by_number else own: name for place, (name, own) in enumerate(called.items())}
    return {
        (table.name, workloads[str(row[0])]): int(row[-1])
        for table in tables
        for row in table.rows()
        if len(row) == 2 and str(row[0]) in workloads
    }


def batches(every: Sequence[Watched], size: int) -> list[list[Watched]]:
    """Divide events into batches of at most `size`, those that do not carry a process first; equal workloads stay together."""
    here = [each for each in every if each.layout is not None]
    ordered = sorted(here, key=lambda each: (each.canary.by, each.canary.run, each.canary.control))
    kinds = [[each for each in ordered if each.canary.by == by] for by in ("all", "process")]
    return [kind[start : start + size] for kind in kinds for start in range(0, len(kind), size)]


class Counting:
    """The counts of all events that are asked for: those of processes in two runs at a time."""

    def __init__(self, every: Sequence[Watched], folder: Path, size: int = 20) -> None:
        settings = Settings(None, folder / "state", folder / "cache")
        self._pool = ThreadPoolExecutor(2)
        self._futures: dict[str, Future[Counted]] = {}
        for number, batch in enumerate(batches(every, size)):
            future = self._pool.submit(count, batch, folder, settings, number)
            self._futures |= dict.fromkeys((each.event.id for each in batch), future)
            if batch[0].canary.by == "all":
                wait([future])

    def counted(self, each: Watched) -> Counted:
        """Wait for the run that counts an event."""
        return self._futures[each.event.id].result()

    def close(self) -> None:
        """Start no further run, and wait for those that run."""
        self._pool.shutdown(cancel_futures=True)
