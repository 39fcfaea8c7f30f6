"""Frames as the magic makes them, from tables as the core makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas
import pytest

import gpttrace_jupyter.accessor  # noqa: F401  (pandas then knows frame.gpttrace)
from gpttrace.trace.table import Column, Table

Framed = Callable[..., pandas.DataFrame]


@pytest.fixture
def framed() -> Framed:
    """A maker of frames: name and kind of a table, its columns as `name:type:unit:role`, its rows, what else is known."""

    def make(name: str, kind: Any, columns: str, rows: list[Any], **known: Any) -> pandas.DataFrame:
        described = [_column(each) for each in columns.split()]
        table = Table(name, kind, tuple(described))
        table.extend(rows)
        frame = table.to_pandas()
        told = {each.name: f"{each.type}|{each.unit or ''}|{each.role}" for each in described}
        frame.attrs["gpttrace"] = {"table": name, "kind": kind, "columns": told, **known}
        return frame

    return make


def _column(text: str) -> Column:
    name, kind, unit, role = (*text.split(":"), "", "", "")[:4]
    return Column(name, kind, unit or None, role or "value")  # type: ignore[arg-type]
