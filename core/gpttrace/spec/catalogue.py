"""The catalogue: what can happen on a machine, how people call it, and which hook points show it.

Read from `gpttrace_corpus/events/*.toml` (the format is told in that folder's README). An `Event` has fields; a field says
which expression gives it at the begin and at the end of the event. A `Hook` is one way to see the event; the first one that
the host has, and that carries what is asked for, is taken; `seen_by` gives the event with the fields that one hook has.
`latency` is a field of every event that a hook sees both begin and end.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import gpttrace_corpus
from gpttrace.host.remembered import identity, remembered
from gpttrace.settings import Settings
from gpttrace.spec.model import Condition, Shape

FieldType = Literal["int", "int64", "uint64", "string", "stack"]
Context = Literal["process", "begin", "none"]
Cost = Literal["low", "medium", "high", "extreme"]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing known of an event. `begin` and `end` are bpftrace expressions, None where it is not known.

    `read` is the function that turns the expression into the value (`str`); `early` says that it must be called at the begin
    (execve replaces the memory that holds the name). `values` are named conditions: `read = 'strncmp(args->rwbs, "R", 1) == 0'`.
    """

    name: str
    type: FieldType = "int"
    unit: str | None = None
    names: tuple[str, ...] = ()
    begin: str | None = None
    end: str | None = None
    read: str | None = None
    early: bool = False
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_late(self) -> bool:
        """Tell whether the value is a user's string that is read at the end: by then the kernel has paged it in."""
        return self.read == "str" and not self.early


@dataclass(frozen=True, slots=True)
class Point:
    """Attach points that share their expressions; `join` is the map key that ties an end to its begin."""

    begin: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    when: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    join: str | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """One way to see an event. `needs` names what the host must have; `scale` is what one sample stands for.

    `fields` are expressions of this hook alone (None: it does not carry the field); `unconfirmed` says why no machine of the
    laboratory could confirm it; `kernel` is the least kernel that has it, where that matters.
    """

    points: tuple[Point, ...]
    join: str = "tid"
    end_when: str | None = None
    needs: str | None = None
    given: str | None = None
    avoid: tuple[str, ...] = ()
    scale: int = 1
    misses: tuple[str, ...] = ()
    fields: Mapping[str, Field | None] = field(default_factory=dict)
    unconfirmed: str | None = None
    kernel: str | None = None

    @property
    def spans(self) -> bool:
        """Tell whether the hook sees both the begin and the end."""
        return any(p.begin for p in self.points) and any(p.end for p in self.points)


@dataclass(frozen=True, slots=True)
class Canary:
    """A workload of ours (`gpttrace_corpus/workloads`) that makes an event happen `counts` times for each act of it, and one
    that must not be counted. `by` says how its events are told from others: the workload's own process, or `all` on the machine.
    """

    run: str
    control: str
    counts: int = 1
    by: Literal["process", "all"] = "process"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that can happen on a machine."""

    id: str
    summary: str
    noun: str
    names: tuple[str, ...]
    hooks: tuple[Hook, ...]
    fields: Mapping[str, Field]
    map: str
    shape: Shape = "count"
    value: str | None = None
    columns: tuple[str, ...] = ("pid", "comm")
    keys: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    assumed: str = ""
    assume: tuple[Condition, ...] = ()
    misses: tuple[str, ...] = ()
    context: Context = "process"
    cost: Cost = "medium"
    nearest: tuple[str, ...] = ()
    hz: int | None = None
    example: str = ""
    area: str = ""
    listed: bool = False
    canary: Canary | None = None

    def field_of_unit(self, unit: str) -> Field | None:
        """Return the first field that is measured in `unit`."""
        return next((f for f in self.fields.values() if f.unit == unit), None)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All events by id."""

    events: Mapping[str, Event]

    def __getitem__(self, key: str) -> Event:
        return self.events[key]

    def __contains__(self, key: str) -> bool:
        return key in self.events

    def including(self, event: Event) -> Catalogue:
        """Return a catalogue that also has an event which was made for one question."""
        return Catalogue({**self.events, event.id: event})


CONTEXT_FIELDS: dict[str, tuple[FieldType, str]] = {
    "pid": ("int", "pid"),
    "tid": ("int", "tid"),
    "comm": ("string", "comm"),
    "uid": ("int", "uid"),
    "cpu": ("int", "cpu"),
    "cgroup": ("uint64", "cgroup"),
    "ustack": ("stack", "ustack"),
    "kstack": ("stack", "kstack"),
}


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue that comes with GPTtrace."""
    entries: dict[str, Event] = {}
    for area, given in _read(Path(gpttrace_corpus.__file__).parent / "events").items():
        for key, entry in given.items():
            entries[key] = _event(key, {"area": area, **entry})
    return Catalogue(entries)


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the entries by file; as JSON in the cache they are read twenty times quicker than from TOML."""
    paths = sorted(folder.glob("*.toml"))
    key = sha256("\n".join(identity(str(path)) for path in paths).encode()).hexdigest()

    def parsed() -> dict[str, dict[str, Any]]:
        return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in paths}

    found: dict[str, dict[str, Any]] = remembered(
        Settings.load().cache_dir / "catalogue.json", key, parsed, alone=True
    )
    return found


