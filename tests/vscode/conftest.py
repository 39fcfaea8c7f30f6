"""Node and the packages of the extension, as `lsp/vscode/build` gets them; skipped in one sentence where npm is not here."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

EXTENSION = Path(__file__).parents[2] / "lsp/vscode"


@pytest.fixture(scope="session")
def node() -> str:
    """The Node that the extension is built with, with every package it needs beside it."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here: apt-get install npm")
    # npm's own settings, such as which registry, are those of the person who runs the tests.
    env = {**os.environ, "HOME": pwd.getpwuid(os.getuid()).pw_dir}
    done = subprocess.run([EXTENSION / "build", "packages"], env=env, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm could not fetch the packages: {done.stderr.strip()[-300:]}")
    return str(EXTENSION / "node_modules/node/bin/node")
