"""From runs to a Proof: each table is held against the numbers, the most telling gives the verdict, the steps say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gpttrace.check.report import Step
from gpttrace.language import Finding
from gpttrace.prove.attached import Attached, attached_in, finding_of
from gpttrace.prove.chosen import Chosen
from gpttrace.prove.counting import counts_of, empty_columns
from gpttrace.prove.proof import Proof, Seen
from gpttrace.prove.running import ALONE, Ran
from gpttrace.prove.tellings import Subject, Telling
from gpttrace.prove.verdict import Held, Numbers, hold, relevant
from gpttrace.trace import Result


def concluded(subject: Subject, chosen: Chosen, runs: tuple[Ran, Ran], took: float) -> Proof:
    """Return what two whole runs, beside the canary and beside its control, came to."""
    canary, control = runs
    lost = sum(run.result.lost for run in runs)
    numbers = Numbers(canary.times * chosen.canary.counts, control.times, lost, subject.ends)
    by_process = chosen.canary.by == "process"
    counts = relevant(counts_of(subject.tellings, canary, control, by_process=by_process), chosen)
    attached = attached_in(subject.tree, canary.result)
    held = min((hold(each, chosen, numbers) for each in counts), key=lambda each: each.weight, default=None)
    if held is None:
        why = f"none of its tables tells how many {chosen.event.noun} there were"
        return not_whole(why, chosen, subject, attached)
    empty = _empty([each.telling for each in counts], canary.result, control.result)
    found = (held.finding(), *empty, finding_of(subject.tree, attached))
    proof = Proof(
        chosen.event.id,
        chosen.canary.run,
        str(attached),
        Seen(chosen.canary.run, numbers.made, _told(held, held.count.own)),
        Seen(chosen.canary.control, numbers.acts, _told(held, held.count.control)),
        held.verdict,
        held.why,
        (_attached_step(attached),),
        tuple(each for each in found if each is not None),
    )
    return with_canary(proof if held.verdict == "failed" else _with_empty(proof, empty), took)


def alone(subject: Subject, result: Result, why: str) -> Proof:
    """Return what a run without a workload came to: how much of the program is attached, and whether it showed anything."""
    attached = attached_in(subject.tree, result)
    if (error := result.error()) is not None:
        return not_whole(f"{why}; {error.message}", None, subject, attached)
    shown = (
        f"it showed {result.rows:,} row{'s' if result.rows != 1 else ''} in {ALONE:g} s"
        if result.rows
        else f"nothing was seen in {ALONE:g} s"
    )
    proof = not_whole(f"{why}; {shown}", None, subject, attached)
    return with_canary(_with_empty(proof, _empty(subject.tellings, result)))


def not_run(why: str, chosen: Chosen | None = None) -> Proof:
    """Return that nothing was run, and why."""
    event, canary = (chosen.event.id, chosen.canary.run) if chosen else (None, None)
    step = Step("attached", False, why="it was not run")
    return with_canary(Proof(event, canary, "", None, None, "not proved", why, (step,)))


def not_whole(why: str, chosen: Chosen | None, subject: Subject, attached: Attached) -> Proof:
    """Return that a run left nothing to hold against a number, and why; what was attached is known."""
    event, canary = (chosen.event.id, chosen.canary.run) if chosen else (None, None)
    found = finding_of(subject.tree, attached) if attached.number else None
    step = _attached_step(attached)
    proof = Proof(
        event, canary, str(attached), None, None, "not proved", why, (step,), (found,) if found else ()
    )
    return with_canary(proof)


def with_canary(proof: Proof, took: float = 0.0) -> Proof:
    """Put the last step in line with the verdict; it was done when it came to one."""
    done = proof.verdict != "not proved"
    how = {"proved": proof.why, "failed": f"failed: {proof.why}", "not proved": ""}[proof.verdict]
    step = Step("canary", done, how, "" if done else proof.why, took)
    return replace(proof, steps=(*(each for each in proof.steps if each.level != "canary"), step))


def _attached_step(attached: Attached) -> Step:
    return Step("attached", attached.number > 0, str(attached), "; ".join(attached.missing))


def _told(held: Held, number: int) -> int | None:
    return None if held.count.telling.what == "something" else number


def _with_empty(proof: Proof, empty: Sequence[Finding]) -> Proof:
    """Let a column that is empty in every row be what a proof fails by."""
    if not empty:
        return proof
    found = dict.fromkeys((*proof.findings, *empty))
    why = f"{proof.why}, but {empty[0].message}"
    return replace(proof, verdict="failed", why=why, findings=tuple(found))


def _empty(tellings: Sequence[Telling], *results: Result) -> list[Finding]:
    hint = "read it at the end of the call, or from another hook"
    return [
        Finding(
            each.start,
            each.end,
            "error",
            "silently-empty",
            f"`{name}` was empty in every row of {each.table}",
            hint,
            "meaning",
        )
        for each, name in empty_columns(tellings, results)
    ]
