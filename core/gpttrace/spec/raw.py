"""Tracepoints that the catalogue does not describe, named in a question by their own words (`cgroup renames`, `net_dev_xmit`).

Such an event is made for the one question: its fields are those that the kernel tells, nothing is known of their units or of what
the hook misses, and the answer says so. All words of the tracepoint's name must be there, and nothing else may be left over.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from gpttrace.spec import vocabulary
from gpttrace.spec.catalogue import CONTEXT_FIELDS, Catalogue, Event, Field, Hook, Point
from gpttrace.spec.facts import Facts
from gpttrace.spec.functions import function_event_of
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem

_MISSES = (
    "what this tracepoint leaves out: the catalogue does not describe it, its fields are the kernel's own"
)
_SKIPPED = (
    "syscalls",
    "raw_syscalls",
    "initcall",
    "header_page",
    "header_event",
    "ftrace",
    "vsyscall",
    "bpf_trace",
    "bpf_test_run",
)


def raw_event(sentence: Sentence, host: Facts | None) -> tuple[Event, frozenset[str]] | None:
    """Return an event for the one tracepoint that the free words name, and the words that name it."""
    if host is None:
        return None
    said = {token.stem for token in sentence.tokens if token.meaning is None and token.kind == "word"}
    texts = {token.text.lower() for token in sentence.tokens if token.meaning is None}
    content = said - vocabulary.NO_EVENT
    best: tuple[int, str, frozenset[str]] | None = None
    for name, words, category in _split(host.tracepoint_names()):
        exact = name.partition(":")[2] in texts
        if not exact and not (len(words) > 1 and words <= said):
            continue
        score = 100 if exact else len((words | category) & content)
        if best is None or score > best[0] or (score == best[0] and len(name) < len(best[1])):
            best = (score, name, words | category | {stem(name.partition(":")[2])})
    return (_event(best[1], host), best[2]) if best else None


def named_tracepoint(
    sentence: Sentence, known: frozenset[str], host: Facts | None
) -> tuple[Event, frozenset[str]] | None:
    """Return an event for the tracepoint that the question names as the kernel does, where no event is seen there."""
    if host is None:
        return None
    names = {name.partition(":")[2]: name for name in host.tracepoint_names()}
    for token in sentence.tokens:
        name = names.get(token.text, "")
        named = "_" in token.text and token.meaning is None and token.text not in known
        if name and named and name.partition(":")[0] not in _SKIPPED:
            return _event(name, host), frozenset((token.stem,))
    return None


def with_arguments(event: Event, call: str, host: Facts | None) -> Event:
    """Return the event of one system call with the call's arguments that are numbers as further fields."""
    given = host.plain_fields(f"syscalls:sys_enter_{call}") if host is not None else {}
    own = {
        name: Field(name, kind, names=(name.replace("_", " "), *_SAID.get(name, ())), begin=f"args->{name}")
        for name, kind in given.items()
        if name not in event.fields and not name.startswith("__")
    }
    return replace(event, fields={**event.fields, **own})


def with_events_of(catalogue: Catalogue, spec: TraceSpec, host: Facts | None) -> Catalogue:
    """Return a catalogue that also has the events of a spec which were made for its question."""
    for each in (spec, *spec.others):
        call = next((str(c.value) for c in each.conditions if c.field == "syscall" and c.op == "=="), None)
        if each.event.startswith("tracepoint:") and host is not None:
            catalogue = catalogue.including(_event(each.event.removeprefix("tracepoint:"), host))
        elif each.event.startswith(("uprobe:", "kprobe:")):
            catalogue = catalogue.including(function_event_of(each.event))
        elif each.event == "syscall" and call is not None:
            catalogue = catalogue.including(with_arguments(catalogue["syscall"], call, host))
    return catalogue


# What people call arguments that the kernel names shortly.
_SAID = {
    "which_clock": ("clock", "clock id"), "cmd": ("command", "command number", "operation"), "op": ("operation", "op code"),
    "prot": ("protection", "protection flags"), "fd": ("descriptor", "file descriptor"), "len": ("length",),
}  # fmt: skip


@lru_cache(maxsize=4)
def _split(names: frozenset[str]) -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
    found = []
    for name in sorted(names):
        category, _, event = name.partition(":")
        if category in _SKIPPED:
            continue
        found.append(
            (name, frozenset(map(stem, event.split("_"))), frozenset(map(stem, category.split("_"))))
        )
    return tuple(found)


def _event(name: str, host: Facts) -> Event:
    point = f"tracepoint:{name}"
    own = {
        field: Field(field, kind, names=(field.replace("_", " "), field), begin=f"args->{field}")
        for field, kind in host.plain_fields(name).items()
    }
    context = {key: Field(key, kind, begin=expr, end=expr) for key, (kind, expr) in CONTEXT_FIELDS.items()}
    return Event(
        id=point,
        summary=f"the kernel passes the tracepoint {name}",
        noun=f"{name.partition(':')[2]} events",
        names=(),
        hooks=(Hook((Point(begin=(point,)),)),),
        fields={**context, **own},
        map="events",
        columns=("pid", "comm", *list(own)[:4]),
        misses=(_MISSES,),
        area="raw",
    )
