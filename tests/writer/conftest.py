"""Hosts for the writer's tests: this machine, and one that is known in every detail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest

from gpttrace.host import Host
from gpttrace.spec.catalogue import Event, Hook, load_catalogue, seen_by
from gpttrace.spec.choose import as_spelled, fill, lacks
from gpttrace.spec.compose import compose
from gpttrace.spec.layout import lay_out
from gpttrace.spec.model import Condition, Shape, TraceSpec
from gpttrace.spec.question import read_question

SHAPES: tuple[Shape, ...] = ("sum", "avg", "min", "max", "stats", "hist")
SYSCALLS = ("futex", "epoll_wait", "fsync", "openat", "write", "read", "newfstat", "open", "getpid", "close")


def catalogue_tracepoints() -> frozenset[str]:
    """Return every tracepoint of the catalogue as `category:name`."""
    points = {
        text.removeprefix("tracepoint:")
        for event in load_catalogue().events.values()
        for hook in event.hooks
        for point in hook.points
        for text in (*point.begin, *point.end)
        if text.startswith("tracepoint:") and "{" not in text
    }
    return frozenset(
        points | {f"syscalls:sys_{side}_{name}" for name in SYSCALLS for side in ("enter", "exit")}
    )


@dataclass(frozen=True)
class KnownHost:
    """A machine with everything, unless said otherwise."""

    version: tuple[int, ...] = (0, 23, 2)
    arch: str = "x86_64"
    hardware_counters: bool = True
    software_events: bool = True
    cgroup_root: Path | None = None
    names: frozenset[str] = field(default_factory=catalogue_tracepoints)
    pids: frozenset[int] = frozenset({1, 189})

    def has_point(self, point: str) -> bool | None:
        kind, _, name = point.partition(":")
        if kind != "tracepoint":
            return True
        return name in self.names if self.names else None

    def lacking(self, point: str, names: Iterable[str]) -> str | None:
        return None

    def spelled(self, point: str) -> str:
        return point

    def plain_fields(self, tracepoint: str) -> Mapping[str, Literal["int64", "uint64", "string"]]:
        return {}

    def tracepoint_names(self) -> frozenset[str]:
        return self.names

    def has_tracepoint(self, name: str) -> bool:
        return name in self.names

    def pid_exists(self, pid: int) -> bool:
        return pid in self.pids

    def comm_of(self, pid: int) -> str | None:
        return "known" if pid in self.pids else None

    def block_device(self, name: str) -> int | None:
        return 0x800000 if name == "sda" else None


@pytest.fixture(scope="session")
def known_host(tmp_path_factory: pytest.TempPathFactory) -> KnownHost:
    """A host with hardware counters and one service's cgroup."""
    root = tmp_path_factory.mktemp("cgroup")
    (root / "system.slice/nginx.service").mkdir(parents=True)
    return KnownHost(cgroup_root=root)


@pytest.fixture(scope="session")
def bare_host() -> KnownHost:
    """A virtual machine: no counters, no perf events, no cgroup version 2, an old bpftrace."""
    return KnownHost(version=(0, 17, 0), hardware_counters=False, software_events=False)


@pytest.fixture(scope="session")
def blind_host() -> KnownHost:
    """A machine whose tracefs this user may not read."""
    return KnownHost(names=frozenset())


@pytest.fixture(scope="session")
def this_host() -> Host:
    """This machine."""
    return Host.local()


@pytest.fixture(scope="session")
def every_program() -> dict[str, str]:
    """One program for each event, hook and form that the composer can write."""
    return dict(_programs())


def _programs() -> Iterator[tuple[str, str]]:
    for event in load_catalogue().events.values():
        for number, hook in enumerate(event.hooks):
            seen = seen_by(event, hook)
            for form, spec in _specs(seen, hook):
                name = f"{event.id}-{number}-{form}"
                yield name, compose(lay_out(spec, seen, fill(hook, spec)))


_FORMS = (
    "events",
    "slow",
)  # with all fields; every other form is parsed, and compiled in the tests of shapes


def programs_for(host: Host, version: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Yield (name, program) for each event and each hook that a host has, in the forms that differ most."""
    release = ".".join(str(part) for part in version[:2])
    for event in load_catalogue().events.values():
        for number, hook in enumerate(event.hooks):
            points = [probe for point in hook.points for probe in (*point.begin, *point.end)]
            if release in hook.avoid or hook.needs or not all("{" in p or host.has_point(p) for p in points):
                continue
            seen = seen_by(event, hook)
            forms = dict(_specs(seen, hook))
            for form in [form for form in _FORMS if form in forms][-1:]:
                spec, filled = forms[form], as_spelled(fill(hook, forms[form]), host)
                if lacks(host, lay_out(spec, seen, filled)) is None:
                    yield f"{event.id}-{number}-{form}", compose(lay_out(spec, seen, filled))


def _specs(event: Event, hook: Hook) -> Iterator[tuple[str, TraceSpec]]:
    given = (Condition("syscall", "==", "fsync"),) if hook.given else ()
    assumed = tuple(c for c in event.assume if c.field in event.fields)
    own = tuple(key for key in event.keys if key in event.fields)
    base = TraceSpec(event.id, "count", keys=own, conditions=(*assumed, *given), hz=event.hz)
    shown = [
        f.name for f in event.fields.values() if f.type != "stack" and f.name not in (hook.given, "latency")
    ]
    keys = tuple(n for n in shown if n in ("comm", "pid")) or tuple(shown[:1])
    yield "count", base
    yield "top", replace(base, keys=keys, top=5)
    yield "rate", replace(base, shape="rate", keys=keys[:1], every=10**9, top=3)
    yield "events", replace(base, shape="events", keys=tuple(shown[:10]))
    for each in event.fields.values():
        if each.unit and (each.name != "latency" or hook.spans):
            for shape in SHAPES:
                yield f"{shape}-{each.name}", replace(base, shape=shape, value=each.name, keys=keys)
        for value in each.values:
            named = Condition(each.name, "==", value)
            yield f"{each.name}-{value}", replace(base, conditions=(*base.conditions, named))
    if hook.spans and "latency" in event.fields:
        slow = (*base.conditions, Condition("latency", ">", 1_000_000))
        yield "slow", replace(base, shape="events", keys=(*keys, "latency"), conditions=slow)
    if "ustack" in event.fields:
        yield "stacks", replace(base, shape="stacks", keys=("comm", "ustack", "kstack"))
    if "filename" in event.fields:
        below = (
            *base.conditions,
            Condition("filename", "startswith", "/etc/"),
            Condition("comm", "==", 'a"b\\'),
        )
        columns = tuple(name for name in event.columns if name in event.fields)
        yield "below", replace(base, shape="events", keys=columns, conditions=below)


def spec_of(question: str, host: KnownHost) -> TraceSpec:
    """Return the spec of a question that is read surely."""
    reading = read_question(question, load_catalogue(), host)
    assert reading.is_sure, reading
    assert reading.spec is not None
    return reading.spec
