"""Checking one program: own parser and rules, the policy, then bpftrace, then the kernel's verifier, as far as was asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from gpttrace.check.policy import DEFAULT, Policy, judge
from gpttrace.check.report import LEVELS, Level, Report, Step
from gpttrace.check.static import studied_findings
from gpttrace.check.static.study import Study
from gpttrace.errors import Unavailable
from gpttrace.host import Bpftrace, Host, find_bpftrace
from gpttrace.language import Finding, Program, parse
from gpttrace.settings import Settings
from gpttrace.spec.model import TraceSpec

# Steps done, steps at most, and what is being done; for what takes long enough to be watched.
Progress = Callable[[int, int, str], None]


def check_static(program: str | Program, host: Host | None, policy: Policy = DEFAULT) -> Report:
    """Check a program without starting anything: syntax, names, types, habits, policy. About a millisecond."""
    tree = parse(program) if isinstance(program, str) else program
    # What may change the machine is the policy's to say.
    return check_studied(Study(tree, host, unsafe=True), policy)


def check_studied(study: Study, policy: Policy = DEFAULT) -> Report:
    """Check a program as `check_static` does, for whoever goes on asking the study about it."""
    began = time.monotonic()
    tree = study.program
    found = studied_findings(study)
    verdict = judge(tree, policy, study.host)
    # What is no attach point at all need not also be told that its rate is not allowed.
    wrong = {(each.start, each.end) for each in found if each.severity == "error"}
    said = [each for each in verdict.findings if (each.start, each.end) not in wrong]
    step = Step("static", True, "own parser", took=time.monotonic() - began)
    return Report(tree, _ordered([*found, *said]), verdict, (step,))


async def check(
    program: str | Program,
    *,
    host: Host | None = None,
    level: Level = "compile",
    policy: Policy = DEFAULT,
    file: Path | None = None,
    asked: TraceSpec | None = None,
    bisect: bool = False,
    progress: Progress | None = None,
    settings: Settings | None = None,
) -> Report:
    """Check a program for a host up to a tier; a tier that cannot be done says why and takes nothing from the others.

    `asked` is what the program is meant to show: then its meaning is held against that.

    What the policy denies reaches no bpftrace; what does not compile reaches no verifier. `bisect` looks for the statement that
    the verifier refuses, which takes several loads. Never raises for what is wrong with the program.
    """
    settings = settings or Settings.load()
    host = host or Host.local(settings)
    report = check_static(program, host, policy)
    if level == "static":
        return report
    from gpttrace.check.meant import meaning_step  # the solver is not for what is only typed

    step, meant = meaning_step(report.program, host, asked, report.findings)
    report = _with(report, step, [*report.findings, *meant])
    if level == "meaning":
        return report
    from gpttrace.check.compiler import compile_findings, merge  # what is only typed needs neither
    from gpttrace.check.loader import load_findings

    if (why := _not_to_compile(report)) is not None:
        return _with(report, Step("compile", False, why=why))
    tool = tool_for(host, settings)
    path = tool.path if tool else None
    compiled = await compile_findings(
        report.program, host, file=file, unsafe=policy.unsafe, tool=path, settings=settings
    )
    how = f"bpftrace {tool.version_text}, {compiled.ran}" if tool else compiled.ran
    step = Step("compile", compiled.ran != "none", how, compiled.why or "", compiled.took)
    report = _with(
        report,
        step,
        merge(list(report.findings), without_echo(report.program, report.findings, compiled.findings)),
        compiled.log,
    )
    if level == "compile":
        return report
    if (why := _not_to_load(report, step, host)) is not None:
        return _with(report, Step("load", False, why=why))
    loaded = await load_findings(
        report.program, host, file=file, bisect=bisect, progress=progress, settings=settings
    )
    step = Step("load", loaded.ran != "none", loaded.ran, loaded.why or "", loaded.took)
    whole = _with(report, step, [*report.findings, *loaded.findings], loaded.log or report.log)
    return replace(whole, probes=loaded.verdicts)


def _not_to_compile(report: Report) -> str | None:
    if not report.program.ok:
        return "bpftrace stops at the syntax errors above"
    if report.policy.allowed == "no":
        return "what the policy denies is not given to bpftrace"
    return None


def without_echo(program: Program, said: Sequence[Finding], compiled: Sequence[Finding]) -> list[Finding]:
    """Leave out what bpftrace says of each name of a kind that does not work there at all: that was said once."""
    lost = {(each.start, each.end) for each in said if each.code == "probe-type-unavailable"}
    points = [point for probe in program.probes for point in probe.points]
    kinds = {point.kind for point in points if (point.start, point.end) in lost}
    echo = {(point.start, point.end) for point in points if point.kind in kinds} - lost
    return [
        each for each in compiled if each.code != "unknown-probe-name" or (each.start, each.end) not in echo
    ]


def _not_to_load(report: Report, compiled: Step, host: Host) -> str | None:
    if host.saved:
        return "a host file has no kernel to load into"
    if not compiled.done:
        return compiled.why
    return None if report.ok else "it does not compile"


def tool_for(host: Host, settings: Settings) -> Bpftrace | None:
    """Return the bpftrace that compiles programs for a host: its own, or this machine's for a host file; None without one."""
    if not host.saved:
        return host.tool
    try:
        return find_bpftrace(settings)
    except Unavailable:
        return None


def _with(report: Report, step: Step, findings: list[Finding] | None = None, log: str = "") -> Report:
    found = report.findings if findings is None else _ordered(findings)
    return Report(report.program, found, report.policy, (*report.steps, step), log or report.log)


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda each: (each.start, each.end, each.severity != "error")))


__all__ = ["LEVELS", "Progress", "check", "check_static", "check_studied", "tool_for", "without_echo"]
