"""The examples on the running kernel: compiled by each bpftrace that they claim, attached, and held against workloads.

What this kernel has no hooks for is named at the end and is left to the machines of the laboratory (`tests/kernels`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.corpus.checks import read_check
from tests.corpus.conftest import examples

from gpttrace import sync
from gpttrace.check.policy import load_policy
from gpttrace.host import Host
from gpttrace.index.header import Example
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace import Limits

pytestmark = pytest.mark.kernel

EXAMPLES = examples()
ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(900)
def test_every_example_compiles_on_each_version_that_it_claims(any_bpftrace: InstalledBpftrace) -> None:
    least, _, most = "", "", ""
    wanted = []
    for example in EXAMPLES:
        least, _, most = example.versions.partition("-")
        version = any_bpftrace.version[:2]
        if _numbers(least) <= version and (not most or version <= _numbers(most)):
            wanted.append(example)
    folder = any_bpftrace.root / f"tmp/gpttrace-corpus-{os.getpid()}"
    folder.mkdir()
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            said = list(pool.map(lambda each: _compiled(any_bpftrace, folder, each), wanted))
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    assert len(wanted) >= 250
    assert {name: text for name, text in said if text} == {}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _compiled(installed: InstalledBpftrace, folder: Path, example: Example) -> tuple[str, str]:
    (folder / f"{example.name}.bt").write_text(example.program)
    argv = [
        installed.path,
        *installed.compile_only,
        f"/tmp/{folder.name}/{example.name}.bt",
        *_arguments(example),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == 0 or _is_lacking(done.stderr, example):
        return example.name, ""
    return example.name, done.stderr[-600:]


def _arguments(example: Example) -> list[str]:
    return ["1"] if any(need.startswith("argument") for need in example.needs) else []


def _is_lacking(text: str, example: Example) -> bool:
    # The compiler already refuses hooks that this kernel does not have; that they compile is seen in the laboratory.
    functions = {"kprobe", "kretprobe", "fentry", "iter"} & set(example.needs)
    foreign = any(need.startswith(("module", "program", "library", "kernel")) for need in example.needs)
    return bool(functions or foreign) and any(
        word in text
        for word in (
            "not available",
            "not exist",
            "not found",
            "No probes",
            "no probe",
            "not supported",
            "No BTF",
            "Couldn't",
            "could not",
            "Unable to",
            "unable to",
            "kfunc",
            "fentry",
            "iter",
        )
    )


# ------------------------------------------------------------------------------------------------ runs


def _runnable(example: Example, host: Host) -> bool:
    if any(need.startswith("argument") for need in example.needs):
        return False
    return all(any(host.has_point(point) is not False for point in group) for group in example.groups)


HOST = Host.local()
CHECKED = [each for each in EXAMPLES if each.checks and _runnable(each, HOST)]
OTHERS = [each for each in EXAMPLES if not each.checks and _runnable(each, HOST)]


@pytest.mark.parametrize("example", CHECKED, ids=lambda each: each.name)
def test_its_numbers_are_right(example: Example, tmp_path: Path) -> None:
    checks = [read_check(line) for line in example.checks]
    acts = dict.fromkeys((check.workload, str(check.times)) for check in checks)
    command = [
        sys.executable,
        "-m",
        "gpttrace_corpus.workloads",
        *(word for act in acts for word in act),
        "--now",
    ]
    settings = Settings(None, tmp_path / "state", tmp_path / "cache")

    result = sync.run(
        example.program,
        limits=Limits(seconds=30),
        command=command,
        settings=settings,
        policy=load_policy(settings),
        approved=True,
    )

    assert result.status == "ok", result.reason
    if "exit status 5" in result.reason:
        pytest.skip(f"the workload cannot work here: {result.reason}")
    wrong = [
        (line, check.found_in(result))
        for line, check in zip(example.checks, checks, strict=True)
        if not check.holds(result)
    ]
    assert wrong == []


@pytest.mark.parametrize("example", OTHERS, ids=lambda each: each.name)
def test_it_attaches_and_ends(example: Example, tmp_path: Path) -> None:
    settings = Settings(None, tmp_path / "state", tmp_path / "cache")

    result = sync.run(
        example.program,
        limits=Limits(seconds=0.3),
        settings=settings,
        policy=load_policy(settings),
        approved=True,
    )

    assert result.status in ("time_limit", "ok"), (result.status, result.reason)


def test_enough_examples_run_here() -> None:
    print(
        f"{len(CHECKED)} checked, {len(OTHERS)} attached, {len(EXAMPLES) - len(CHECKED) - len(OTHERS)} left to other kernels"
    )
    assert len(CHECKED) >= 100
    assert len(CHECKED) + len(OTHERS) >= 220
