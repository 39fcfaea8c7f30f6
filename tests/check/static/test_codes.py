"""Every code by its own examples: the bad program has it, the good one has not, and the real bpftrace agrees about errors."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import gpttrace.check.static
from gpttrace.check.codes import Code
from gpttrace.check.static import static_findings
from gpttrace.check.static.codes import CODES
from gpttrace.language import Finding, parse
from gpttrace.testing import InstalledBpftrace, require

from .hosts import MEASURED, here, host_with

pytestmark = pytest.mark.kernel
SHOWN = [code for code in CODES if code.bad]
# The real check needs a list of functions or a file that is not everywhere.
NOT_LIVE = {"needs-command", "removed"}


def findings(text: str, version: tuple[int, ...]) -> list[Finding]:
    return [
        each
        for each in static_findings(parse(text), host_with(version))
        if each.code != "probe-type-unavailable"
    ]


@pytest.fixture(autouse=True)
def _kernel() -> None:
    require(here().tracepoint_names() and here().has_types, "needs tracefs and the kernel's types")


@pytest.mark.parametrize("code", SHOWN, ids=lambda code: code.name)
def test_the_bad_example_of_a_code_has_it(code: Code) -> None:
    found = {each.code for version in MEASURED for each in findings(code.bad, version)}
    assert code.name in found


@pytest.mark.parametrize("code", SHOWN, ids=lambda code: code.name)
@pytest.mark.parametrize("version", MEASURED, ids=str)
def test_the_good_example_has_not_and_no_error_either(code: Code, version: tuple[int, ...]) -> None:
    found = findings(code.good, version)
    assert code.name not in {each.code for each in found}
    # A config block has no form that 0.17 takes.
    assert [e.message for e in found if e.severity == "error" and e.code != "needs-newer-bpftrace"] == []


def test_every_code_that_is_reported_is_listed_once() -> None:
    room = Path(gpttrace.check.static.__file__).parent
    text = "".join(path.read_text() for path in room.glob("*.py"))
    reported = set(re.findall(r'"(?:error|warning|information|hint)",\s*"([a-z]+(?:-[a-z]+)+)"', text))
    names = [code.name for code in CODES]
    assert len(names) == len(set(names))
    assert reported <= set(names)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_a_code_says_why_in_whole_sentences_and_shows_both_sides(code: Code) -> None:
    assert code.why.endswith(".")
    assert not code.title.endswith(".")
    assert bool(code.bad) == bool(code.good)
    assert parse(code.good).ok


@pytest.mark.parametrize("code", SHOWN, ids=lambda code: code.name)
@pytest.mark.parametrize("version", MEASURED, ids=str)
def test_a_finding_names_its_thing_and_says_what_to_do(code: Code, version: tuple[int, ...]) -> None:
    for each in findings(code.bad, version):
        if each.source == "gpttrace" and each.code == code.name:
            assert not each.message.endswith(".")
            assert each.hint or each.severity in ("information", "hint")
            assert 0 <= each.start < each.end <= len(code.bad)


def test_bpftrace_refuses_the_examples_that_we_call_errors_and_compiles_their_cures(
    any_bpftrace: InstalledBpftrace,
) -> None:
    wrong = []
    for code in SHOWN:
        if code.name in NOT_LIVE:
            continue
        found = [each for each in findings(code.bad, any_bpftrace.version) if each.severity == "error"]
        if found and compiles(any_bpftrace, code.bad):
            wrong.append(f"{code.name}: compiles what is called an error")
        mended = not any(each.severity == "error" for each in findings(code.good, any_bpftrace.version))
        if found and mended and not compiles(any_bpftrace, code.good):
            wrong.append(f"{code.name}: refuses the good example")
    assert wrong == []


def compiles(bpftrace: InstalledBpftrace, text: str) -> bool:
    argv = [bpftrace.path, *bpftrace.compile_only, "-"]
    done = subprocess.run(argv, input=text.encode(), capture_output=True, timeout=60, check=False)
    return done.returncode == 0
