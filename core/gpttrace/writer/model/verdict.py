"""The verdict: the draft that is handed over at the end of the rounds, and in plain words how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gpttrace.host import Host
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.model import TraceSpec
from gpttrace.writer.draft import LEVELS, Draft, Judged, Refusal
from gpttrace.writer.model.answer import Declined
from gpttrace.writer.model.judge import LEFT_OUT, Judgement, Offline
from gpttrace.writer.model.meant import hooks_of

CERTAIN, ALONE, UNREAD, DIFFERS = 0.95, 0.8, 0.6, 0.5
_CHECKS = ("static", "compile", "load")
_ASK_AGAIN = "say it in other words, or ask another model with GPTTRACE_MODEL"


@dataclass(frozen=True, slots=True)
class Ended:
    """How the rounds ended: `why` when not by a good candidate; `unavailable` when the endpoint or the budget is the cause."""

    why: str = ""
    hint: str | None = None
    unavailable: bool = False
    declined: Declined | None = None


def draft_of(
    best: Judgement | None,
    judged: Judged,
    ended: Ended,
    host: Host,
    *,
    offline: Offline,
    examples: tuple[str, ...],
) -> Draft:
    """Return the draft for the best candidate, refused when it may not run, means something else, or there is none."""
    if best is None or (ended.declined is not None and not best.good):
        return _none(judged, ended, offline)
    other = offline.program if best.agreement == "differs" else None
    judged = replace(
        judged,
        levels=dict(best.levels),
        agreement=best.agreement,
        differences=best.differences,
        other=other,
    )
    spec = _known(best.spec) or (_known(offline.spec) if best.agreement == "certain" else None)
    draft = Draft(
        program=best.candidate.program,
        spec=spec,
        hooks=hooks_of(best.tree, host),
        examples=examples,
        findings=tuple(each for each in best.findings if each.severity == "warning"),
        writer="model",
        attempts=judged.rounds,
        why=why(judged, ended, offline.says),
        confidence=_confidence(judged),
        notes=tuple(f"Assumed: {each}" for each in best.candidate.assumptions),
        seconds=spec.duration / 1e9 if spec and spec.duration else None,
        judged=judged,
    )
    return draft if best.good else _refused(draft, best, ended)


def _none(judged: Judged, ended: Ended, offline: Offline) -> Draft:
    declined = ended.declined
    if declined is not None:
        said = "would not answer" if declined.of_server else "says that tracing cannot answer this"
        hint = (
            "the offline writer has an answer: --writer offline" if offline.spec is not None else _ASK_AGAIN
        )
        refusal = Refusal(f"the model {said}: {declined.why}", "question", hint)
    else:
        kind = "unavailable" if ended.unavailable else "question"
        refusal = Refusal(ended.why or "the model gave no program", kind, ended.hint or _ASK_AGAIN)  # type: ignore[arg-type]  # two literals
    return Draft(
        None, writer="model", attempts=judged.rounds, why=refusal.why, refused=refusal, judged=judged
    )


def _refused(draft: Draft, best: Judgement, ended: Ended) -> Draft:
    assert draft.judged is not None
    rounds = f"{draft.attempts} round{'' if draft.attempts == 1 else 's'}"
    if best.denied:
        message = next(
            each.message for each in best.findings if each.source == "policy" and each.severity == "error"
        )
        refusal = Refusal(
            f"what the model wrote is denied by the policy: {message}",
            "denied",
            "ask for something that only looks",
        )
        return replace(draft, program=None, refused=refusal, findings=(), confidence=0.0)
    failed = next(name for name in LEVELS if best.failed(name))
    reason = best.levels[failed].partition(": ")[2]
    what = {
        "meaning": "does not do what its own description says",
        "comprehension": "does not answer the question, as one who saw only the program read it",
    }.get(failed, f"does not pass the {failed} check")
    after = f"; {ended.why}" if ended.why else ""
    refusal = Refusal(
        f"after {rounds} the best program {what}: {reason}{after}",
        "question",
        _ASK_AGAIN,
        would_be=draft.program,
    )
    judged = replace(draft.judged, best=draft.program)
    return replace(draft, program=None, refused=refusal, judged=judged, confidence=0.0)


def why(judged: Judged, ended: Ended, offline: str = "") -> str:
    """Return in a few sentences what is known of the program, and what is not."""
    rounds = f"{judged.rounds} round{'' if judged.rounds == 1 else 's'}"
    parts = [f"Written by {judged.model} in {rounds}."]
    passed = [name for name in _CHECKS if judged.levels.get(name) == "passed"]
    parts.append(f"Checks passed: {', '.join(passed)}." if passed else "It was not checked.")
    parts += [f"{name.capitalize()}: {judged.levels[name]}." for name in LEVELS if _is_open(judged, name)]
    if judged.levels.get("meaning") == "passed":
        parts.append("It does what its own description says.")
    if judged.levels.get("comprehension") == "passed":
        parts.append("One who saw only the program says that it answers the question.")
    parts.append(_agreed(judged, offline))
    if ended.why:
        parts.append(f"It ended early: {ended.why}.")
    return " ".join(parts)


def _is_open(judged: Judged, name: str) -> bool:
    state = judged.levels.get(name, "")
    return state.startswith("not done") and state != LEFT_OUT


def _agreed(judged: Judged, offline: str) -> str:
    match judged.agreement:
        case "certain":
            return "The offline reading of the question means the same: certain."
        case "differs":
            said = "; ".join(judged.differences)
            return f"The offline reading of the question is another one: {offline}. Held against it: {said}."
        case _:
            said = "; ".join(judged.differences)
            return f"No second reading of the question stands behind it: {said}." if said else ""


def _confidence(judged: Judged) -> float:
    if judged.agreement != "alone":
        return CERTAIN if judged.agreement == "certain" else DIFFERS
    read = {judged.levels.get(name) for name in ("meaning", "comprehension")}
    return ALONE if read == {"passed"} else UNREAD


def _known(spec: TraceSpec | None) -> TraceSpec | None:
    """Return a spec whose events everybody can look up; one of an event that was made for the question tells others nothing."""
    known = load_catalogue()
    return spec if spec and all(each.event in known for each in (spec, *spec.others)) else None
