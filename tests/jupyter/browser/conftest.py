"""JupyterLab, Notebook 7, papermill and the driver of a browser, in an environment of their own that pip fills once."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.trace.conftest import Watch, children, until

PACKAGES = ("jupyterlab>=4,<5", "notebook>=7,<8", "playwright>=1.50,<2", "papermill>=2.6,<3")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TOKEN = "a-token-of-this-test"
SETTINGS: dict[str, dict[str, Any]] = {
    "notification": {"fetchNews": "false", "checkForUpdates": False},
    "themes": {"theme": "JupyterLab Light"},
}


@pytest.fixture(scope="session")
def tools() -> str:
    """The Python of the environment that has the front ends; pip's own settings are those of the person who runs the tests."""
    home = pwd.getpwuid(os.getuid()).pw_dir
    folder = Path(os.environ.get("XDG_CACHE_HOME") or f"{home}/.cache") / "gpttrace/notebook-tools"
    python = folder / "bin/python"
    commands: Sequence[Sequence[str]] = (
        (sys.executable, "-m", "venv", str(folder)),
        (str(python), "-m", "pip", "install", "--quiet", *PACKAGES),
    )
    for command in commands:
        done = subprocess.run(command, env={**os.environ, "HOME": home}, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"pip could not fetch JupyterLab: {done.stderr.strip()[-300:]}")
    return str(python)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser of the distribution."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    return found


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where pictures of the browser go: `GPTTRACE_SCREENSHOTS`, or a folder among the temporary ones."""
    folder = Path(os.environ.get("GPTTRACE_SCREENSHOTS") or f"{tempfile.gettempdir()}/gpttrace-screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """An environment in which `python3` is the kernel of this very Python, and no file is that of the person who tests."""
    kernel = tmp_path / "data/kernels/python3"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"})
    )
    _settle(tmp_path / "settings", SETTINGS)
    places = {
        "HOME": "home",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_PATH": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "IPYTHONDIR": "ipython",
        "GPTTRACE_STATE": "state",
    }
    return {**os.environ, **{name: str(tmp_path / place) for name, place in places.items()}}


def _settle(folder: Path, settings: dict[str, dict[str, Any]]) -> None:
    place = folder / "@jupyterlab/apputils-extension"
    place.mkdir(parents=True, exist_ok=True)
    for name, values in settings.items():
        (place / f"{name}.jupyterlab-settings").write_text(json.dumps(values))


@dataclass(frozen=True)
class Server:
    """A Jupyter server of ours, and how a page of it looks."""

    url: str
    folder: Path
    settings: Path

    def dark(self) -> None:
        """Let pages that are opened from now on be dark."""
        _settle(self.settings, {"themes": {"theme": "JupyterLab Dark"}})


@pytest.fixture
def server(tools: str, surroundings: dict[str, str], tmp_path: Path, watch: Watch) -> Iterator[Server]:
    """A Jupyter server with the front ends; what its kernels have attached is noted."""
    folder, runtime = tmp_path / "work", tmp_path / "runtime"
    folder.mkdir()
    options = [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}", "--port=0"]
    command = [tools, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", *options]
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=surroundings, stdout=log, stderr=log)
    over = threading.Event()
    noting = threading.Thread(target=_note, args=(process.pid, watch, over))
    noting.start()
    try:
        until(lambda: list(runtime.glob("jpserver-*.json")), "the server listens")
        said = json.loads(next(runtime.glob("jpserver-*.json")).read_text())
        yield Server(f"http://127.0.0.1:{said['port']}", folder, tmp_path / "settings")
    finally:
        process.terminate()
        process.wait(timeout=30)
        over.set()
        noting.join()


def _note(server: int, watch: Watch, over: threading.Event) -> None:
    """Note every bpftrace that a kernel of the server has attached."""
    while not over.is_set():
        for kernel in children(server):
            for supervisor in children(kernel):
                for tracer in children(supervisor):
                    with suppress(AssertionError, OSError):  # not attached yet, or gone
                        watch(tracer)
        time.sleep(0.1)
