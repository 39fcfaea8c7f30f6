"""Against what the real bpftraces said: no error for a program that a version accepts, an error for nearly all that it refuses.

`data/measured.json` holds 1,500 programs of our own with the versions (0.17.0, 0.23.2, 0.27.1) that compiled them on Linux 6.18.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpttrace.check.static import static_findings
from gpttrace.language import parse
from gpttrace.testing import installed_bpftraces, require

from .hosts import MEASURED, here, host_with

pytestmark = pytest.mark.kernel
HERE = Path(__file__).parent
PROGRAMS = json.loads((HERE / "data/measured.json").read_text())
ACCEPTED = json.loads((HERE.parents[1] / "language/data/accepted.json").read_text())
# Depends on this kernel, where the measurement gave 0.27 a list of functions.
# So do the files that programs name (/usr/bin/python3.11).
OF_THE_KERNEL = ("probe-type-unavailable", "missing-file")
# These compile (what was measured) and are refused when they attach: "Probe does not exist".
REFUSED_LATER = ("rawtracepoint:nosuch { }", "rawtracepoint:nosuch* { }")


def errors(text: str, version: tuple[int, ...]) -> list[str]:
    return [
        f"{finding.code}: {finding.message}"
        for finding in static_findings(parse(text), host_with(version))
        if finding.severity == "error" and finding.code not in OF_THE_KERNEL
    ]


def short(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version[:2]))


def whole(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


@pytest.fixture(autouse=True)
def _kernel() -> None:
    require(here().tracepoint_names() and here().has_types, "needs tracefs and the kernel's types")


@pytest.mark.parametrize("version", MEASURED, ids=short)
def test_a_program_that_a_version_compiled_has_no_error(version: tuple[int, ...]) -> None:
    wrong = {
        each["program"]: found
        for each in PROGRAMS
        if short(version) in each["accepted_by"]
        and each["program"] not in REFUSED_LATER
        and (found := errors(each["program"], version))
    }
    assert wrong == {}


@pytest.mark.parametrize("version", MEASURED, ids=short)
def test_what_a_version_refused_has_an_error_nearly_always(version: tuple[int, ...]) -> None:
    refused = [each["program"] for each in PROGRAMS if short(version) not in each["accepted_by"]]
    found = sum(bool(errors(text, version)) for text in refused)
    assert len(refused) > 400
    assert found / len(refused) > 0.88


@pytest.mark.parametrize("version", MEASURED, ids=short)
def test_what_the_parser_was_measured_with_has_no_error_either(version: tuple[int, ...]) -> None:
    mine = [each["program"] for each in ACCEPTED if whole(version) in each["accepted_by"]]
    assert len(mine) > 50
    assert {text: found for text in mine if (found := errors(text, version))} == {}


@pytest.mark.parametrize(
    "release",
    [
        "host",
        pytest.param("trixie", marks=pytest.mark.versions),
        pytest.param("sid", marks=pytest.mark.versions),
    ],
)
def test_the_tools_that_come_with_a_bpftrace_have_no_error(release: str) -> None:
    bpftrace = next((each for each in installed_bpftraces() if each.release == release), None)
    require(bpftrace, f"the bpftrace of {release} is not installed")
    assert bpftrace is not None
    folders = (bpftrace.root / "usr/sbin", bpftrace.root / "usr/share/bpftrace/tools")
    tools = [tool for folder in folders for tool in folder.glob("*.bt")]
    assert len(tools) > 30
    wrong = {tool.name: found for tool in tools if (found := errors(tool.read_text(), bpftrace.version))}
    assert wrong == {}


def test_the_tools_have_few_remarks_of_any_kind() -> None:
    bpftrace = installed_bpftraces()[0]
    tools = sorted((bpftrace.root / "usr/sbin").glob("*.bt"))
    remarks = [
        finding
        for tool in tools
        for finding in static_findings(parse(tool.read_text()), host_with(bpftrace.version))
        if finding.code not in OF_THE_KERNEL
    ]
    assert len(remarks) <= len(tools) / 4
