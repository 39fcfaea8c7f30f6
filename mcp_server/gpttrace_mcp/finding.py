"""`search_examples`, `search_probes`, `describe_probe`, `host`: what can be traced here, and how others have asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from gpttrace.cli.text import plural
from gpttrace.errors import UsageError
from gpttrace_mcp.answering import answered
from gpttrace_mcp.background import running_lines
from gpttrace_mcp.shapes import (
    DescribeReply,
    ExamplePart,
    ExamplesReply,
    FieldPart,
    HostReply,
    ProbePart,
    ProbesReply,
    ProblemPart,
)
from gpttrace_mcp.state import App, app_of
from gpttrace_mcp.tables import clean_lines, clean_text, for_tools

LONGEST_EXAMPLE = 1_800
MOST_WORDS = 12
TRACED = ("tracepoint", "rawtracepoint", "kprobe", "fentry", "uprobe", "usdt", "software", "hardware")
Kind = Literal[
    "", "tracepoint", "rawtracepoint", "kprobe", "kretprobe", "fentry", "fexit", "uprobe", "uretprobe", "usdt", "software",
    "hardware", "iter",
]  # fmt: skip


@answered(ExamplesReply)
async def search_examples(
    question: Annotated[
        str, Field(min_length=1, max_length=2_000, description="what to know, in plain words")
    ],
    ctx: Context[App],
    limit: Annotated[int, Field(ge=1, le=20, description="how many")] = 5,
    source: Annotated[
        Literal["", "corpus", "catalogue", "bpftrace", "bcc", "user"],
        Field(
            description="only from there: our programs, events that can be asked about, or tools of this machine"
        ),
    ] = "",
    here: Annotated[bool, Field(description="only what this machine can run")] = True,
) -> ExamplesReply:
    """Find example programs, events and installed tools that fit a question, best first, with their source text."""
    from gpttrace.index.face import search_examples as search

    app = app_of(ctx)
    host = app.host() if here else None
    found = await search(
        question, limit, sources=[source] if source else [], host=host, settings=app.settings
    )
    parts = [
        ExamplePart(
            name=clean_text(each.example.name, 120),
            kind=each.kind,
            title=clean_text(each.example.title, 200),
            questions=[clean_text(text, 200) for text in each.example.questions[:3]],
            why=clean_text(each.why, 200),
            program=clean_lines(each.example.program, LONGEST_EXAMPLE) if each.kind == "example" else "",
            resource=_resource(each.kind, each.example.name),
        )
        for each in found
    ]
    reply = ExamplesReply(
        summary=f"{len(parts)} fit, best first" if parts else "nothing fits", examples=parts
    )
    if any(len(each.example.program) > LONGEST_EXAMPLE and each.kind == "example" for each in found):
        reply.warnings.append("long programs are cut; their resource holds them whole")
    reply.next = (
        ["check(program=…) tells whether one runs here; run traces it"]
        if parts
        else ["other words, or generate(question=…), may find more"]
    )
    return reply


def _resource(kind: str, name: str) -> str:
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        return ""
    return {"example": f"gpttrace://examples/{name}", "event": f"gpttrace://events/{name}"}.get(kind, "")


@answered(ProbesReply)
async def search_probes(
    query: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="words ('tcp retransmit'), a name (vfs_read), a pattern (sched:*)",
        ),
    ],
    ctx: Context[App],
    kind: Annotated[Kind, Field(description="only this kind of probe")] = "",
    limit: Annotated[int, Field(ge=1, le=200, description="how many")] = 30,
    offset: Annotated[int, Field(ge=0, le=5_000, description="leave out the best so many")] = 0,
) -> ProbesReply:
    """Find hook points of this machine's kernel by words, name or pattern; mistyped names are found too."""
    app = app_of(ctx)
    host = await app.in_thread(app.host)
    found = await app.in_thread(host.search, query, [kind] if kind else [], offset + limit + 1)
    page = found[offset : offset + limit]
    kinds = dict.fromkeys(found.probe.partition(":")[0] for found in page)
    reasons = [(each, reason) for each in kinds if (reason := host.why_not(each)) is not None]
    warnings = [f"{each} does not work here: {reason[0]}" for each, reason in reasons]
    reply = ProbesReply(
        summary=f"{plural(len(page), 'probe')}, best first" if page else "nothing here is called that",
        warnings=warnings,
        probes=[ProbePart(probe=clean_text(each.probe, 200), score=each.score) for each in page],
        more=len(found) > offset + limit,
    )
    if page:
        reply.next = [f"describe_probe(probe='{reply.probes[0].probe}') shows its fields"]
    else:
        reply.next = ["other words, or a pattern such as '*name*', may find it"]
    if reply.more:
        reply.next.append(f"search_probes(…, offset={offset + limit}) gives the next")
    return reply


