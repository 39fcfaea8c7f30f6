"""prove(): run a program beside a workload that makes its event happen and beside one that does not, and say what that shows."""

from __future__ import annotations

import time
from dataclasses import replace

from gpttrace.errors import GpttraceError
from gpttrace.language import Program, parse
from gpttrace.meaning.reference import events_at
from gpttrace.prove.attached import attached_in
from gpttrace.prove.chosen import Chosen, choose
from gpttrace.prove.concluded import alone, concluded, not_run, not_whole, with_canary
from gpttrace.prove.proof import Proof
from gpttrace.prove.running import Under, run_alone, run_beside
from gpttrace.prove.tellings import Subject, read_subject
from gpttrace.spec.catalogue import Catalogue, load_catalogue
from gpttrace.spec.model import TraceSpec

# Primes, so that no number comes about by counting something else several times; the larger stands out of what others do.
FEW, MANY = 23, 1009


async def prove(
    program: str | Program,
    *,
    under: Under,
    spec: TraceSpec | None = None,
    catalogue: Catalogue | None = None,
) -> Proof:
    """Run a program beside its event's canary and control, and hold its tables against the known numbers.

    `spec` is what it is meant to show; without it the event is read from its hooks. Never raises for what is wrong with the
    program or missing on the machine: `why` says it. Nothing stays attached.
    """
    catalogue = catalogue or load_catalogue()
    if under.host.saved:
        return not_run("a host file has no kernel to run on")
    subject = read_subject(parse(program) if isinstance(program, str) else program, under.host)
    chosen = choose(subject.tree, subject.points, spec, under.host, catalogue)
    if isinstance(chosen, str):
        return await _alone(subject, chosen, under)
    proof = await _with_enough(subject, chosen, under)
    shown = events_at(subject.points, catalogue)
    if proof.verdict == "proved" and shown and chosen.event.id not in shown:
        # The number fits, but by what the catalogue knows these hooks show something that goes along with the event.
        other = catalogue[shown[0]].noun
        why = f"its hooks show {other}, of which as many were counted as {chosen.event.noun} were made"
        return with_canary(replace(proof, verdict="not proved", why=why))
    return proof


async def _alone(subject: Subject, why: str, under: Under) -> Proof:
    try:
        result = await run_alone(subject.tree.source.text, under)
    except GpttraceError as error:
        return not_run(f"{why}; {error.message}")
    return alone(subject, result, why)


async def _with_enough(subject: Subject, chosen: Chosen, under: Under) -> Proof:
    proof = await _once(subject, chosen, under, FEW)
    counted = proof.seen.counted if proof.seen else None
    if proof.verdict == "not proved" and counted is not None and counted >= FEW:
        return await _once(subject, chosen, under, MANY)
    return proof


async def _once(subject: Subject, chosen: Chosen, under: Under, times: int) -> Proof:
    """Run both workloads and hold the tables against them."""
    began = time.monotonic()
    text = subject.tree.source.text
    try:
        canary = await run_beside(text, chosen.canary.run, times, under)
        if (why := canary.trouble) is None:
            control = await run_beside(text, chosen.canary.control, times, under)
            why = control.trouble
    except GpttraceError as error:
        return not_run(error.message, chosen)
    if why is not None:
        return not_whole(why, chosen, subject, attached_in(subject.tree, canary.result))
    return concluded(subject, chosen, (canary, control), time.monotonic() - began)
