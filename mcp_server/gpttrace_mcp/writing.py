"""`generate`, `check`, `explain`: a question becomes a program, a program is checked, both and their results become words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from gpttrace.cli.text import plural
from gpttrace.errors import GpttraceError, UsageError
from gpttrace.language import parse
from gpttrace_mcp.answering import answered
from gpttrace_mcp.running import LONGEST_PROGRAM
from gpttrace_mcp.shapes import Alternative, CheckReply, ExplainReply, GenerateReply, Status, StepPart
from gpttrace_mcp.state import App, app_of
from gpttrace_mcp.tables import (
    DATA_NOTE,
    clean_lines,
    clean_text,
    fenced_output,
    finding_parts,
    table_part,
)

if TYPE_CHECKING:
    from gpttrace.check.report import Report
    from gpttrace.trace.result import Result
    from gpttrace.writer import Draft

_KINDS: dict[str, Status] = {"question": "refused", "unavailable": "unavailable", "denied": "denied"}
Question = Annotated[
    str, Field(min_length=1, max_length=2_000, description="what to know about this machine, in plain words")
]


@answered(GenerateReply)
async def generate(
    question: Question,
    ctx: Context[App],
    seconds: Annotated[
        float, Field(ge=0, le=86_400, allow_inf_nan=False, description="how long to trace; 0: as asked")
    ] = 0,
    pid: Annotated[int, Field(ge=0, le=4_194_304, description="only this process; 0 for all")] = 0,
    comm: Annotated[str, Field(max_length=64, description="only processes of this name")] = "",
    cgroup: Annotated[
        str, Field(max_length=500, description="only this control group, by path or name")
    ] = "",
    top: Annotated[int, Field(ge=0, le=10_000, description="only the largest N; 0 for all")] = 0,
    every: Annotated[
        float,
        Field(ge=0, le=86_400, allow_inf_nan=False, description="a table for each so many seconds"),
    ] = 0,
    writer: Annotated[
        Literal["auto", "offline", "model"],
        Field(
            description="auto asks a model only when one is set on this server and the offline writer is unsure"
        ),
    ] = "auto",
) -> GenerateReply:
    """Write the bpftrace program that answers a question, for the probes and fields of this machine. Nothing is run.

    Pass its `program` to `run` or `start` as it is. A question that is not understood is refused with ones that can be asked.
    """
    from gpttrace.session import described, generate_by
    from gpttrace.session import generate as write
    from gpttrace.writer import Options

    app = app_of(ctx)
    options = Options(
        seconds=seconds or None,
        pid=pid or None,
        comm=comm or None,
        cgroup=cgroup or None,
        top=top or None,
        every=every or None,
    )
    said: list[str] = []
    host = await app.in_thread(app.host)
    if writer == "offline" or (writer == "auto" and not app.settings.model.is_set):
        answer = await app.in_thread(write, question, host=host, options=options)
    else:
        answer = await generate_by(
            writer, question, host=host, settings=app.settings, options=options, progress=said.append
        )
    draft = answer.draft
    assert draft is not None
    if answer.program is None:
        return _refused(draft, said, await app.in_thread(_better_tool, app, question))
    app.remember(question, draft)
    answer = await app.in_thread(described, answer)
    report = app.report_of(answer.program or "")
    return GenerateReply(
        summary=f"a program with {len(draft.hooks)} probes, written {draft.writer}; it was not run",
        warnings=[clean_text(line, 300) for line in [*said, *_doubts(draft)]],
        next=_next(answer.program or "", draft),
        program=answer.program or "",
        explanation=clean_lines(answer.explanation or "", 3_000),
        writer=draft.writer,
        confidence=round(draft.confidence, 3),
        hooks=list(draft.hooks)[:40],
        seconds=draft.seconds or 0.0,
        needs_approval=list(report.policy.reads) if report.policy.allowed == "ask" else [],
        not_understood=[clean_text(word, 60) for word in draft.not_understood[:20]],
        findings=finding_parts(answer.findings, answer.program or ""),
    )


def _better_tool(app: App, question: str) -> list[str]:
    """Say which tool of bcc would answer a question that no program was written for; a person has to start it."""
    from gpttrace.bcc import better_tool

    found = better_tool(question, None, cache_dir=app.settings.cache_dir)
    if found is None:
        return []
    return [
        clean_text(
            f"a tool of bcc here may answer; tell the user, it is no tool of this server: {found.sentence}",
            400,
        )
    ]


def _refused(draft: Draft, said: list[str], tools: list[str]) -> GenerateReply:
    refused = draft.refused
    assert refused is not None
    return GenerateReply(
        status=_KINDS[refused.kind],
        summary=f"no program was written: {clean_text(refused.why, 800)}",
        hint=clean_text(
            refused.hint or "ask one of the alternatives, or write the program yourself and check it", 500
        ),
        warnings=[clean_text(line, 300) for line in said],
        not_understood=[clean_text(word, 60) for word in draft.not_understood[:20]],
        alternatives=[
            Alternative(question=question, shows=shows) for shows, question in refused.alternatives[:8]
        ],
        next=["search_examples(question=…) shows programs that come near", *tools],
        writer=draft.writer,
    )


def _doubts(draft: Draft) -> list[str]:
    judged = draft.judged
    if judged is not None and judged.agreement == "differs":
        return [
            f"the model and the offline writer read the question differently: {'; '.join(judged.differences)}"
        ]
    return []


def _next(program: str, draft: Draft) -> list[str]:
    seconds = draft.seconds or 10
    tool = "run" if seconds <= 30 else "start"
    return [f"{tool}(program=…, seconds={seconds:g}) traces it; give the program unchanged"]


# ----------------------------------------------------------------------------------------------- check


@answered(CheckReply)
async def check(
    program: Annotated[
        str, Field(min_length=1, max_length=LONGEST_PROGRAM, description="bpftrace source, the whole program")
    ],
    ctx: Context[App],
    level: Annotated[
        Literal["static", "compile", "load"],
        Field(
            description="static: own rules and facts of this machine; compile: also bpftrace; load: also the verifier"
        ),
    ] = "compile",
    asked: Annotated[
        str,
        Field(
            max_length=2_000,
            description="the question that the program is to answer; its meaning is held against it",
        ),
    ] = "",
) -> CheckReply:
    """Say what is wrong with a bpftrace program, without running it: each finding has its line and column, and often the remedy.

    Also says whether the policy lets it run here. Mend the program at these places and check again.
    """
    app = app_of(ctx)
    if level == "load" and app.mode == "read-only":
        raise UsageError(
            "this server is read-only and loads nothing into the kernel", hint="use level='compile'"
        )
    from gpttrace.check.whole import check as check_program

    host = await app.in_thread(app.host)
    spec = None
    if asked:
        from gpttrace.writer import refusal_error, write_offline

        draft = await app.in_thread(write_offline, asked, host)
        if draft.spec is None or draft.refused is not None:
            raise refusal_error(draft)
        spec = draft.spec
    report = await check_program(
        program, host=host, level=level, policy=app.policy, asked=spec, settings=app.settings
    )
    return _report(report, program, wanted=level)


def _report(report: Report, program: str, *, wanted: str) -> CheckReply:
    counts = {
        severity: sum(each.severity == severity for each in report.findings)
        for severity in ("error", "warning")
    }
    said = [plural(count, word) for word, count in counts.items() if count]
    status: Status = "ok" if report.ok else "denied" if report.denied else "program_error"
    steps = [
        StepPart(
            level=each.level, done=each.done, how=clean_text(each.how, 200), why=clean_text(each.why, 400)
        )
        for each in report.steps
    ]
    undone = [each for each in steps if not each.done and each.level == wanted]
    return CheckReply(
        status=status,
        summary=f"{', '.join(said) or 'nothing wrong found'}; checked up to {report.level}",
        warnings=[f"not checked by {each.level}: {each.why}" for each in undone] if report.ok else [],
        hint="" if report.ok else "mend the program at the places of the findings and check it again",
        next=["run(program=…) traces it"] if report.ok and report.policy.allowed != "no" else [],
        right=report.ok,
        may_run=report.policy.allowed,
        level=report.level,
        steps=steps,
        needs_approval=list(report.policy.reads) if report.policy.allowed == "ask" else [],
        findings=finding_parts(report.findings, program),
    )


# --------------------------------------------------------------------------------------------- explain


@answered(ExplainReply)
async def explain(
    ctx: Context[App],
    program: Annotated[
        str, Field(max_length=LONGEST_PROGRAM, description="bpftrace source, to say what it does")
    ] = "",
    run: Annotated[
        str, Field(max_length=64, description="a run id, a handle, or 'last': to say what it showed")
    ] = "",
    question: Annotated[
        str,
        Field(
            max_length=500, description="about that run: 'only nginx', 'top 5', 'which of these are writes?'"
        ),
    ] = "",
) -> ExplainReply:
    """Say in words what a program does or what a run showed, or answer a question from the tables of a run.

    Every number in the words was computed from the rows. Give either `program` or `run`.
    """
    app = app_of(ctx)
    if bool(program) == bool(run):
        raise UsageError("give either a program or a run", hint="explain(program=…) or explain(run='last')")
    if program:
        if question:
            raise UsageError(
                "questions are about a finished run, and this is a program",
                hint="give run instead of program",
            )
        return await _of_program(app, program)
    result = await _result_of(app, run)
    return await (_follow_up(app, result, question) if question else _of_run(app, result))


async def _of_program(app: App, program: str) -> ExplainReply:
    tree = parse(program)
    if any(each.severity == "error" for each in tree.findings):
        return ExplainReply(
            status="program_error",
            summary="the program cannot be read",
            hint="mend it at the places of the findings",
            findings=finding_parts(tree.findings, program),
        )
    from gpttrace.session import Answer, described

    answer = await app.in_thread(described, Answer(None, program, None))
    words = clean_lines(answer.explanation or "", 4_000)
    return ExplainReply(summary=words.splitlines()[0] if words else "it does nothing", explanation=words)


async def _result_of(app: App, name: str) -> Result:
    tracing = app.tracings.find(name)
    if tracing is not None and tracing.running:
        raise UsageError(
            "this trace is still running", hint="read shows what it has so far; stop it, then explain it"
        )
    if tracing is not None and tracing.result is not None:
        return tracing.result
    if tracing is not None and tracing.trouble is not None:
        raise tracing.trouble
    try:
        return await app.in_thread(app.store.load, tracing.run_id if tracing is not None else name)
    except UsageError as error:
        raise UsageError(
            clean_text(error.message, 200), hint="runs() lists the runs that there are"
        ) from None


async def _of_run(app: App, result: Result) -> ExplainReply:
    from gpttrace.session import Answer, explained

    words = result.explanation
    if words is None:
        answer = Answer(result.question, result.program, None, result=result)
        words = (await app.in_thread(explained, answer, app.settings)).explanation
    return ExplainReply(
        summary=f"what run {result.run_id} showed",
        run_id=result.run_id,
        explanation=fenced_output(words or result.reason, "explanation"),
        data_note=DATA_NOTE,
    )


async def _follow_up(app: App, result: Result, question: str) -> ExplainReply:
    from gpttrace.explain import follow_up
    from gpttrace.writer import write_offline

    host = app.host()
    try:
        answer = await follow_up(result, question, host=host, write=partial(_written, write_offline, host))
    except GpttraceError as error:
        raise UsageError(error.message, hint=error.hint) from None
    if answer.table is None and answer.program is None:
        return ExplainReply(
            status="refused",
            summary="the tables of this run do not answer that",
            hint=clean_lines(answer.words, 1_000),
            run_id=result.run_id,
        )
    tables = [table_part(answer.table)] if answer.table is not None else []
    return ExplainReply(
        summary="answered from the tables of the run"
        if tables
        else "the run cannot tell; this program would",
        run_id=result.run_id,
        explanation=fenced_output(answer.words, "answer"),
        program=answer.program or "",
        tables=tables,
        data_note=DATA_NOTE,
        next=["run(program=…) traces it"] if answer.program else [],
    )


def _written(write: Any, host: Any, asked: str) -> Any:
    return write(asked, host)
