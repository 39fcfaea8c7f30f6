"""Real front ends: JupyterLab and Notebook 7 in Chromium, light and dark, and papermill with parameters.

Screenshots go to the folder of `GPTTRACE_SCREENSHOTS`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tests.jupyter.browser.conftest import TOKEN, Server

pytestmark = [
    pytest.mark.tools,
    pytest.mark.kernel,
    pytest.mark.usefixtures("host_bpftrace"),
    pytest.mark.timeout(600),  # the first time pip fetches what is needed
]
DRIVER = Path(__file__).with_name("drive.py")
HOSTILE = "<x-name>'\"&"
WORKER = """import os, sys, time
with open("/proc/self/comm", "w") as name:
    name.write(sys.argv[1])
while True:
    os.getppid()
    time.sleep(0.01)
"""


@pytest.fixture
def worker() -> Iterator[int]:
    """The pid of a process that calls getppid(2) about a hundred times a second, under a name that is markup."""
    with subprocess.Popen([sys.executable, "-c", WORKER, HOSTILE]) as process:
        yield process.pid
        process.kill()


def write(path: Path, cells: list[str], **tags: list[str]) -> None:
    """Write a notebook of these code cells; `tags` are for the cell of that name (`c1` is the second)."""
    made: Any = nbformat.v4  # not typed
    new = [made.new_code_cell(each, id=f"c{number}") for number, each in enumerate(cells)]
    for cell in new:
        if cell["id"] in tags:
            cell["metadata"]["tags"] = tags[cell["id"]]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    written: Any = made.new_notebook(cells=new, metadata={"kernelspec": kernel})
    to: Any = nbformat.write
    to(written, path)


def cells_for(pid: int) -> list[str]:
    """What the driver presses its way through."""
    call = f"tracepoint:syscalls:sys_enter_getppid /pid == {pid}/"
    return [
        "%load_ext gpttrace_jupyter",
        f"%%gpttrace --for 100s -o calls\n{call} {{ @calls[comm] = count(); @gap = hist(nsecs % 1000); }}",
        "calls",
        "calls.gpttrace.plot()",
        "%%gpttrace\n\nBEGIN { @a = cnt(); }",
        "%%gpttrace\ntracepoint:syscalls:sys_enter_openat",
        f"%%gpttrace --for 2s --plot flame --quiet -o stacks\n{call} {{ @[kstack, ustack] = count(); }}",
    ]


@pytest.mark.parametrize(
    ("page", "dark"), [("lab/tree", False), ("notebooks", True)], ids=["lab", "notebook"]
)
def test_a_person_watches_a_trace_stops_it_and_has_the_result(
    page: str, dark: bool, server: Server, tools: str, chromium: str, screenshots: Path, worker: int
) -> None:
    write(server.folder / "t.ipynb", cells_for(worker))
    if dark:
        server.dark()
    prefix = screenshots / page.partition("/")[0]
    done = subprocess.run(
        [tools, str(DRIVER), f"{server.url}/{page}/t.ipynb?token={TOKEN}", chromium, str(prefix)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert len(set(seen["states"])) == 4, seen
    assert all(HOSTILE in each for each in seen["states"])
    assert "it was stopped on request" in seen["stopped"]
    assert HOSTILE in seen["frame"]
    assert int(seen["frame"].split()[-1]) > 10
    assert seen["pictures"] == 1
    assert "cell:3:14: error" in seen["mistake"]
    assert "Traceback" not in seen["mistake"]
    above, mark = seen["mark"].split("\n")[:2]
    assert above[mark.index("^") :].startswith("cnt()")
    assert "tracepoint:syscalls:sys_enter_openat" in seen["offered"]
    assert seen["boxes"] > 3
    assert (seen["wide"], seen["markup"]) == (0, 0)


def test_papermill_runs_a_notebook_with_parameters(
    tools: str, surroundings: dict[str, str], tmp_path: Path
) -> None:
    cells = [
        "number = 1",
        "%load_ext gpttrace_jupyter",
        "%%gpttrace --for 1s -o begun\nBEGIN { @begun = {{number}}; }",
        "int(begun.iloc[0, 0])",
    ]
    write(tmp_path / "in.ipynb", cells, c0=["parameters"])
    command = [tools, "-m", "papermill", "--no-progress-bar", "in.ipynb", "out.ipynb", "-p", "number", "42"]
    done = subprocess.run(
        command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    read: Any = nbformat.read
    written = read(tmp_path / "out.ipynb", as_version=4)
    assert written.cells[-1].outputs[0]["data"]["text/plain"] == "42"
    assert "the time limit of 1 s was reached" in str(written.cells[-2].outputs)
