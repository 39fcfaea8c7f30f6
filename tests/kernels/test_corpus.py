"""The corpus on other kernels: which hooks of the catalogue each has, and the examples and canaries that this kernel cannot run.

Each example that no bpftrace or hook here can show runs on one of the machines, and is compiled on each that it claims.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.bundles import bundle
from tests.corpus import acting, report
from tests.corpus.canaries import Watched, called_in, numbers_in, program_of, watched, words_of, wrong_count
from tests.corpus.confirmed import confirmed, label, recorded
from tests.corpus.conftest import examples
from tests.corpus.running import MAY_REFUSE, acts_of, command_of, wrong_checks
from tests.corpus.running import program_of as program_of_example
from tests.corpus.versions import absent, claims
from tests.kernels.conftest import Laboratory
from tests.kernels.lab import RELEASES, Vm
from tests.kernels.modules import host_with_modules
from tests.kernels.test_programs import attached

from gpttrace.host import Host
from gpttrace.index.header import Example
from gpttrace.trace import Table
from gpttrace.trace.table import Column

pytestmark = pytest.mark.timeout(600)  # an emulated machine is slow, and others may use the processors
HERE = Host.local()
LEFT = [each for each in examples() if not claims(each, HERE.version) or absent(each, HERE)]
END = " interval:ms:300 { exit(); }"
VERSIONS = {"bookworm": (0, 17), "trixie": (0, 23), "sid": (0, 27)}
COMPILE_ONLY = {"bookworm": "--test codegen", "trixie": "--test codegen", "sid": "--mode codegen"}
WRITE = "import json, sys; [open(n, 'w').write(t) for n, t in json.load(sys.stdin).items()]"
# Each of a bundle is only compiled for itself when the bundle is refused: what takes long is to start an emulated bpftrace.
COMPILE = """for all in *.all; do bpftrace {0} $all >out 2>&1 || for f in ${{all%.all}}.*.bt; do
bpftrace {0} $f >out 2>&1 || {{ echo $f; tail -n 5 out; }}; done; done"""
BUNDLE = 8
ALONE = re.compile(r"^(?:config|macro|import|struct|union|enum|fn|#(?!!))", re.MULTILINE)
PATIENTLY = """
import json, sys
from gpttrace.sync import run
from gpttrace.trace import Limits
limits = Limits(seconds=100, grace=60)
print(json.dumps(run(sys.argv[1], command=sys.argv[2:], limits=limits, approved=True).to_json()))
"""
# A program takes twice as long on sid, so it gets fewer of them.
TURNS = ("bookworm", "trixie", "bookworm", "trixie", "sid")


def _shared_out() -> dict[str, list[Example]]:
    given: dict[str, list[Example]] = {release: [] for release in RELEASES}
    for number, example in enumerate(LEFT):
        turns = [TURNS[(number + later) % len(TURNS)] for later in range(len(TURNS))]
        given[next(release for release in turns if claims(example, VERSIONS[release]))].append(example)
    return given


SHARES = _shared_out()
ASSIGNED = [
    pytest.param(release, example, marks=pytest.mark.vm, id=f"{release}-{example.name}")
    for release, theirs in SHARES.items()
    for example in theirs
]


@pytest.fixture(scope="module")
def loaded(laboratory: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Host]:
    """What this machine knows of the others when the modules of the catalogue are loaded there."""
    folder = tmp_path_factory.mktemp("loaded")
    return cache(lambda release: host_with_modules(laboratory.machine(release), folder / release))


def test_a_kernel_has_the_hooks_that_it_is_said_to_have(vm: Vm, loaded: Callable[[str], Host]) -> None:
    host = loaded(vm.release)
    kernel = label(host.kernel)

    found = confirmed({kernel: host}, kernel)

    said = {event: [kernel in hook for hook in hooks] for event, hooks in recorded().items()}
    assert {event: [kernel in hook for hook in hooks] for event, hooks in found.items()} == said


@pytest.mark.parametrize(("release", "example"), ASSIGNED)
def test_an_example_that_cannot_run_here_runs_there(
    release: str, example: Example, laboratory: Laboratory, loaded: Callable[[str], Host]
) -> None:
    assert absent(example, loaded(release)) == []
    report.compiled(example.name, _short(VERSIONS[release]))
    machine, program = laboratory.machine(release), program_of_example(example)
    if example.checks:
        acts = acts_of(example)
        assert wrong_checks(example, acts, traced(machine, program, ["python3", *command_of(acts)])) == []
        report.ran(example.name, f"checked on {release}")
    else:
        answer = machine.run("bpftrace", "-e", program + END, timeout=120)
        assert attached(answer), answer
        report.ran(example.name, f"attached on {release}")


def _short(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def traced(vm: Vm, program: str, command: list[str]) -> tuple[Table, ...]:
    """Run a program in a machine until a command ends there; return its tables.

    A machine without KVM may be too slow to detach within the grace, most of all from what detaching itself calls
    (synchronize_rcu): that is not what these tests are about, so such a run is done once more with a grace that is long.
    """
    result, said = _run(vm, program, command)
    if "did not end within its grace" in result["reason"]:
        result, said = _patient_run(vm, program, command)
    assert (result["status"], result["lost"]) == ("ok", 0), result["reason"]
    assert result["reason"].endswith("exit status 0"), (result["reason"], said)
    return tuple(_table(each) for each in result["tables"])


def _run(vm: Vm, program: str, command: list[str]) -> tuple[dict[str, Any], str]:
    answer = vm.run(
        "gpttrace",
        "run",
        "-e",
        program,
        "--cmd",
        shlex.join(command),
        "--for",
        "100s",
        "--yes",
        "--json",
        timeout=260,
    )
    assert answer.exit == 0, answer
    result: dict[str, Any] = json.loads(answer.stdout)["result"]
    return result, answer.stderr


def _patient_run(vm: Vm, program: str, command: list[str]) -> tuple[dict[str, Any], str]:
    answer = vm.run("python3", "-c", PATIENTLY, program, *command, timeout=400)
    assert answer.exit == 0, answer
    return json.loads(answer.stdout), answer.stderr


def _table(said: dict[str, Any]) -> Table:
    columns = tuple(Column(**each) for each in said["columns"])
    table = Table(said["name"], said["kind"], columns)
    table.extend(said["rows"])
    return table


def test_canaries_that_cannot_be_counted_here_are_counted_there(
    vm: Vm, loaded: Callable[[str], Host]
) -> None:
    left = {each.event.id for each in watched(HERE) if each.layout is None or each.canary.run in MAY_REFUSE}
    there = [each for each in watched(loaded(vm.release)) if each.event.id in left]
    assert [each.event.id for each in there if each.layout is None] == []
    vm.run("sh", "-c", "cat >/tmp/acting.py", stdin=Path(acting.__file__).read_text(encoding="utf-8"))

    wrong = [
        each for by in ("process", "all") for each in _counted(vm, [w for w in there if w.canary.by == by])
    ]

    assert wrong == []
    for each in there:
        report.canary(each.event.id, "counted")


def _counted(vm: Vm, batch: list[Watched]) -> list[str]:
    if not batch:
        return []
    called = called_in(batch)
    command = ["python3", "/tmp/acting.py", "/tmp/refused.json", *words_of(called)]
    numbers = numbers_in(traced(vm, program_of(batch), command), batch, called)
    refused = json.loads(vm.run("cat", "/tmp/refused.json").stdout)
    return [
        *map(str, refused.items()),
        *(said for each in batch if (said := wrong_count(each, numbers)) is not None),
    ]


def _in_bundles(texts: dict[str, str]) -> dict[str, str]:
    """Return files `0.NAME.bt` and their bundles `0.all`; what would change the others is alone in one."""
    alone = [[name] for name, text in texts.items() if ALONE.search(text)]
    rest = [name for name, text in texts.items() if not ALONE.search(text)]
    files: dict[str, str] = {}
    for number, names in enumerate([*alone, *(rest[at : at + BUNDLE] for at in range(0, len(rest), BUNDLE))]):
        files |= {f"{number}.{name}.bt": texts[name] for name in names}
        files[f"{number}.all"] = bundle([texts[name] for name in names])
    return files


def test_the_others_compile_where_they_claim_to(vm: Vm, loaded: Callable[[str], Host]) -> None:
    host, version = loaded(vm.release), VERSIONS[vm.release]
    others = [each for each in LEFT if claims(each, version) and each not in SHARES[vm.release]]
    texts = {each.name: program_of_example(each) for each in others}
    vm.run("mkdir", "-p", "/tmp/examples")
    vm.run("python3", "-c", WRITE, stdin=json.dumps(_in_bundles(texts)), cwd="/tmp/examples")

    said = vm.run("sh", "-c", COMPILE.format(COMPILE_ONLY[vm.release]), timeout=500, cwd="/tmp/examples")

    assert (said.exit, said.stdout) == (0, ""), said
    assert {each.name: absent(each, host) for each in others if absent(each, host)} == {}
    for name in texts:
        report.compiled(name, _short(version))
