"""Zoomable: the same picture with plotly, to zoom in and point at; where the front end cannot, the still one shows."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpttrace.errors import Unavailable, UsageError
from gpttrace_jupyter.plots.labels import label, one_line
from gpttrace_jupyter.plots.picture import Picture, written

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from gpttrace_jupyter.plots.flame import FlameGraph

_MIME = "application/vnd.plotly.v1+json"


class Zoomable:
    """An interactive picture; `still` is the plain one, `save` writes a page (.html) that needs no network.

    Unavailable without plotly.
    """

    def __init__(self, still: Picture | FlameGraph) -> None:
        # Said now, not when the picture is shown: a front end swallows that.
        try:
            import plotly.graph_objects  # noqa: F401
        except ImportError:
            raise Unavailable(
                "an interactive picture needs plotly",
                hint="pip install 'gpttrace[plots]', or leave interactive out",
            ) from None
        self.still, self.kind, self.data = still, still.kind, still.data

    @cached_property
    def figure(self) -> Figure:
        """The plotly figure."""
        from gpttrace_jupyter.plots import zoomed

        made: Figure = getattr(zoomed, self.kind)(self.data)
        title = {"text": tagless(self.data.title), "x": 0.01, "font": {"size": 15}}
        made.update_layout(title=title, margin={"l": 10, "r": 10, "b": 40}, template="plotly_white")
        return made

    @property
    def text(self) -> str:
        """The same as text."""
        return self.still.text

    def save(self, path: str | Path) -> Path:
        """Write the picture to an .html file and return its path; StoreError when that cannot be."""
        target = Path(path)
        if target.suffix.lower() != ".html":
            raise UsageError(
                f"an interactive picture cannot be written as {target.name!r}", hint="end the name in .html"
            )
        written(target, self.figure.to_html(include_plotlyjs=True).encode())
        return target

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {_MIME: json.loads(self.figure.to_json()), "text/plain": self.text}
        if isinstance(self.still, Picture):
            bundle["image/png"] = b64encode(self.still._repr_png_()[0]).decode()
        else:
            bundle["text/html"] = self.still.svg
        return bundle

    def __repr__(self) -> str:
        return self.text


def tagless(text: str, most: int = 120) -> str:
    """Return a traced name as plotly shows it letter by letter: it would read `<b>` as bold."""
    return escape(label(one_line(text), most), quote=False)
