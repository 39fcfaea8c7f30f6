"""What `explain` and `runs` do: looking at programs and at kept runs."""

from __future__ import annotations

from pathlib import Path

import click

from gpttrace.cli.failures import say
from gpttrace.cli.output import RESULT_SUFFIXES, check_place, write_result
from gpttrace.cli.show import show_findings, show_program, show_words, write_json
from gpttrace.cli.source import read_source
from gpttrace.cli.text import align, printable, table_text
from gpttrace.errors import UsageError
from gpttrace.language import parse
from gpttrace.session import Answer, answer_json, described, explained
from gpttrace.settings import Settings
from gpttrace.trace import Store, recover


def explain(*, what: str, as_json: bool) -> int:
    """Say in words what a program does (FILE.bt or `-`) or what a kept run showed (RUN, or `last`)."""
    if what != "-" and not what.endswith(".bt") and not Path(what).exists():
        return _explain_run(what, as_json)
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
    if as_json:
        write_json(answer_json(answer, file=source.name, ran=False))
    else:
        show_words(answer.explanation or "")
    return 0


def _explain_run(run_id: str, as_json: bool) -> int:
    settings = Settings.load()
    try:
        result = Store(settings.state_dir).load(run_id)
    except UsageError as error:
        raise UsageError(
            f"{run_id!r} is neither a file nor a run",
            hint="give FILE.bt, `-`, `last`, or an id from `gpttrace runs`",
        ) from error
    answer = Answer(result.question, result.program, None, result=result, explanation=result.explanation)
    if answer.explanation is None:
        answer = explained(answer, settings)
    words = answer.explanation or result.reason
    if as_json:
        write_json(answer_json(answer))
    else:
        show_words(words)
    return 0


def list_runs(*, limit: int, as_json: bool) -> int:
    """List the runs that were kept, newest first; those of killed processes are taken in first."""
    settings = Settings.load()
    for run_id in recover(settings):
        say(f"run {run_id} was cut off; what it had collected is kept")
    found = Store(settings.state_dir).list(limit)
    if as_json:
        write_json(
            {
                "runs": [
                    {
                        "run_id": run.run_id,
                        "began": run.began.isoformat(timespec="seconds"),
                        "question": run.question,
                        "status": run.status,
                        "reason": run.reason,
                        "took_s": round(run.took, 3),
                        "rows": run.rows,
                        "lost": run.lost,
                    }
                    for run in found
                ]
            }
        )
    elif not found:
        say("no runs are kept yet")
    else:
        head = ["run", "began", "status", "rows", "what"]
        body = [
            [
                run.run_id,
                f"{run.began:%m-%d %H:%M:%S}",
                run.status,
                str(run.rows),
                _what(run.question, run.program),
            ]
            for run in found
        ]
        click.echo("\n".join(align([head, *body], [False, False, False, True, False], 79)))
    return 0


def _what(question: str | None, program: str) -> str:
    return printable(question or " ".join(program.split()))


def show_run(*, run_id: str, output: str | None, as_json: bool) -> int:
    """Show a kept run again: its program, its tables, its words."""
    target = check_place(output, RESULT_SUFFIXES) if output else None
    result = Store(Settings.load().state_dir).load(run_id)
    answer = Answer(result.question, result.program, None, result.findings, result, result.explanation)
    whole = answer_json(answer)
    whole["spec"] = result.spec
    if target is not None:
        for path in write_result(target, list(result.tables), whole):
            say(f"wrote {path}")
    if as_json:
        write_json(whole)
    elif target is None:
        show_program(result.program)
        for table in result.tables:
            click.echo("\n" + table_text(table))
        click.echo(f"\n{result.explanation or result.reason}")
    return 0


def delete_runs(*, run_ids: tuple[str, ...]) -> int:
    """Forget kept runs and their tables."""
    store = Store(Settings.load().state_dir)
    for run_id in run_ids:
        store.delete(run_id)
    return 0
