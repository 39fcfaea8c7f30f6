"""The examples on the running kernel: compiled by each bpftrace that they claim, attached, and held against workloads.

What this kernel has no hooks for is named in the table at the end, and left to the machines of `tests/kernels`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.conftest import bpftrace_of
from tests.corpus import report
from tests.corpus.checks import read_check
from tests.corpus.conftest import examples
from tests.corpus.running import MAY_REFUSE, REFUSED, Runs, asked_for
from tests.corpus.versions import absent, arguments, claims, in_tree, with_bpftrace

from gpttrace.host import Host
from gpttrace.index.header import Example
from gpttrace.testing import TREES, InstalledBpftrace

pytestmark = pytest.mark.kernel

EXAMPLES = examples()
HOST = Host.local()
HERE = [each for each in EXAMPLES if claims(each, HOST.version) and not absent(each, HOST)]


@pytest.mark.timeout(600)
@pytest.mark.versions
@pytest.mark.parametrize("release", TREES)
def test_every_example_compiles_on_each_version_that_it_claims(release: str) -> None:
    # That it compiles with the version of this machine is seen where it runs.
    installed = bpftrace_of(release)
    host = with_bpftrace(HOST, installed.version, installed.path)
    wanted = [
        each
        for each in EXAMPLES
        if claims(each, installed.version) and not absent(each, host) and in_tree(each, installed.root)
    ]
    folder = installed.root / f"tmp/gpttrace-corpus-{os.getpid()}"
    folder.mkdir()
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            said = dict(pool.map(lambda each: _compiled(installed, folder, each), wanted))
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    for name, error in said.items():
        if not error:
            report.compiled(name, _short(installed.version))
    assert {name: text for name, text in said.items() if text} == {}
    assert len(wanted) >= 300


def _compiled(installed: InstalledBpftrace, folder: Path, example: Example) -> tuple[str, str]:
    (folder / f"{example.name}.bt").write_text(example.program)
    path = f"/tmp/{folder.name}/{example.name}.bt"
    argv = [installed.path, *installed.compile_only, path, *arguments(example)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    return example.name, "" if done.returncode == 0 else done.stderr[-600:] or f"status {done.returncode}"


def _short(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version[:2]))


# ------------------------------------------------------------------------------------------------ runs


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The runs of all examples that this session wants, already under way."""
    bpftrace_of("host")
    wanted = [each for each in asked_for(request, "example") if isinstance(each, Example)]
    runs = Runs(tmp_path_factory.mktemp("runs"), wanted)
    yield runs
    runs.close()


@pytest.mark.parametrize("example", HERE, ids=lambda each: each.name)
def test_it_runs_and_its_numbers_are_right(example: Example, runs: Runs) -> None:
    result, wrong = runs.outcome(example)

    if REFUSED in result.reason:
        reasons = {MAY_REFUSE.get(read_check(line).workload) for line in example.checks} - {None}
        assert reasons, result.reason
        report.ran(example.name, f"{report.MACHINE}: {', '.join(map(str, reasons))}")
        return
    assert result.status == "ok" if example.checks else result.status in ("ok", "time_limit"), result.reason
    assert wrong == []
    report.compiled(example.name, _short(HOST.version))
    report.ran(example.name, "checked" if example.checks else "attached")


def test_enough_examples_run_here() -> None:
    for example in EXAMPLES:
        if example not in HERE:
            lacking = absent(example, HOST)
            why = f"no {lacking[0]} here" if lacking else f"bpftrace {example.versions} and newer"
            report.ran(example.name, f"{report.MACHINE}: {why}")
    assert len(HERE) >= 300
    assert sum(bool(each.checks) for each in HERE) >= 150
