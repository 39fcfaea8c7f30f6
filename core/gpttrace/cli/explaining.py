"""What `explain` does: a program or a kept run in words, and follow-up questions over a run; a model only when asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import anyio
import click

from gpttrace.cli.failures import say
from gpttrace.cli.show import show_findings, show_program, show_words, write_json
from gpttrace.cli.source import read_source
from gpttrace.cli.text import printable, table_text
from gpttrace.cli.writing import with_model
from gpttrace.errors import UsageError
from gpttrace.explain import FollowUp, Told
from gpttrace.language import parse
from gpttrace.model import Budget, Model
from gpttrace.session import Answer, answer_json, described, explained
from gpttrace.settings import Settings
from gpttrace.trace import Result, Store

Who = Literal["auto", "offline", "model"]
T = TypeVar("T")


def explain(
    *, what: str, question: tuple[str, ...], writer: Who, key: str | None, record: str | None, as_json: bool
) -> int:
    """Say what a program does (FILE.bt or `-`) or what a kept run showed (RUN, or `last`), or answer a QUESTION about the run."""
    settings = with_model(Settings.load(), key, record)
    if what != "-" and not what.endswith(".bt") and not Path(what).exists():
        result = _load(what, settings)
        if question:
            return _answer_question(result, " ".join(question), writer, settings, as_json)
        return _explain_run(result, writer, settings, as_json)
    if question:
        raise UsageError(
            "questions are about a finished run, and this is a program",
            hint='gpttrace explain last "which of these are writes?"',
        )
    return _explain_program(what, writer, settings, as_json)


def _explain_program(what: str, writer: Who, settings: Settings, as_json: bool) -> int:
    source = read_source(what)
    tree = parse(source.text)
    answer = Answer(None, source.text, None, tuple(tree.findings))
    if any(finding.severity == "error" for finding in tree.findings):
        if as_json:
            write_json(answer_json(answer, file=source.name, ran=False))
        else:
            show_findings(answer, source.name)
        return 1
    answer = described(answer)
    whole = answer_json(answer, file=source.name, ran=False)
    if writer != "model":
        return _show(whole, answer.explanation or "", as_json)
    from gpttrace.explain import rephrase_program

    lines = (answer.explanation or "").splitlines()
    told, cost = _with_model(settings, lambda model: rephrase_program(source.text, lines, model=model))
    return _show_told(whole, told, cost, as_json)


def _load(run_id: str, settings: Settings) -> Result:
    try:
        return Store(settings.state_dir).load(run_id)
    except UsageError as error:
        raise UsageError(
            f"{run_id!r} is neither a file nor a run",
            hint="give FILE.bt, `-`, `last`, or an id from `gpttrace runs`",
        ) from error


def _explain_run(result: Result, writer: Who, settings: Settings, as_json: bool) -> int:
    answer = Answer(result.question, result.program, None, result=result, explanation=result.explanation)
    if answer.explanation is None:
        answer = explained(answer, settings)
    words = answer.explanation or result.reason
    if writer != "model":
        return _show(answer_json(answer) if as_json else {}, words, as_json)
    from gpttrace.explain import explain_result_with, spec_of

    ask = partial(
        explain_result_with,
        result,
        question=result.question,
        spec=spec_of(result),
        offline=answer.explanation,
    )
    told, cost = _with_model(settings, lambda model: ask(model=model))
    return _show_told(answer_json(answer) if as_json else {}, told, cost, as_json)


def _answer_question(result: Result, question: str, writer: Who, settings: Settings, as_json: bool) -> int:
    from gpttrace.explain import follow_up
    from gpttrace.host import Host
    from gpttrace.writer import write_offline

    host = Host.local(settings)
    ask = partial(follow_up, result, question, host=host, write=lambda asked: write_offline(asked, host))
    cost: dict[str, Any] | None = None
    if writer == "model":
        answer, cost = _with_model(settings, lambda model: ask(model=model))
    else:
        answer = anyio.run(ask)
    failed = answer.table is None and answer.program is None
    if as_json:
        about = {"run_id": result.run_id, "question": question, "answer": answer.to_json()}
        write_json({**about, "model": cost} if cost else about)
    else:
        _show_answer(answer)
    return 1 if failed else 0


def _show_answer(answer: FollowUp) -> None:
    if answer.table is not None:
        if len(answer.table):
            click.echo(table_text(answer.table) + "\n")
        show_words(answer.words)
    elif answer.program is not None:
        show_program(answer.program)
        say(printable(answer.words))
    else:
        for line in answer.words.splitlines():
            say(f"gpttrace: {printable(line)}")


def _with_model(settings: Settings, do: Callable[[Model], Awaitable[T]]) -> tuple[T, dict[str, Any]]:
    """Ask the model that is set; return what came of it and what it cost, which is also said on standard error."""
    budget = Budget.of(settings.model)
    model = Model(settings.model, budget)

    async def run() -> T:
        try:
            return await do(model)
        finally:
            await model.aclose()

    done = anyio.run(run)
    spent = budget.spent
    name = printable(model.name or "")
    if spent.calls:
        say(f"gpttrace: model {name}: {spent.line()}")
    return done, {
        "name": name,
        "calls": spent.calls,
        "tokens": [spent.tokens_in, spent.tokens_out],
        "money": spent.money,
        "seconds": round(spent.seconds, 3),
    }


def _show_told(whole: dict[str, Any], told: Told, cost: dict[str, Any], as_json: bool) -> int:
    if told.why is not None:
        say(f"gpttrace: these are our own words: {printable(told.why)}")
    if told.dropped:
        many = "s were" if told.dropped != 1 else " was"
        say(f"gpttrace: {told.dropped} of the model's sentence{many} not supported and left out")
    if as_json:
        whole |= {"explanation": told.text, "told": {"by": told.by, "dropped": told.dropped, "why": told.why}}
        whole["model"] = cost
    return _show(whole, told.text, as_json)


def _show(whole: dict[str, Any], words: str, as_json: bool) -> int:
    if as_json:
        write_json(whole)
    else:
        show_words(words)
    return 0
