"""`frame.gpttrace`: pictures and exports of a trace's DataFrame; importing this module is what makes pandas know it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas

from gpttrace_jupyter import export, plots


@pandas.api.extensions.register_dataframe_accessor("gpttrace")
class TraceAccessor:
    """What a frame of a trace can do beyond what any DataFrame can."""

    def __init__(self, frame: pandas.DataFrame) -> None:
        self._frame = frame

    @property
    def meta(self) -> dict[str, Any]:
        """What is known of the trace: run id, question, program, status, table; empty after a groupby or a concat."""
        return dict(self._frame.attrs.get("gpttrace") or {})

    def plot(self, kind: str | None = None, *, interactive: bool | None = None, **options: Any) -> Any:
        """Return a picture, as `gpttrace_jupyter.plots.plot` does."""
        unknown = set(options) - {"value", "by", "top", "unit", "title"}
        if unknown:
            raise plots.CannotDraw(
                f"plot has no option {min(unknown)!r}",
                hint="options: value, by, top, unit, title, interactive",
            )
        return plots.plot(self._frame, kind, interactive=interactive, **options)

    def flame(self, *, interactive: bool | None = None, **options: Any) -> Any:
        """Return the flame graph of the stacks."""
        return self.plot("flame", interactive=interactive, **options)

    def icicle(self, *, interactive: bool | None = None, **options: Any) -> Any:
        """Return the flame graph upside down: callers on top."""
        return self.plot("icicle", interactive=interactive, **options)

    def tree(self, *, offsets: bool = False) -> dict[str, Any]:
        """Return the stacks as nested `{"name", "value", "children"}`, outermost frame first."""
        return export.stacks_of(self._frame, offsets=offsets).tree.json()

    def folded(self, *, offsets: bool = False) -> str:
        """Return folded stacks, one a line: `outer;inner 12`."""
        return export.folded(self._frame, offsets=offsets)

    def speedscope(self, path: str | Path | None = None, *, offsets: bool = False) -> dict[str, Any] | Path:
        """Return the stacks in speedscope's format, or write that to a file and return its path."""
        return export.speedscope(self._frame, path, offsets=offsets)
