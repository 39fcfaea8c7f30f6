"""The house keeps its own rules: file sizes, words, and one module that reads the environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "mcp_server", "lsp", "jupyter_magic", "corpus")
SOURCES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "node_modules" not in path.parts
)


def _lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_no_file_of_ours_is_longer_than_500_lines_and_nine_in_ten_stay_under_400() -> None:
    sizes = sorted(_lines(path) for path in SOURCES)

    assert [str(path) for path in SOURCES if _lines(path) > 500] == []
    assert sizes[int(len(sizes) * 0.9)] < 400


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_promises(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith('"""')


def test_only_settings_and_the_supervisor_and_testing_look_at_the_environment() -> None:
    readers = {
        path.name
        for path in SOURCES
        if re.search(r"os\.environ|os\.getenv", path.read_text(encoding="utf-8"))
    }

    assert readers <= {"settings.py", "testing.py", "supervisor.py"}


def test_no_class_is_a_manager_helper_utils_or_handler() -> None:
    named = [
        f"{path.name}: {name}"
        for path in SOURCES
        for name in re.findall(r"^class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        if re.search(r"Manager|Helper|Utils?$|Handler", name)
    ]

    assert named == []


def test_nothing_names_a_path_of_the_machine_it_was_written_on() -> None:
    # The words are put together here so that this file does not find itself.
    words = [a + b for a, b in (("/work/", "main"), ("/work/", "shared"), (".py", "env/"), ("/farm", "/"))]
    made = {
        ".git",
        ".venv",
        "__pycache__",
        ".hypothesis",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        "build",
        "dist",
    }
    files = [
        path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.relative_to(ROOT).parts)
    ]
    naming = [str(path) for path in files if any(word.encode() in path.read_bytes() for word in words)]

    assert naming == []
