"""Questions in the kernel's own words: names of its functions and tracepoints (`block_rq_issue`, `vfs_unlink()`) that are hooks.

One name means the event that begins there, two names the event between them, and how long it lasts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from gpttrace.spec.catalogue import Catalogue, Event, Hook
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import Token

_OF_CALL = re.compile(r"(?:__x64_|__se_|__do_|__|k|do_)?sys_(?:enter_|exit_)?(\w+)")


@dataclass(frozen=True, slots=True)
class Named:
    """The event that names of the kernel mean, the stems of the words that name it, and whether both its ends are named."""

    event: Event
    words: tuple[str, ...]
    spans: bool = False


def call_in(sentence: Sentence, names: frozenset[str]) -> tuple[str, int] | None:
    """Return the system call that a name such as `sys_enter_bpf` or `__sys_bpf()` is about, and the place of the word."""
    for index, token in enumerate(sentence.tokens):
        match = _OF_CALL.fullmatch(token.text) if sentence.is_free(index) and token.kind == "word" else None
        if match and match[1] in names and not token.text.startswith("do_sys_open"):  # all opens pass there
            return match[1], index
    return None


def named_points(sentence: Sentence, catalogue: Catalogue) -> Named | None:
    """Return the event whose hooks a question names."""
    table = _table(catalogue)
    found = [
        token
        for index, token in enumerate(sentence.tokens)
        if sentence.is_free(index)
        and token.text in table
        and ("_" in token.text or sentence.text[token.end : token.end + 1] == "(")
    ]
    if not found:
        return None
    for first, second in pairwise(found):
        # Two calls of one event (`posix_memalign or aligned_alloc`) are no begin and end.
        either = _at(table, first.text, "end") & _at(table, second.text, "begin")
        ends = _at(table, second.text, "end") - either
        for event, _, side in table[first.text]:
            if side == "begin" and event.id in ends:
                return Named(event, (*_category(sentence, first.start), first.stem, second.stem), spans=True)
    event = min(table[found[0].text], key=_distance)[0]
    # `set_task_cpu()/sched_migrate_task`: two names of one thing
    beside = [
        token.stem for token in sentence.tokens if "_" in token.text and _is_beside(sentence, token, found[0])
    ]
    return Named(event, (*_category(sentence, found[0].start), found[0].stem, *beside))


def _at(table: dict[str, list[tuple[Event, Hook, str]]], name: str, side: str) -> set[str]:
    return {event.id for event, _, where in table[name] if where == side}


def _is_beside(sentence: Sentence, token: Token, known: Token) -> bool:
    between = sentence.text[min(token.end, known.end) : max(token.start, known.start)]
    return token is not known and between.replace("()", "").strip() == "/"


def _category(sentence: Sentence, start: int) -> tuple[str, ...]:
    # `power:cpu_frequency`
    return tuple(t.stem for t in sentence.tokens if t.end == start - 1 and sentence.text[t.end] == ":")


def _distance(entry: tuple[Event, Hook, str]) -> tuple[bool, bool, bool, int]:
    """Order what a hook may mean: what is seen there without a condition comes first, then what begins there."""
    _, hook, side = entry
    conditional = hook.end_when is not None or any(point.when for point in hook.points)
    return conditional, side != "begin", hook.spans, sum(len(p.begin) + len(p.end) for p in hook.points)


def hook_names(event: Event) -> frozenset[str]:
    """Return the names of the functions, tracepoints and system calls that an event is seen at."""
    probes = (p for hook in event.hooks for point in hook.points for p in (*point.begin, *point.end))
    names = {probe.rpartition(":")[2] for probe in probes}
    return frozenset(names | {re.sub("^sys_(enter|exit)_(new)?", "", name) for name in names})


@lru_cache(maxsize=4)
def every_hook_name(catalogue: Catalogue) -> frozenset[str]:
    """Return the names of all functions and tracepoints that events of a catalogue are seen at."""
    return frozenset(_table(catalogue))


@lru_cache(maxsize=4)
def _table(catalogue: Catalogue) -> dict[str, list[tuple[Event, Hook, str]]]:
    found: dict[str, list[tuple[Event, Hook, str]]] = defaultdict(list)
    for event in catalogue.events.values():
        for hook in event.hooks:
            for point in hook.points:
                for side, probes in (("begin", point.begin), ("end", point.end)):
                    for probe in probes:
                        found[probe.rpartition(":")[2]].append((event, hook, side))
    return found
