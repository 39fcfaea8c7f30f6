"""What `generate --prove` adds: the program is run beside a known workload, and each level that it passed has a line."""

from __future__ import annotations

from gpttrace.check.report import Step
from gpttrace.cli.failures import say
from gpttrace.cli.text import printable
from gpttrace.errors import Unavailable
from gpttrace.host import Host
from gpttrace.prove import Proof, prove_program
from gpttrace.session import Answer
from gpttrace.settings import Settings

FAILED = 1
_WORDS = {
    "static": "by our own rules",
    "meaning": "read",
    "compile": "compiled",
    "load": "loaded by the kernel's verifier",
    "attached": "attached",
    "canary": "proved",
}


def prove_answer(answer: Answer, host: Host, settings: Settings) -> Proof:
    """Run what was written beside its event's workload, blocking; nothing is run that a person would have to approve."""
    assert answer.program is not None
    spec = answer.draft.spec if answer.draft else None
    return prove_program(answer.program, host=host, settings=settings, spec=spec)


def show_proof(proof: Proof) -> None:
    """Say on standard error how far each level was passed."""
    for step in proof.steps:
        say(f"  {step.level}: {printable(_told(step))}")


def exit_code(proof: Proof) -> int:
    """Return 0 for a program that was proved, 1 for one that failed, 5 where nothing could be proved."""
    if proof.verdict == "proved":
        return 0
    return FAILED if proof.verdict == "failed" else Unavailable.exit_code


def _told(step: Step) -> str:
    words = _WORDS[step.level]
    said = (step.how or words) if step.done else f"not {words}"
    if step.done and step.level in ("static", "compile", "load"):
        said = words
    return f"{said} ({step.why})" if step.why else said