@answered(DescribeReply)
async def describe_probe(
    probe: Annotated[
        str,
        Field(
            min_length=3, max_length=500, description="as bpftrace writes it: tracepoint:sched:sched_switch"
        ),
    ],
    ctx: Context[App],
) -> DescribeReply:
    """Say what one probe gives: the expressions that read its fields, with types and units, its C prototype, and an example."""
    app = app_of(ctx)
    return await app.in_thread(_described, app.host(), probe)


def _described(host: Any, probe: str) -> DescribeReply:
    from gpttrace.host.describe import describe
    from gpttrace.spec.shown import events_at, unit_at

    try:
        told = describe(host, probe)
    except UsageError as error:
        raise UsageError(clean_text(error.message, 400), hint=clean_text(error.hint or "", 400)) from None
    fields = [
        FieldPart(
            read=clean_text(each.expression, 200),
            type=clean_text(each.type, 120),
            size=each.size,
            unit=unit_at(told.probe, each.expression) or "",
            values=[
                f"{value} {clean_text(word, 60)}" for value, word in list(each.words.items())[:MOST_WORDS]
            ],
        )
        for each in told.fields
    ]
    many = plural(len(fields), "field")
    reply = DescribeReply(
        summary=f"{clean_text(told.probe, 200)}: {many if told.fields_known else 'its fields are not known here'}",
        probe=clean_text(told.probe, 300),
        exists=told.exists,
        works=told.works,
        prototype=clean_text(told.prototype, 1_000),
        fields=fields,
        shows=[event.summary for event in events_at(told.probe)[:10]],
        example=clean_lines(told.example, 1_000),
    )
    if told.why_not is not None:
        reply.warnings.append(f"it does not work here: {told.why_not[0]}")
        reply.hint = told.why_not[1]
    return reply


@answered(HostReply)
async def host(
    ctx: Context[App],
    doctor: Annotated[
        bool, Field(description="also examine all that tracing needs; takes a second or two")
    ] = False,
) -> HostReply:
    """Say what this machine can trace, what is missing and what mends it, what this server allows, and what it is tracing now."""
    app = app_of(ctx)
    machine = await app.in_thread(app.host, anew=True)
    facts = await app.in_thread(machine.to_json)
    problems = [
        ProblemPart(what=clean_text(each["what"], 300), mend=clean_text(for_tools(each["mend"]), 300))
        for each in facts["problems"]
    ]
    can = ["generate", "explain", "check (static)"]
    if facts["bpftrace"]["path"]:
        can.append("check (compile)")
    if not problems:
        can += ["check (load)"] if app.mode != "read-only" else []
        can += ["run", "start"] if app.mode == "full" else []
    works = [kind for kind in TRACED if machine.works(kind)]
    reply = HostReply(
        summary=f"bpftrace {facts['bpftrace']['version'] or 'is missing'} on Linux {facts['kernel']}; "
        + (
            "tracing works"
            if "run" in can
            else "nothing is traced here"
            if not problems
            else "nothing can be traced"
        ),
        bpftrace=facts["bpftrace"]["version"] or "",
        kernel=facts["kernel"],
        arch=facts["arch"],
        cpus=facts["cpus"],
        root=facts["root"],
        can=can,
        cannot=problems,
        tracepoints=facts["tracepoints"],
        kinds=works,
        limits=app.allowance.bounds.sentences(),
        running=running_lines(app),
        hint="; ".join(each.mend for each in problems if each.mend),
        next=["generate(question=…) writes a program", "search_probes(query=…) finds hook points"],
    )
    if app.mode != "full":
        reply.warnings.append(f"this server was started with --{app.mode}: it traces nothing")
    if doctor:
        from gpttrace.host.doctor import examine

        marks = {True: "ok", False: "no", None: "unknown"}
        checks = await app.in_thread(examine, machine, app.settings)
        for each in checks:
            mend = f" (try: {each.mend})" if each.mend and not each.ok else ""
            reply.checks.append(clean_text(f"{marks[each.ok]}: {each.name}: {each.says}{mend}", 400))
    return reply
