"""The corpus, read once, and the table of what was done with its examples."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.corpus import report

import gpttrace_corpus
from gpttrace.host import Host
from gpttrace.index.header import Example, read_example

FOLDER = Path(gpttrace_corpus.__file__).parent / "examples"


def examples() -> list[Example]:
    """Return every example of the corpus."""
    paths = sorted(FOLDER.glob("*.bt"))
    return [read_example(path.stem, str(path), path.read_text(encoding="utf-8"), "corpus") for path in paths]


@pytest.fixture(scope="session")
def this_host() -> Host:
    """This machine."""
    return Host.local()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was done with each example and each canary."""
    report.write(terminalreporter)
