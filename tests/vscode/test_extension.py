"""The extension's own tests in Node's runner, its types, and the packed file that people install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "lsp/vscode"
pytestmark = pytest.mark.tools


@pytest.mark.parametrize("file", ["client.test.ts", "results.test.ts"])
def test_the_parts_that_need_no_editor(node: str, file: str) -> None:
    env = {**os.environ, "GPTTRACE_TEST_PYTHON": sys.executable}
    command = [
        node,
        "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON",
        "--test",
        str(Path(__file__).parent / file),
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def package(node: str) -> zipfile.ZipFile:
    """The file that `make vscode` builds, which fails when a type is wrong."""
    assert node
    done = subprocess.run([EXTENSION / "build"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    version = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))["version"]
    return zipfile.ZipFile(ROOT / f"dist/gpttrace-{version}.vsix")


def test_the_package_holds_what_is_needed_and_nothing_else(package: zipfile.ZipFile) -> None:
    names = {name.removeprefix("extension/") for name in package.namelist() if name.startswith("extension/")}
    needed = {"package.json", "dist/extension.js", "dist/webview.js", "dist/webview.css", "media/icon.png"}
    assert needed <= names
    assert [
        name for name in names if "node_modules" in name or name.endswith((".ts", ".py", ".map", ".sh"))
    ] == []
    assert len(names) < 30
    assert sum(each.file_size for each in package.infolist()) < 1_500_000


def test_the_packed_files_are_those_of_the_sources(package: zipfile.ZipFile) -> None:
    for path in (
        "syntaxes/bpftrace.tmLanguage.json",
        "language-configuration.json",
        "snippets/bpftrace.json",
    ):
        assert package.read(f"extension/{path}") == (EXTENSION / path).read_bytes(), path
    script = package.read("extension/dist/extension.js").decode()
    assert 'require("vscode")' in script
    assert str(ROOT) not in script
