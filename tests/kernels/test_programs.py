"""A host file of a machine lets this machine say which programs are wrong there, and why; the machine's bpftrace agrees.

`programs.toml` holds the claims. Here the checker is asked, with nothing but the host file; there bpftrace attaches each program,
or does not.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from tests.kernels.conftest import Laboratory
from tests.kernels.lab import RELEASES, Answer, Vm

from gpttrace.check.whole import check_static
from gpttrace.host import Host
from gpttrace.language import Finding

END = " interval:ms:200 { exit(); }"
# bpftrace before 0.24 warns of it and returns 0, so it is a warning; the program is wrong all the same.
AS_BAD_AS_ERRORS = {"nothing-attaches"}


@dataclass(frozen=True)
class Claim:
    """A program, and the machines where it is wrong with the word that must be said about it."""

    name: str
    text: str
    wrong: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


CLAIMS = [
    Claim(**each)
    for each in tomllib.loads(Path(__file__).with_name("programs.toml").read_text(encoding="utf-8"))[
        "program"
    ]
]


@pytest.fixture(scope="module")
def hosts(laboratory: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Host]:
    """What this machine knows of the others: each is saved there and brought here once."""
    folder = tmp_path_factory.mktemp("hosts")
    return cache(lambda release: bring_out(laboratory.machine(release), folder / release))


@pytest.fixture
def host(vm: Vm, hosts: Callable[[str], Host]) -> Host:
    """The machine as its host file describes it."""
    return hosts(vm.release)


def bring_out(vm: Vm, path: Path) -> Host:
    """Save the host in a machine and load it here."""
    assert vm.run("gpttrace", "host", "save", "/tmp/saved.host").exit == 0
    path.write_bytes(vm.run("cat", "/tmp/saved.host").raw)
    return Host.load(path)


def condemned(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings that say that a program is wrong, not only that it could be better."""
    return [each for each in findings if each.severity == "error" or each.code in AS_BAD_AS_ERRORS]


def attached(answer: Answer) -> bool:
    """Tell whether every attach point of the program, and not only our own, was attached."""
    count = re.search(r"Attach(?:ing|ed) (\d+) probes", answer.stdout + answer.stderr)
    return answer.exit == 0 and count is not None and "could not attach" not in answer.stderr


def test_half_of_the_programs_are_wrong_somewhere() -> None:
    for release in RELEASES:
        assert len(CLAIMS) * 0.4 < sum(release in claim.wrong for claim in CLAIMS) < len(CLAIMS) * 0.7


def test_a_host_file_is_the_machine_that_it_was_saved_on(vm: Vm, host: Host) -> None:
    assert host.kernel == vm.run("uname", "-r").stdout.strip()
    assert vm.run("bpftrace", "--version").stdout == f"bpftrace v{'.'.join(map(str, host.version))}\n"
    assert (host.works("kprobe"), host.works("fentry"), host.works("hardware")) == (True, True, False)
    listed = vm.run("bpftrace", "-l", "kprobe:vfs_re*").stdout.split()
    assert [f"kprobe:{name}" for name in host.match("kprobe", "vfs_re*")] == sorted(listed)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_this_machine_says_what_is_wrong_on_the_other(vm: Vm, claim: Claim, host: Host) -> None:
    found = condemned(check_static(claim.text, host).findings)

    assert bool(found) == (vm.release in claim.wrong), found
    if found:
        assert any(claim.wrong[vm.release] in f"{each.message} {each.hint}" for each in found), found


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_the_machine_agrees(vm: Vm, claim: Claim) -> None:
    answer = vm.run("bpftrace", "-e", claim.text + END)

    assert attached(answer) == (vm.release not in claim.wrong), answer
