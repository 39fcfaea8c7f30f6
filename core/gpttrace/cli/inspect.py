"""What `runs` does: looking at kept runs."""

from __future__ import annotations

import click

from gpttrace.cli.failures import say
from gpttrace.cli.output import RESULT_SUFFIXES, check_place, write_result
from gpttrace.cli.show import show_program, write_json
from gpttrace.cli.text import align, printable, table_text
from gpttrace.session import Answer, answer_json
from gpttrace.settings import Settings
from gpttrace.trace import Store, recover


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
