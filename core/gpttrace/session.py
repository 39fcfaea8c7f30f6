"""The plot: question → program → run → tables → words. Each step is one call into the room that knows how.

Nothing here decides; what a question means is `writer`'s, what a run leaves is `trace`'s, what it says is `explain`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from gpttrace.check.policy import Verdict, judge, load_policy
from gpttrace.check.report import finding_json
from gpttrace.errors import GpttraceError
from gpttrace.host import Host
from gpttrace.language import Finding, parse
from gpttrace.settings import Settings
from gpttrace.trace import Limits, Result, Run, Store, trace
from gpttrace.writer import Draft, Options, write_offline

if TYPE_CHECKING:
    from gpttrace.writer.model import Piece

DEFAULT_SECONDS = 10.0
# Below that the offline writer has guessed or mended words, and a model that is set is asked as well.
CERTAIN = 0.8

# What a front end does while a trace runs: show its batches, stop it. It returns when the run has ended.
Follow = Callable[[Run], Awaitable[None]]
# Asks a person whether a program may read what it reads (`command lines` …).
Approve = Callable[[Sequence[str]], bool]
WhoWrites = Literal["offline", "model", "auto"]


@dataclass(frozen=True, slots=True)
class Answer:
    """All that one question or program came to; `result` is None when nothing was run."""

    question: str | None
    program: str | None
    draft: Draft | None
    findings: tuple[Finding, ...] = ()
    result: Result | None = None
    explanation: str | None = None


def generate(question: str, *, host: Host, options: Options | None = None, anyway: bool = False) -> Answer:
    """Write a program for a question without running it; a refusal is an Answer whose `draft.refused` says why.

    `anyway` takes the program of a question that was not fully understood, as `--yes` asks for.
    """
    return _answer(question, write_offline(question, host, options or Options()), anyway)


async def generate_by(
    writer: WhoWrites,
    question: str,
    *,
    host: Host,
    settings: Settings,
    options: Options | None = None,
    anyway: bool = False,
    progress: Callable[[str], None] = lambda line: None,
) -> Answer:
    """Write a program as `generate` does; `auto` asks a model when one is set and the offline writer is unsure.

    Raises Unavailable and NotPermitted when `model` is meant and cannot be asked; `auto` then keeps to the offline answer.
    """
    options = options or Options()
    offline = write_offline(question, host, options)
    if not asks_model(writer, offline, settings):
        return _answer(question, offline, anyway)
    try:
        draft = await ask_model(
            question, host=host, settings=settings, options=options, offline=offline, progress=progress
        )
    except GpttraceError as error:
        if writer == "model":
            raise
        hint = f" ({error.hint})" if error.hint else ""
        progress(f"the model could not be asked: {error.message}{hint}")
        return _answer(question, offline, anyway)
    if writer == "auto" and draft.refused is not None and offline.program is not None:
        progress(f"the offline writer's program is taken: {draft.refused.why}")
        draft = replace(offline, judged=draft.judged)
    return _answer(question, draft, anyway)


def asks_model(writer: WhoWrites, offline: Draft, settings: Settings) -> bool:
    """Tell whether a model is to be asked about a question that the offline writer has answered so."""
    unsure = offline.program is None or offline.confidence < CERTAIN
    return writer == "model" or (writer == "auto" and settings.model.is_set and unsure)


async def ask_model(
    question: str,
    *,
    host: Host,
    settings: Settings,
    options: Options | None = None,
    offline: Draft | None = None,
    without: frozenset[Piece] = frozenset(),
    progress: Callable[[str], None] = lambda line: None,
) -> Draft:
    """Return the draft of the model that the settings name, within the budget that they give to one question."""
    from gpttrace.model import Budget, Model, no_model  # most questions need no model and do not wait for it

    if not settings.model.is_set:
        raise no_model()
    import anyio

    from gpttrace.writer.model import write_with_model

    model = Model(settings.model, Budget.of(settings.model))
    try:
        return await write_with_model(
            question,
            host,
            options,
            model=model,
            settings=settings,
            without=without,
            progress=progress,
            offline=offline,
        )
    finally:
        with anyio.CancelScope(shield=True):
            await model.aclose()


def _answer(question: str, draft: Draft, anyway: bool) -> Answer:
    refused = draft.refused
    # What a check stands against is run by nobody's wish.
    allowed = draft.judged is None or draft.judged.may_run
    if (
        anyway
        and allowed
        and refused is not None
        and refused.kind == "question"
        and refused.would_be is not None
    ):
        draft = replace(draft, program=refused.would_be, refused=None)
    return Answer(question, draft.program, draft, tuple(draft.findings))


def described(answer: Answer) -> Answer:
    """Add the words that say what the program does, and what it cannot see."""
    if answer.program is None:
        return answer
    from gpttrace.explain import explain_program  # words come last: a trace need not wait for their import

    notes = answer.draft.notes if answer.draft else ()
    return replace(answer, explanation="\n".join([*explain_program(parse(answer.program)), *notes]))


async def run_draft(
    answer: Answer,
    *,
    host: Host,
    follow: Follow,
    settings: Settings,
    seconds: float | None = None,
    limits: Limits | None = None,
    command: Sequence[str] = (),
    exclude_self: bool = True,
    approve: Approve | None = None,
) -> Answer:
    """Run what `generate` wrote and explain what came out; NotPermitted when the policy says no, or `approve` does.

    `limits` says all of them, `seconds` only how long; without either the question's own time holds, or ten seconds.
    """
    draft = answer.draft
    assert draft is not None
    assert draft.program is not None
    limit = seconds or draft.seconds or (None if command else DEFAULT_SECONDS)
    policy = load_policy(settings)
    async with trace(
        draft.program,
        limits=limits or Limits(seconds=limit),
        bpftrace=host.bpftrace,
        command=command,
        exclude_self=exclude_self,
        units=dict(draft.units),
        question=answer.question,
        spec=draft.spec.to_json() if draft.spec else None,
        settings=settings,
        policy=policy,
        approved=_approved(judge(parse(draft.program), policy), approve),
    ) as run:
        await follow(run)
    return explained(replace(answer, result=await run.result()), settings)


async def run_program(
    program: str,
    *,
    host: Host,
    follow: Follow,
    settings: Settings,
    limits: Limits | None = None,
    command: Sequence[str] = (),
    pid: int | None = None,
    approve: Approve | None = None,
) -> Answer:
    """Run a program that the user wrote; findings that are errors keep it from running."""
    from gpttrace.check.whole import check_static

    policy = load_policy(settings)
    report = check_static(program, host, policy)
    answer = Answer(None, program, None, report.findings)
    if not report.ok:
        return answer
    async with trace(
        program,
        limits=limits,
        bpftrace=host.bpftrace,
        command=command,
        pid=pid,
        settings=settings,
        policy=policy,
        approved=_approved(report.policy, approve),
    ) as run:
        await follow(run)
    result = await run.result()
    return explained(replace(answer, result=result, findings=(*answer.findings, *result.findings)), settings)


def _approved(verdict: Verdict, approve: Approve | None) -> bool:
    return verdict.allowed == "ask" and approve is not None and approve(verdict.reads)


def explained(answer: Answer, settings: Settings) -> Answer:
    """Add the words to an answer that has a result, and keep them with the run."""
    result = answer.result
    if result is None or result.error() is not None:
        return answer
    from gpttrace.explain import explain_result  # see above

    words = explain_result(
        list(result.tables),
        status=result.status,
        reason=result.reason,
        lost=result.lost,
        took_s=result.took,
        question=answer.question,
        spec=answer.draft.spec if answer.draft else None,
    )
    with suppress(GpttraceError):  # the run itself may not have been kept; its result says so
        Store(settings.state_dir).explain(result.run_id, words)
    return replace(answer, result=replace(result, explanation=words), explanation=words)


def answer_json(answer: Answer, *, file: str | None = None, ran: bool = True) -> dict[str, Any]:
    """Return the documented JSON shape of an answer; `ran` false leaves out `result` (for `generate`)."""
    draft, result = answer.draft, answer.result
    tree = parse(answer.program or "")
    whole: dict[str, Any] = {
        "question": answer.question,
        "program": answer.program,
        "writer": draft.writer if draft else "user",
        "confidence": round(draft.confidence, 3) if draft else 1.0,
        "spec": draft.spec.to_json() if draft and draft.spec else None,
        "hooks": list(draft.hooks) if draft else [],
        "findings": [finding_json(each, tree, file) for each in answer.findings],
    }
    if ran:
        whole["result"] = result.to_json() if result else None
    whole["explanation"] = answer.explanation
    if draft and draft.refused:
        whole["refused"] = draft.refused.to_json()
    if draft and draft.judged:
        whole["model"] = draft.judged.to_json()
    return whole
