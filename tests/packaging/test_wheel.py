"""The wheel holds our five packages with their data and nothing else, and works without the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"gpttrace", "gpttrace_mcp", "gpttrace_lsp", "gpttrace_jupyter", "gpttrace_corpus"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, timeout=100)
    return next(folder.glob("gpttrace-*.whl"))


def test_a_wheel_has_our_packages_and_no_other_top_level_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == OURS


def test_a_wheel_carries_the_catalogue_and_the_typing_marker(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "gpttrace/py.typed" in names
    assert any(name.startswith("gpttrace_corpus/events/") and name.endswith(".toml") for name in names)


def test_a_program_is_written_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import gpttrace.cli; "
        f"assert gpttrace.cli.__file__.startswith({str(tmp_path)!r}); "
        "sys.argv[1:] = ['generate', 'count syscalls by program']; gpttrace.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "@" in done.stdout
