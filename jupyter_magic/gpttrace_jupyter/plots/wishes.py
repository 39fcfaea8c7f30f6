"""Wishes: what the caller said about a picture; and the columns that are meant."""

from __future__ import annotations

from dataclasses import dataclass

from gpttrace_jupyter.plots.refusal import CannotDraw
from gpttrace_jupyter.plots.sheet import Field, Sheet, keys, measures


@dataclass(frozen=True, slots=True)
class Wishes:
    """Column of numbers, columns that name a line or a panel, how many of these, unit and title; None: as the frame says."""

    value: str | None = None
    by: tuple[str, ...] | None = None
    top: int | None = None
    unit: str | None = None
    title: str | None = None


def measure(sheet: Sheet, wishes: Wishes) -> Field:
    """Return the column of numbers to draw: the one asked for, else the last that measures something; CannotDraw without any."""
    if wishes.value is not None:
        return _existing(sheet, wishes.value, "number", "duration")
    found = measures(sheet)
    if sheet.kind == "events":
        found = [each for each in found if each.unit] or found
    if not found:
        raise CannotDraw(
            f"{sheet.name} has no column of numbers to draw",
            hint="name one by value=, or count rows with groupby",
        )
    return found[-1]


def grouping(sheet: Sheet, wishes: Wishes) -> list[Field]:
    """Return the columns that say whose a row is."""
    if wishes.by is not None:
        return [_existing(sheet, name) for name in wishes.by]
    return keys(sheet)


def _existing(sheet: Sheet, name: str, *types: str) -> Field:
    field = sheet.named(name)
    if field is None:
        columns = ", ".join(each.name for each in sheet.fields)
        raise CannotDraw(f"{sheet.name} has no column {name!r}", hint=f"its columns: {columns}")
    if types and field.type not in types:
        raise CannotDraw(f"column {name!r} holds no numbers", hint="name a column of numbers by value=")
    return field


def meaning(sheet: Sheet, field: Field) -> str:
    """Return what an axis of a column's numbers is called: `bytes` for buckets of `@bytes`, `bytes, sum` for its sums."""
    table = str(sheet.meta.get("table") or "")
    name = table[1:] if table.startswith("@") else ""
    if field.role == "bucket":
        return name or "value"
    return f"{name}, {field.name}" if name and name != field.name and field.name != "count" else field.name


def filled(sheet: Sheet) -> Sheet:
    """Return the sheet; CannotDraw when it has no rows."""
    if not len(sheet):
        raise CannotDraw(
            f"nothing to draw: {sheet.name} has no rows",
            hint="the event did not happen; trace longer, or a wider question",
        )
    return sheet
