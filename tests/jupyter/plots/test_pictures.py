"""Pictures as things: shown, saved, refused in one line; matplotlib's own state is left alone."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pandas
import pytest

from gpttrace.errors import StoreError, Unavailable, UsageError
from gpttrace_jupyter.plots import KINDS, CannotDraw

KEYED = "comm:string::key low:int64:ns:bucket high:int64:ns:bucket count:int64"

pytestmark = pytest.mark.computes


@pytest.fixture
def hist(framed: Any) -> Any:
    """A histogram of two processes."""
    return framed("@", "hist", KEYED, [("cat", 1024, 2047, 3), ("dd", 2048, 4095, 4)])


def test_two_hundred_pictures_leave_nothing_behind(framed: Any) -> None:
    import matplotlib
    from matplotlib import _pylab_helpers

    before = (matplotlib.rcParams.copy(), matplotlib.get_backend(auto_select=False))
    frame = framed("@", "map", "comm:string::key count:int64", [("cat", 3)])
    alive = []
    for _ in range(200):
        figure = frame.gpttrace.plot().figure
        alive.append(weakref.ref(figure))
    del figure
    gc.collect()
    assert not any(each() for each in alive)
    assert not _pylab_helpers.Gcf.figs
    assert (matplotlib.rcParams.copy(), matplotlib.get_backend(auto_select=False)) == before


def test_drawing_neither_imports_pyplot_nor_chooses_a_backend() -> None:
    code = (
        "import sys, pandas, gpttrace_jupyter.accessor as a\n"
        "assert 'matplotlib' not in sys.modules\n"
        "pandas.DataFrame({'comm': ['a'], 'count': [1]}).gpttrace.plot()._repr_png_()\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'plotly' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    "name",
    ["$x_{a}$", "_hidden", "<b>&amp;", "日本語🦀", "a\nb\x1b", "", "%s\\frac{", "x" * 300, "\u202eabc"],
)
@pytest.mark.parametrize("kind", ["hist", "bar"])
def test_any_name_can_be_drawn(framed: Any, name: str, kind: str) -> None:
    picture = framed("@", "hist", KEYED, [(name, 1, 1, 3), ("dd", 1, 1, 1)], question=name).gpttrace.plot(
        kind
    )
    assert picture._repr_png_()[0].startswith(b"\x89PNG")
    assert "\x1b" not in picture.text


def test_a_style_of_the_reader_does_not_make_text_unreadable(hist: Any) -> None:
    import matplotlib
    from matplotlib.colors import to_hex
    from matplotlib.text import Text

    dark: Any = {
        "text.color": "white",
        "axes.labelcolor": "white",
        "xtick.color": "white",
        "figure.facecolor": "black",
    }
    with matplotlib.rc_context(dark):
        picture = hist.gpttrace.plot(title="a title")
        picture._repr_png_()
    assert to_hex(picture.figure.get_facecolor()) == "#ffffff"
    shown = [text for text in picture.figure.findobj(Text) if text.get_text()]
    assert shown
    assert all(to_hex(text.get_color()) != "#ffffff" for text in shown)


def test_all_text_lies_within_the_picture(hist: Any) -> None:
    from matplotlib.text import Text

    figure = hist.gpttrace.plot(title="a long title " * 20).figure
    figure.draw_without_rendering()
    whole = figure.bbox
    for text in figure.findobj(Text):
        box = text.get_window_extent()
        assert not text.get_text() or (box.x0 >= whole.x0 and box.x1 <= whole.x1 and box.y1 <= whole.y1), text


def test_a_picture_is_shown_half_as_large_as_it_is_fine(hist: Any) -> None:
    data, size = hist.gpttrace.plot()._repr_png_()
    assert abs(2 * size["width"] - int.from_bytes(data[16:20], "big")) <= 1


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_pictures_are_saved_as_the_name_says(hist: Any, tmp_path: Path, suffix: str) -> None:
    target = hist.gpttrace.plot().save(tmp_path / f"a.{suffix}")
    assert target.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml", b"%PDF-")


def test_a_file_that_cannot_be_written_is_said_in_one_line(hist: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot write"):
        hist.gpttrace.plot().save(tmp_path / "none" / "a.png")
    with pytest.raises(UsageError, match=r"'a\.bmp'"):
        hist.gpttrace.plot().save(tmp_path / "a.bmp")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "flamee"}, "did you mean 'flame'"),
        ({"kind": "flame"}, "no column of stacks"),
        ({"kind": "line"}, "no column of times"),
        ({"kind": "heat"}, "no column of times"),
        ({"kind": "bar", "value": "size"}, "no column 'size'"),
        ({"kind": "bar", "value": "comm"}, "holds no numbers"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"top": 0}, "top is 0"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line_with_what_to_do(
    hist: Any, options: Any, message: str
) -> None:
    with pytest.raises(CannotDraw, match=message) as caught:
        hist.gpttrace.plot(**options)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert caught.value._render_traceback_()[0] == f"gpttrace: {caught.value.message}"


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_an_empty_frame_says_that_it_is_empty(framed: Any, kind: str | None) -> None:
    columns = f"time:time::time ustack:stack::key {KEYED}"
    with pytest.raises(CannotDraw, match="nothing to draw: @ has no rows"):
        framed("@", "hist", columns, []).gpttrace.plot(kind)


def test_a_frame_without_numbers_is_refused() -> None:
    with pytest.raises(CannotDraw, match="no numbers, stacks or buckets"):
        pandas.DataFrame({"comm": ["a"]}).gpttrace.plot()


@pytest.mark.parametrize("kind", KINDS)
def test_an_interactive_picture_carries_the_still_one_and_escapes_names(framed: Any, kind: str) -> None:
    import json
    from datetime import UTC, datetime

    columns = f"time:time::time ustack:stack::key {KEYED}"
    row = (datetime(2026, 11, 27, tzinfo=UTC), ["<b>f"], "<i>c", 1024, 2047, 3)
    picture = framed("@", "hist", columns, [row]).gpttrace.plot(kind, interactive=True)
    bundle = picture._repr_mimebundle_()
    figure = json.dumps(bundle["application/vnd.plotly.v1+json"])
    assert "<b>" not in figure
    assert "<i>" not in figure
    assert {"image/png", "text/html"} & set(bundle)
    assert bundle["text/plain"] == repr(picture)


def test_an_interactive_page_needs_no_network(hist: Any, tmp_path: Path) -> None:
    page = hist.gpttrace.plot(interactive=True).save(tmp_path / "a.html").read_text()
    assert '<script src="' not in page


def test_without_plotly_the_call_says_what_to_install(hist: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.delitem(sys.modules, "plotly.graph_objects", raising=False)
    with pytest.raises(Unavailable, match="needs plotly") as caught:
        hist.gpttrace.plot(interactive=True)
    assert "gpttrace[plots]" in str(caught.value.hint)


def test_ipython_shows_a_picture_and_its_text(hist: Any) -> None:
    from IPython.core.formatters import DisplayFormatter

    formatter: Any = DisplayFormatter()
    shown, sizes = formatter.format(hist.gpttrace.plot())
    assert set(shown) == {"image/png", "text/plain"}
    assert "width" in sizes["image/png"]
    assert "3 events" in shown["text/plain"]
    zoomed, _ = formatter.format(hist.gpttrace.plot(interactive=True))
    assert {"application/vnd.plotly.v1+json", "image/png", "text/plain"} <= set(zoomed)
    stacks: Any = pandas.DataFrame({"ustack": [["f"]], "count": [1]})
    assert set(formatter.format(stacks.gpttrace.plot())[0]) == {"text/html", "text/plain"}