def seen_by(event: Event, hook: Hook) -> Event:
    """Return the event with the fields that one of its hooks carries."""
    own = {name: given for name, given in hook.fields.items() if given is not None}
    fields = {name: each for name, each in event.fields.items() if name not in hook.fields} | own
    elapsed = fields.get("latency")
    if not hook.spans and elapsed is not None and elapsed.begin is None and elapsed.end is None:
        del fields["latency"]
    return replace(event, fields=fields)


def _event(key: str, entry: dict[str, Any]) -> Event:
    given_fields = entry.pop("fields", {})
    hooks = tuple(_hook(hook, given_fields) for hook in entry.pop("hooks"))
    if (canary := entry.pop("canary", None)) is not None:
        entry["canary"] = Canary(**canary)
    context = entry.get("context", "process")
    fields = _context_fields(context) | {
        name: _field(name, _called_as_usual(name, given, given_fields))
        for name, given in given_fields.items()
    }
    if any(hook.spans for hook in hooks) and "latency" not in fields:
        fields["latency"] = Field("latency", "uint64", "ns")
    fields, hooks = _with_errno(fields, hooks)
    assume = tuple(_condition(text) for text in entry.pop("assume", ()))
    return Event(id=key, hooks=hooks, fields=fields, assume=assume, **_tuples(entry))


def _with_errno(
    fields: dict[str, Field], hooks: tuple[Hook, ...]
) -> tuple[dict[str, Field], tuple[Hook, ...]]:
    """Return the fields of a system call with `errno` beside `ret`, and so for the hooks that read the result elsewhere."""
    if "errno" in fields or "ret" not in fields or fields["ret"].end != "args->ret":
        return fields, hooks

    def of(ret: Field | None) -> Field | None:
        return (
            None
            if ret is None or ret.end is None
            else Field("errno", "int64", end=f"-({ret.end})", names=_USUAL["errno"])
        )

    own = Field("errno", "int64", end="-args->ret", names=_USUAL["errno"])
    more = tuple(
        replace(hook, fields={**hook.fields, "errno": of(hook.fields["ret"])})
        if "ret" in hook.fields
        else hook
        for hook in hooks
    )
    return {**fields, "errno": own}, more


def _context_fields(context: Context) -> dict[str, Field]:
    if context == "none":
        # An interrupt has a kernel stack and a processor, but its process is whichever ran.
        return {
            name: Field(name, kind, begin=expr, end=expr)
            for name, (kind, expr) in CONTEXT_FIELDS.items()
            if name in ("cpu", "kstack")
        }
    both = context == "process"
    return {
        name: Field(name, kind, begin=expr, end=expr if both else None)
        for name, (kind, expr) in CONTEXT_FIELDS.items()
    }


# What people call a field of this name, whatever the event is.
_USUAL = {
    "errno": ("errno", "error number", "error code"),
    "ret": ("result", "return value", "return code"),
    "dev": ("device",),
    "daddr": ("destination", "destination address", "remote address", "remote host", "peer"),
    "dport": ("port", "destination port", "remote port"),
    "saddr": ("source", "source address", "local address"),
    "sport": ("source port", "local port", "listening port"),
    "filename": ("file", "path", "filename", "file name", "pathname"),
    "cmd": ("command number",),
    "ifindex": ("interface", "device"),
    "target_comm": ("receiver", "target process"),
    "target_pid": ("target pid", "receiver pid"),
    "reason": ("reason", "cause"),
}


def _called_as_usual(name: str, given: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    taken = {each for other, own in fields.items() if other != name for each in own.get("names", ())}
    usual = (each for each in (*_USUAL.get(name, ()), name.replace("_", " ")) if each not in taken)
    return {**given, "names": [*dict.fromkeys((*given.get("names", ()), *usual))]}


def _field(name: str, given: dict[str, Any]) -> Field:
    given = dict(given)
    if (both := given.pop("both", None)) is not None:
        given |= {"begin": both, "end": both}
    return Field(name=name, **_tuples(given))


def _hook(given: dict[str, Any], of_event: Mapping[str, dict[str, Any]]) -> Hook:
    given = dict(given)
    fields = {name: _own_field(name, own, of_event) for name, own in given.pop("fields", {}).items()}
    points = given.pop("points", None) or [{k: given.pop(k) for k in ("begin", "end", "when") if k in given}]
    return Hook(points=tuple(Point(**_tuples(p)) for p in points), fields=fields, **_tuples(given))


def _own_field(
    name: str, own: dict[str, Any] | Literal[False], of_event: Mapping[str, dict[str, Any]]
) -> Field | None:
    if own is False:
        return None
    kept = {
        key: of_event.get(name, {})[key] for key in ("type", "unit", "names") if key in of_event.get(name, {})
    }
    return _field(name, kept | own)


def _condition(text: str) -> Condition:
    name, op, value = text.split(maxsplit=2)
    return Condition(name, op, int(value) if value.lstrip("-").isdigit() else value)  # type: ignore[arg-type]  # tested


def _tuples(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}


def words_of(event: Event) -> Iterable[str]:
    """Yield every word that the event's names and fields are made of."""
    for phrase in (*event.names, *event.also, *(n for f in event.fields.values() for n in f.names)):
        yield from phrase.split()
