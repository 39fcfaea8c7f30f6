"""Runs of examples, two at a time: each workload's process has a name of its own, so that no check sees the events of another."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from threading import Lock

import pytest
from tests.corpus.checks import read_check
from tests.corpus.versions import arguments

from gpttrace import sync
from gpttrace.check.policy import load_policy
from gpttrace.index.header import Example
from gpttrace.settings import Settings
from gpttrace.trace import Limits, Result, Table

ATTACHED = 0.3  # seconds that a program without a workload is left to run
REFUSED = "ended with exit status 5"  # of a workload that cannot work on a machine
# The only workloads that may find that they cannot act here, and why; all others must.
MAY_REFUSE = {"oom-in-cgroup": "the cgroups of this machine cannot limit memory"}


class Runs:
    """The runs of examples, in the order in which they were asked for."""

    def __init__(self, folder: Path, examples: Sequence[Example], together: int = 2) -> None:
        self._settings = Settings(None, folder / "state", folder / "cache")
        self._pool = ThreadPoolExecutor(together)
        self._in_library = Lock()
        self._outcomes = {
            example.name: self._pool.submit(self._run, example, number)
            for number, example in enumerate(examples)
        }

    def outcome(self, example: Example) -> tuple[Result, list[str]]:
        """Wait for an example's run; return its result, and the checks that do not hold with what was found."""
        future: Future[tuple[Result, list[str]]] = self._outcomes[example.name]
        return future.result()

    def close(self) -> None:
        """Start no further run, and wait for those that run."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, example: Example, number: int) -> tuple[Result, list[str]]:
        acts = acts_of(example, number)
        # Two traces of the library that bpftrace itself uses slow each other down.
        with self._in_library if "uprobe" in example.needs else nullcontext():
            return self._result(example, acts)

    def _result(self, example: Example, acts: Mapping[tuple[str, int], str]) -> tuple[Result, list[str]]:
        result = self._traced(example, acts)
        if result.status == "tool_error" and "crashed" in result.reason:
            result = self._traced(
                example, acts
            )  # 0.17 was seen to abort once, on a busy machine; twice is a fault
        return result, wrong_checks(example, acts, result.tables)

    def _traced(self, example: Example, acts: Mapping[tuple[str, int], str]) -> Result:
        return sync.run(
            program_of(example),
            limits=Limits(seconds=30 if acts else ATTACHED, grace=20),
            command=[sys.executable, *command_of(acts)] if acts else (),
            settings=self._settings,
            policy=load_policy(self._settings),
            approved=True,
            keep=False,
        )


def acts_of(example: Example, number: int = 0) -> dict[tuple[str, int], str]:
    """Return the workloads of an example's checks, with their times, and how the process of each is called."""
    checks = [read_check(line) for line in example.checks]
    acts = dict.fromkeys((check.workload, check.times) for check in checks)
    return {act: f"canary-{number}-{place}" for place, act in enumerate(acts)}


def command_of(acts: Mapping[tuple[str, int], str]) -> list[str]:
    """Return what Python is to be started with for workloads to act at once."""
    words = [word for (name, times), called in acts.items() for word in (f"{name}:{called}", str(times))]
    return ["-m", "gpttrace_corpus.workloads", *words, "--now"]


def wrong_checks(example: Example, acts: Mapping[tuple[str, int], str], tables: Sequence[Table]) -> list[str]:
    """Return the checks of an example that do not hold, with what was found."""
    checks = [read_check(line) for line in example.checks]
    said = [check.wrong(tables, acts[check.workload, check.times]) for check in checks]
    return [each for each in said if each is not None]


def program_of(example: Example) -> str:
    """Return the example's program with a number for its argument."""
    return example.program.replace("$1", "".join(arguments(example)) or "$1")


def asked_for(request: pytest.FixtureRequest, parameter: str) -> list[object]:
    """Return the values of a parameter in the tests of this session that use the requested fixture."""
    return [
        item.callspec.params[parameter]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and request.fixturename in item.fixturenames
        and item.path == request.path
    ]
