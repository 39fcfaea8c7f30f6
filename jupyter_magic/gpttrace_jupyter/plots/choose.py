"""Which picture a frame is drawn as when nobody says."""

from __future__ import annotations

from gpttrace_jupyter.plots.refusal import CannotDraw
from gpttrace_jupyter.plots.sheet import Sheet, measures

KINDS = ("hist", "heat", "line", "bar", "flame", "icicle")


def kind_of(sheet: Sheet) -> str:
    """Return the kind of picture that shows most of a frame; CannotDraw when there is none."""
    if sheet.stacks:
        return "flame"
    if sheet.buckets:
        return "heat" if sheet.time else "hist"
    if sheet.kind == "events":
        return _events(sheet)
    if measures(sheet):
        return "line" if sheet.time else "bar"
    raise CannotDraw(
        f"{sheet.name} has no numbers, stacks or buckets to draw",
        hint="count rows first: frame.groupby(column).size()",
    )


def _events(sheet: Sheet) -> str:
    measured = [each for each in measures(sheet) if each.unit]
    if measured:
        return "heat" if sheet.time else "hist"
    if any(each.type == "text" for each in sheet.fields):
        return "bar"
    if sheet.time:
        return "line"
    if measures(sheet):
        return "hist"
    raise CannotDraw(f"{sheet.name} has nothing to draw events by", hint="name a column by value= or by=")
