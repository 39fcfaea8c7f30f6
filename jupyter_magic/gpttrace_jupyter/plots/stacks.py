"""Stacks of a frame as whole paths from the outermost frame inwards, each with its weight; and the tree of them.

A row's keys (`comm`, `pid`) are the outermost frames, then what ran in user space, then the kernel. Frames of one function
at several offsets are one frame. Weights stay Python integers: exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from gpttrace_jupyter.plots.bar import MEANS
from gpttrace_jupyter.plots.refusal import CannotDraw
from gpttrace_jupyter.plots.sheet import Field, Sheet, cumulative, key_text, keys, measures
from gpttrace_jupyter.plots.wishes import Wishes, filled, grouping

Side = Literal["key", "user", "kernel"]
NO_STACK = "[no stack]"
_OFFSET = re.compile(r"(?<=.)\+(?:0x[0-9a-f]+|\d+)(?= \(|$)")


@dataclass(frozen=True, slots=True)
class Frame:
    """One level of a stack."""

    name: str
    side: Side


@dataclass(slots=True)
class Node:
    """A frame with all that it called; `value` is its own weight and theirs together."""

    frame: Frame
    value: int = 0
    children: dict[Frame, Node] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Return `{"name", "value", "children"}`, as d3-flame-graph takes it."""
        # Stacks may be deeper than Python's own calls may go.
        top: dict[str, Any] = {"name": self.frame.name, "value": self.value, "children": []}
        todo = [(self, top)]
        while todo:
            node, made = todo.pop()
            for child in node.children.values():
                below: dict[str, Any] = {"name": child.frame.name, "value": child.value, "children": []}
                made["children"].append(below)
                todo.append((child, below))
        return top


@dataclass(frozen=True, slots=True)
class Stacks:
    """Paths with their weights, what the weights are and in what unit."""

    title: str
    what: str
    unit: str | None
    paths: list[tuple[tuple[Frame, ...], int]]

    @property
    def tree(self) -> Node:
        """The tree of all paths; its root is named `all`."""
        root = Node(Frame("all", "key"))
        for path, weight in self.paths:
            root.value += weight
            node = root
            for frame in path:
                child = node.children.get(frame)
                if child is None:
                    child = node.children[frame] = Node(frame)
                child.value += weight
                node = child
        return root


def read(sheet: Sheet, wishes: Wishes, *, offsets: bool = False) -> Stacks:
    """Return the stacks of a frame, the heaviest first, equal ones as one; `offsets` keeps `+123` behind functions."""
    if not sheet.stacks:
        raise CannotDraw(
            f"{sheet.name} has no column of stacks",
            hint='ask for stacks ("user stacks at 99 Hz"), or draw it as "bar"',
        )
    weighed = _weight(filled(sheet), wishes)
    sheet = _state(sheet)
    weights = [1] * len(sheet) if weighed is None else [_whole(cell) for cell in sheet.cells(weighed)]
    merged: dict[tuple[Frame, ...], int] = {}
    for path, weight in zip(_paths(sheet, wishes, offsets), weights, strict=True):
        if weight > 0:
            merged[path] = merged.get(path, 0) + weight
    if not merged:
        raise CannotDraw(
            f"nothing to draw: no stack of {sheet.name} weighs anything", hint="name another by value="
        )
    title = sheet.title if wishes.title is None else wishes.title
    what, unit = (weighed.name, weighed.unit) if weighed else ("events", None)
    return Stacks(title, what, unit, sorted(merged.items(), key=lambda item: -item[1]))


def _whole(cell: Any) -> int:
    return 0 if cell is None else int(cell)


def _weight(sheet: Sheet, wishes: Wishes) -> Field | None:
    found = [each for each in measures(sheet) if wishes.value in (None, each.name)]
    if wishes.value is not None and not found:
        raise CannotDraw(
            f"{sheet.name} has no column of numbers {wishes.value!r}", hint="name another by value="
        )
    if sheet.kind == "events" and wishes.value is None:
        return None
    adding = [each for each in found if each.name.lower() not in MEANS]
    if found and not adding:
        raise CannotDraw(
            f"{found[0].name} of several stacks cannot be added up",
            hint="ask for the count or the total by stack",
        )
    return adding[-1] if adding else None


def _state(sheet: Sheet) -> Sheet:
    if sheet.time is None or sheet.kind == "events" or not cumulative(sheet):
        return sheet
    when = sheet.frame.iloc[:, sheet.time.place]
    return sheet.only((when == when.max()).to_numpy())


def _paths(sheet: Sheet, wishes: Wishes, offsets: bool) -> Iterator[tuple[Frame, ...]]:
    by = grouping(sheet, wishes) if wishes.by is not None else keys(sheet)
    names = [[Frame(key_text(field, cell), "key") for cell in sheet.cells(field)] for field in by]
    sides = sorted(((_side(field), field) for field in sheet.stacks), key=lambda each: each[0] == "kernel")
    columns = [(side, sheet.frame.iloc[:, field.place].tolist()) for side, field in sides]
    seen: dict[tuple[Side, str], Frame] = {}
    for row in range(len(sheet)):
        path = [column[row] for column in names]
        for side, cells in columns:
            path += _inwards(cells[row], side, offsets, seen)
        yield tuple(path) if len(path) > len(names) else (*path, Frame(NO_STACK, "key"))


def _side(field: Field) -> Side:
    name = field.name.lower()
    return "kernel" if (name.startswith("k") and "stack" in name) or "kernel" in name else "user"


def _inwards(
    cell: Iterable[Any] | None, side: Side, offsets: bool, seen: dict[tuple[Side, str], Frame]
) -> list[Frame]:
    # bpftrace prints the innermost frame first.
    if cell is None or isinstance(cell, float):
        return []
    texts = [str(each) for each in cell][::-1]
    frames = []
    for each in texts:
        frame = seen.get((side, each))
        if frame is None:
            name = each if offsets else _OFFSET.sub("", each)
            frame = seen[side, each] = Frame(name, side)
        frames.append(frame)
    return frames
