"""A notebook that was executed with the magic, in VS Code's own renderers: tables, programs and mistakes as people see them.

Microsoft's Jupyter extension, which executes notebooks in VS Code, is in no package registry, so cells are executed by nbclient.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from tests.editors.vscode import Code

from gpttrace.testing import InstalledBpftrace

pytestmark = [pytest.mark.tools, pytest.mark.kernel]

CELLS = (
    "%load_ext gpttrace_jupyter",
    "%%gpttrace --for 1s\nBEGIN { @calls[123] = 42; @gap = hist(1000); }",
    "%%gpttrace\n\nBEGIN { @a = cnt(); }",
)
THEMES = {"dark": "Dark Modern", "light": "Light Modern"}


def executed(path: Path) -> None:
    """Write a notebook with the outputs of its cells."""
    made: Any = nbformat.v4  # not typed
    notebook = made.new_notebook(cells=[made.new_code_cell(each) for each in CELLS])
    NotebookClient(notebook, kernel_name="python3", allow_errors=True, timeout=60).execute()
    write: Any = nbformat.write
    write(notebook, path)


@pytest.fixture
def shown(code: Code, host_bpftrace: InstalledBpftrace) -> Any:
    """The frame in which VS Code shows the outputs of an executed notebook."""
    executed(code.workspace / "trace.ipynb")
    code.go_to(code.workspace / "trace.ipynb")
    return code.until(lambda: next((each for each in code.page.frames if has_outputs(each)), None))


def has_outputs(frame: Any) -> bool:
    """Tell whether it is the frame of the outputs, with something in it."""
    try:
        return frame.query_selector(".output_container table") is not None
    except Exception:  # a frame that went away while it was looked at
        return False


# How far (0 to 1) the brightness of each text of the magic is from what is behind it, at the least.
CONTRAST = """() => {
    const bright = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
        return (0.3 * r + 0.59 * g + 0.11 * b) / 255;
    };
    const page = getComputedStyle(document.documentElement).getPropertyValue("--vscode-editor-background");
    const [red, green, blue] = [1, 3, 5].map(at => parseInt(page.trim().slice(at, at + 2), 16));
    const paper = (0.3 * red + 0.59 * green + 0.11 * blue) / 255;
    const texts = [...document.querySelectorAll(".output_container *")].filter(
        each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
    return Math.min(...texts.map(each => Math.abs(bright(getComputedStyle(each).color) - paper)));
}"""


def test_outputs_are_tables_programs_and_mistakes_in_the_colours_of_the_theme(code: Code, shown: Any) -> None:
    assert shown is not None
    shown.click("summary:has-text('program')")
    said = shown.inner_text("body")
    assert "the time limit of 1 s was reached" in said
    assert "BEGIN { @calls[123] = 42; @gap = hist(1000); }" in said
    assert "cell:3:14: error: there is no function `cnt`" in said
    assert "Traceback" not in said
    assert [each.inner_text() for each in shown.query_selector_all("table th")][1:4] == [
        "low",
        "high",
        "count",
    ]
    for theme, name in THEMES.items():
        code.set(workbench__colorTheme=name)
        code.page.wait_for_timeout(800)
        code.picture(f"notebook-{theme}")
        assert shown.evaluate(CONTRAST) > 0.25, theme
