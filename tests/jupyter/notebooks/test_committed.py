"""The example notebooks as they are committed: valid, without outputs, with nothing of the machine they were written on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tests.jupyter.notebooks.executed import FOLDER

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
DOCS = FOLDER.parents[1] / "docs/jupyter.md"
MACHINE = re.compile(
    r"/(?:root|home|work|opt|Users|mnt)\b|\b\d{1,3}(?:\.\d{1,3}){3}\b|https?://|api[_-]?key", re.I
)


def read(path: Path) -> dict[str, Any]:
    """Read a notebook as the JSON that it is."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_there_are_five() -> None:
    assert [each.stem for each in NOTEBOOKS] == [
        "1-first-look",
        "2-disk-latency",
        "3-who-opens-what",
        "4-cpu-profile",
        "5-production-host",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_valid_and_holds_no_output(path: Path) -> None:
    found = read(path)
    validate: Any = nbformat.validate  # not typed
    validate(found)
    assert found["metadata"]["kernelspec"]["name"] == "python3"
    assert set(found["metadata"]) == {"kernelspec", "language_info"}
    assert (found["nbformat"], found["nbformat_minor"]) >= (4, 5)
    ids = [cell["id"] for cell in found["cells"]]
    assert len(set(ids)) == len(ids)
    code = [cell for cell in found["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all((cell["outputs"], cell["execution_count"]) == ([], None) for cell in code)
    assert all(cell["metadata"] == {} for cell in found["cells"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_begins_with_its_title_and_names_no_machine(path: Path) -> None:
    found = read(path)
    first = "".join(found["cells"][0]["source"])
    assert first.startswith("# ")
    assert MACHINE.findall(path.read_text()) == []


def test_the_documentation_lists_each() -> None:
    assert set(re.findall(r"`(\d-[\w-]+)\.ipynb`", DOCS.read_text())) == {each.stem for each in NOTEBOOKS}
