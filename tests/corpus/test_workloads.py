"""The workloads as code: each name is one workload, each says what one act of it is."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections import Counter
from pathlib import Path

import gpttrace_corpus.workloads
from gpttrace_corpus.workloads import workloads

# Not in our own process, whose name a test must not touch.
NAMES = """
from pathlib import Path
from gpttrace_corpus.workloads import act, workloads

def show(times):
    for _ in range(3):
        print(Path("/proc/self/comm").read_text())
        yield

workloads()["show"] = show
act("show", 1, called=b"mine")
"""
FOLDER = Path(gpttrace_corpus.workloads.__file__).parent


def test_no_two_workloads_have_one_name() -> None:
    lines = [
        line for path in FOLDER.glob("*.py") if path.name[0] != "_" for line in path.read_text().splitlines()
    ]
    names = Counter(line.partition("(")[0] for line in lines if line.startswith("def ") and line[4] != "_")
    assert [name for name, times in names.items() if times > 1] == []
    assert len(names) == len(workloads())


def test_each_says_what_it_does() -> None:
    assert [
        name
        for name, each in workloads().items()
        if not (inspect.getdoc(each) or "").rstrip(")").endswith(".")
    ] == []


def test_a_process_is_called_as_asked_only_while_it_acts() -> None:
    said = subprocess.run(
        [sys.executable, "-c", NAMES], capture_output=True, text=True, timeout=30, check=True
    )
    before, during, after = said.stdout.split()
    assert (during, before) == ("mine", after)


def test_a_wrong_call_names_the_workloads() -> None:
    argv = [sys.executable, "-m", "gpttrace_corpus.workloads", "no-such", "1"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, "open-file" in done.stderr) == (2, True)
