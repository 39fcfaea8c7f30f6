"""The laboratory for tests: one running machine for each release, booted when the first test wants it and shared by all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conftest import leave_out
from tests.corpus import report
from tests.kernels.lab import RELEASES, Vm, missing

from gpttrace.testing import require


class Laboratory:
    """The machines that were asked for, running."""

    def __init__(self) -> None:
        self._running: dict[str, Vm] = {}

    def machine(self, release: str) -> Vm:
        """Return the machine of a release; skip, or fail where the kernel is required, when it cannot be had."""
        reason = missing(release)
        require(reason is None, str(reason))
        if release not in self._running:
            self._running[release] = Vm(release)
        return self._running[release]

    def close(self) -> None:
        """End every machine."""
        for machine in self._running.values():
            machine.close()


@pytest.fixture(scope="session")
def laboratory() -> Iterator[Laboratory]:
    """The machines of this session."""
    laboratory = Laboratory()
    yield laboratory
    laboratory.close()


@pytest.fixture(params=[pytest.param(release, marks=pytest.mark.vm) for release in RELEASES])
def vm(request: pytest.FixtureRequest, laboratory: Laboratory) -> Vm:
    """Each of the machines in turn."""
    return laboratory.machine(request.param)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the machines out unless they are asked for (`-m vm`): they take minutes."""
    # The tests of the corpus come last: they load modules into the machine, and others look at one without them.
    items.sort(key=lambda item: item.path.parent.name == "kernels" and item.path.name == "test_corpus.py")
    if "vm" not in str(config.option.markexpr):
        leave_out(config, items, "vm")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was done with the examples and canaries of the corpus."""
    report.write(terminalreporter)
