"""Joined key texts, as bpftrace prints them, -> the parts of the key. What cannot be told apart is reported, never
guessed."""

from __future__ import annotations

import json
import re
from typing import Any

from gpttrace.trace.dialect import Dialect
from gpttrace.trace.plan import WHOLE, Field, MapPlan
from gpttrace.trace.text import wire_text
from gpttrace.trace.values import frames_of, narrow
from gpttrace.trace.wire import integer

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")


def unescape_key(key: str, dialect: Dialect) -> str:
    """Return a key as a JSON reader should have given it: one dialect escapes keys twice."""
    if not dialect.escapes_keys_twice or "\\" not in key:
        return key
    try:
        return str(json.loads(f'"{key}"', strict=False))
    except ValueError:
        return key


def split_key(key: str, plan: MapPlan, separator: int) -> list[str] | None:
    """Return the texts of the key's parts, the inner one last; None when more than one reading is possible."""
    fields = [*plan.keys, Field("", "int")] if plan.inner else list(plan.keys)
    if len(fields) <= 1:
        return [key]
    cuts = [0, *(i + 1 for i in plan.separated), len(fields)]
    pieces = key.split(f",{separator},") if plan.separated else [key]
    if len(pieces) != len(cuts) - 1:
        return None
    parts: list[str] = []
    for piece, begin, end in zip(pieces, cuts, cuts[1:], strict=False):
        found = _split_piece(piece, fields[begin:end])
        if found is None:
            return None
        parts += found
    return parts


def _split_piece(piece: str, fields: list[Field]) -> list[str] | None:
    if piece.count(",") == len(fields) - 1:
        return piece.split(",")
    whole = [field.kind in WHOLE for field in fields]
    if whole.count(False) > 1:
        return None
    match = re.fullmatch(",".join("(-?[0-9]+)" if each else "(.*)" for each in whole), piece, re.DOTALL)
    return None if match is None else list(match.groups())


def cells_of(parts: list[str], fields: tuple[Field, ...]) -> tuple[Any, ...]:
    """Return the cells of key texts; parts of unknown kind stay text until the whole column is known (`settle`)."""
    return tuple(_cell(part, field) for part, field in zip(parts, fields, strict=False))


def _cell(part: str, field: Field) -> Any:
    if field.kind in WHOLE:
        number = integer(part)
        return wire_text(part) if number is None else narrow(number) if field.kind == "int32" else number
    if field.kind == "stack":
        return tuple(frames_of(wire_text(part)))
    return wire_text(part)


def settle(columns: list[list[Any]], fields: tuple[Field, ...]) -> None:
    """Turn columns of unknown kind in which every text is a whole number into numbers, in place."""
    for column, field in zip(columns, fields, strict=False):
        if field.kind == "any" and column and all(isinstance(v, str) and _WHOLE.fullmatch(v) for v in column):
            column[:] = map(int, column)
