"""Changing trees: one node at a time, each change giving a whole new program's text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

from gpttrace.language import Program, parse, to_text, walk
from gpttrace.language import nodes as n

# Given a node of a private copy, change it in place and return True, or return False where there is nothing to change.
Change = Callable[[n.Node], bool]


def each_change(text: str, change: Change) -> Iterator[str]:
    """Yield the program's text once for each node that `change` can change, with that node alone changed."""
    tree = parse(text)
    for at in range(sum(1 for _ in walk(tree))):
        twin = deepcopy(tree)
        for here, node in enumerate(walk(twin)):
            if here == at:
                if change(node):
                    yield _printed(twin)
                break


def all_changed(text: str, change: Change) -> str | None:
    """Return the program's text with every node changed that `change` can change; None when there is none."""
    tree = parse(text)
    hits = [change(node) for node in list(walk(tree))]
    return _printed(tree) if any(hits) else None


def _printed(tree: Program) -> str:
    tree.comments = []
    return to_text(tree)


def event_probes(tree: Program) -> list[n.Probe]:
    """Return the probes that see events, not those of timers, begin and end."""
    return [probe for probe in tree.probes if probe.points[0].kind not in ("begin", "end", "interval")]


def body_changes(text: str, change: Callable[[Program, n.Probe], bool]) -> Iterator[str]:
    """Yield the program's text once for each event probe that `change` can change."""
    for at in range(len(event_probes(parse(text)))):
        twin = parse(text)
        if change(twin, event_probes(twin)[at]):
            yield _printed(twin)
