"""Stacks for other programs: folded text (flamegraph.pl, inferno, speedscope) and speedscope's own JSON; weights are exact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpttrace_jupyter.plots import stacks
from gpttrace_jupyter.plots.labels import one_line
from gpttrace_jupyter.plots.picture import written
from gpttrace_jupyter.plots.sheet import read
from gpttrace_jupyter.plots.wishes import Wishes

if TYPE_CHECKING:
    import pandas

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_UNITS = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds", "bytes": "bytes"}


def stacks_of(frame: pandas.DataFrame, *, offsets: bool = False) -> stacks.Stacks:
    """Return the stacks of a frame; CannotDraw when it holds none."""
    return stacks.read(read(frame), Wishes(), offsets=offsets)


def folded(frame: pandas.DataFrame, *, offsets: bool = False) -> str:
    """Return one line a stack, frames joined by `;`, then its weight; a `;` in a name becomes `:`, as is the custom."""
    lines: dict[str, int] = {}
    for path, weight in stacks_of(frame, offsets=offsets).paths:
        line = ";".join(one_line(each.name).replace(";", ":") or "-" for each in path)
        lines[line] = lines.get(line, 0) + weight
    return "".join(f"{line} {weight}\n" for line, weight in lines.items())


def speedscope(
    frame: pandas.DataFrame, path: str | Path | None = None, *, offsets: bool = False
) -> dict[str, Any] | Path:
    """Return a sampled profile as the format documents it; with a path write it there (StoreError) and return the path."""
    profile = _profile(stacks_of(frame, offsets=offsets))
    if path is None:
        return profile
    target = Path(path)
    written(target, json.dumps(profile, ensure_ascii=False).encode("utf-8", "backslashreplace"))
    return target


def _profile(data: stacks.Stacks) -> dict[str, Any]:
    frames: dict[str, int] = {}
    samples = [[frames.setdefault(each.name, len(frames)) for each in path] for path, _ in data.paths]
    weights = [weight for _, weight in data.paths]
    name = data.title or data.what
    return {
        "$schema": _SCHEMA,
        "exporter": "gpttrace",
        "name": name,
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": each} for each in frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": name,
                "unit": _UNITS.get(data.unit or "", "none"),
                "startValue": 0,
                "endValue": sum(weights),
                "samples": samples,
                "weights": weights,
            }
        ],
    }
