"""What `tool` does: a question answered by a tool of bcc, the list of tools, and what one of them takes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import anyio
import click

from gpttrace.bcc.asking import describe_tool
from gpttrace.bcc.described import Argument, Description
from gpttrace.bcc.installed import INSTALL_HINT, Installed, installed_tools
from gpttrace.bcc.known import known_tools
from gpttrace.bcc.plan import ToolPlan, plan_tool
from gpttrace.bcc.running import ToolAnswer, run_plan
from gpttrace.cli import failures
from gpttrace.cli.asking import approver, make_follower
from gpttrace.cli.failures import say
from gpttrace.cli.follow import Follower
from gpttrace.cli.output import RESULT_SUFFIXES, check_place, write_result
from gpttrace.cli.show import show_words, write_json
from gpttrace.cli.text import WIDTH, align, printable
from gpttrace.errors import QuestionRefused, Unavailable, UsageError
from gpttrace.settings import Settings
from gpttrace.spec.options import Options


def tool(
    *,
    question: tuple[str, ...],
    cmd_tool: tuple[str, str] | None,
    list_them: bool,
    describe: str | None,
    show_only: bool,
    seconds: float | None,
    pid: int | None,
    comm: str | None,
    cgroup: str | None,
    top: int | None,
    every: float | None,
    output: str | None,
    as_json: bool,
    yes: bool,
    verbose: bool,
) -> int:
    """Answer QUESTION with the tool of bcc that fits it."""
    settings = Settings.load()
    tools = installed_tools()
    if list_them:
        return list_tools(tools, as_json)
    if describe is not None:
        return describe_one(describe, tools, settings, as_json)
    target = check_place(output, RESULT_SUFFIXES) if output else None
    named, text = cmd_tool or (None, " ".join(question))
    if named is not None and question:
        raise UsageError("-c CMD QUERY is the whole question", hint=f"-c {named} 'QUERY' and no other words")
    options = Options(seconds=seconds, pid=pid, comm=comm, cgroup=cgroup, top=top, every=every)
    try:
        plan = plan_tool(text, tools, settings.cache_dir, named=named, options=options, anyway=yes)
    except QuestionRefused as error:
        if as_json:
            write_json(refusal_json(text, error))
            return error.exit_code
        raise
    if show_only:
        return show_plan(plan, as_json)
    return run_tool_plan(plan, settings, seconds, target, as_json=as_json, yes=yes, verbose=verbose)


def show_plan(plan: ToolPlan, as_json: bool) -> int:
    """Print the command and do not run it."""
    if as_json:
        write_json(plan_json(plan))
        return 0
    click.echo(plan.command)
    _say_notes(plan)
    return 0


def run_tool_plan(
    plan: ToolPlan,
    settings: Settings,
    seconds: float | None,
    target: Path | None,
    *,
    as_json: bool,
    yes: bool,
    verbose: bool,
) -> int:
    """Show the command, run it, show what came out."""
    if not as_json:
        say(f"$ {printable(plan.command)}")
        _say_notes(plan)
    follower = make_follower(quiet=as_json or target is not None)
    answer = anyio.run(
        partial(run_plan, plan, follow=follower, settings=settings, seconds=seconds, approve=approver(yes))
    )
    return finish_tool(answer, follower, target, as_json=as_json, verbose=verbose)


def finish_tool(
    answer: ToolAnswer, follower: Follower, target: Path | None, *, as_json: bool, verbose: bool
) -> int:
    """Print or write the rest of an answer and return the exit code; its lines were printed while it ran."""
    if follower.trouble is not None:
        raise follower.trouble
    if follower.reader_gone:
        failures.silence_stdout()
        return failures.BROKEN_PIPE
    whole = answer_json(answer)
    if target is not None:
        tables = list(answer.result.tables)
        for path in write_result(target, tables, whole) if tables or target.suffix == ".json" else []:
            say(f"wrote {path}")
        if not tables and target.suffix != ".json":
            say(
                f"its lines are no table that is safe to read; {target} was not written (-o FILE.json has them)"
            )
    if as_json:
        write_json(whole)
    else:
        for warning in answer.result.warnings if answer.error is None or verbose else ():
            say(f"warning: {printable(warning)}")
        if answer.error is None:
            click.echo()
            show_words(answer.explanation)
        if verbose:
            say(f"run {answer.result.run_id}: {answer.result.reason}")
    if answer.error is None:
        return 0
    return answer.error.exit_code if as_json else failures.tell(answer.error)


def plan_json(plan: ToolPlan) -> dict[str, Any]:
    """Return the JSON shape of an answer without its result."""
    return {
        "question": plan.question,
        "program": plan.command,
        "writer": "tool",
        "tool": {"name": plan.tool.name, "path": plan.tool.path, "arguments": list(plan.arguments)},
        "confidence": plan.confidence,
        "spec": None,
        "hooks": [],
        "findings": [],
        "notes": list(plan.notes),
    }


def answer_json(answer: ToolAnswer) -> dict[str, Any]:
    """Return the JSON shape of `ask` and `run`, with the tool besides."""
    return {**plan_json(answer.plan), "result": answer.result.to_json(), "explanation": answer.explanation}


def refusal_json(question: str, error: QuestionRefused) -> dict[str, Any]:
    """Return the JSON shape of a refusal."""
    alternatives = [{"question": each, "why": ""} for each in error.alternatives]
    refused = {"why": error.message, "hint": error.hint, "alternatives": alternatives}
    return {"question": question, "program": None, "writer": "tool", "refused": refused}


def _say_notes(plan: ToolPlan) -> None:
    for note in plan.notes:
        say(f"note: {printable(note)}")


def list_tools(tools: dict[str, Installed], as_json: bool) -> int:
    """List the tools of this machine with what they show."""
    if not tools:
        raise Unavailable("there are no tools of bcc on this machine", hint=INSTALL_HINT)
    known = known_tools()
    if as_json:
        write_json(
            {
                "tools": [
                    {"name": name, "path": each.path, "what": known[name].what if name in known else None}
                    for name, each in sorted(tools.items())
                ]
            }
        )
        return 0
    rows = [[name, known[name].what if name in known else "(not in our data)"] for name in sorted(tools)]
    click.echo("\n".join(align([["tool", "what it shows"], *rows], [False, False], WIDTH)))
    return 0


def describe_one(name: str, tools: dict[str, Installed], settings: Settings, as_json: bool) -> int:
    """Show what one tool takes, as its own help says."""
    found = next((each for each in tools.values() if name in (each.name, each.command, each.path)), None)
    if found is None:
        raise UsageError(f"there is no bcc tool {name!r} here", hint="gpttrace tool --list shows them")
    known = known_tools().get(found.name)
    if known is not None and known.takes == "nothing":
        description: Description | None = Description(usage=found.command, summary=known.what)
        trouble = None
    else:
        told = describe_tool(found, settings.cache_dir)
        description, trouble = told.description, told.trouble
    if description is None:
        raise Unavailable(
            f"{found.command} does not tell its arguments: {trouble}", hint=f"try {found.path} --help"
        )
    if as_json:
        write_json({"name": found.name, "path": found.path, **description.to_json()})
        return 0
    click.echo(f"{found.path}\n  {known.what if known else printable(description.summary)}")
    if known is not None and known.better:
        click.echo(f"  {known.better}")
    if description.arguments:
        head = ["argument", "is", "what its help says"]
        rows = [[_named(each), _is(each), printable(each.help)] for each in description.arguments]
        click.echo("\n" + "\n".join(align([head, *rows], [False, False, False], WIDTH)))
    return 0


def _named(argument: Argument) -> str:
    name = ", ".join(argument.flags) or argument.name
    return name if argument.required or argument.flags else f"[{name}]"


def _is(argument: Argument) -> str:
    if argument.choices:
        return "|".join(argument.choices)
    meaning = argument.meaning.replace("_", " ")
    return f"{meaning} ({argument.unit})" if argument.unit else meaning
