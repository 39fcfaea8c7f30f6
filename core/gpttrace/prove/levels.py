"""The whole ladder for one program: what `check` does up to the verifier, then what is really attached, then the canary.

Each level says for itself whether it was passed; no word stands for all of them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gpttrace import sync
from gpttrace.check.policy import load_policy
from gpttrace.check.report import Report
from gpttrace.check.whole import Progress, check
from gpttrace.host import Host
from gpttrace.prove.concluded import not_run
from gpttrace.prove.proof import Proof
from gpttrace.prove.running import Under
from gpttrace.prove.whole import prove
from gpttrace.settings import Settings
from gpttrace.spec.model import TraceSpec


async def climb(
    program: str,
    *,
    under: Under,
    spec: TraceSpec | None = None,
    file: Path | None = None,
    bisect: bool = False,
    progress: Progress | None = None,
) -> tuple[Report, Proof]:
    """Check a program up to the verifier and prove it where nothing stands against running it; never raises for the program."""
    report = await check(
        program,
        host=under.host,
        level="load",
        policy=under.policy,
        file=file,
        asked=spec,
        bisect=bisect,
        progress=progress,
        settings=under.settings,
    )
    why = _against(report, under)
    proof = not_run(why) if why else await prove(report.program, under=under, spec=spec)
    known = {(each.start, each.end, each.code) for each in report.findings}
    new = [each for each in proof.findings if (each.start, each.end, each.code) not in known]
    steps = (*report.steps, *proof.steps)
    report = replace(report, steps=steps, findings=(*report.findings, *new))
    return report, replace(proof, steps=steps)


def _against(report: Report, under: Under) -> str | None:
    """Say what stands against running a program."""
    if under.host.saved:
        return "a host file has no kernel to run on"
    if not report.ok:
        return "what is denied is not run" if report.denied else "what is wrong is not run"
    if report.policy.allowed == "ask" and not under.approved:
        return f"it reads {', '.join(report.policy.reads)}, and nobody has approved that"
    return None


def prove_program(
    program: str,
    *,
    host: Host,
    settings: Settings,
    spec: TraceSpec | None = None,
    approved: bool = False,
) -> Proof:
    """Check and prove a program, blocking; `spec` is what was asked for, `approved` that a person agreed to what it reads."""
    under = Under(host, settings, load_policy(settings), approved)

    async def whole() -> Proof:
        return (await climb(program, under=under, spec=spec))[1]

    return sync.call(whole)
