"""What a person or a script sees of an answer: program, findings, tables, words, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import IO, Any

import click

from gpttrace.cli import failures
from gpttrace.cli.colour import coloured
from gpttrace.cli.failures import say
from gpttrace.cli.follow import Follower
from gpttrace.cli.output import write_result
from gpttrace.cli.text import WIDTH, finding_text, printable, table_text
from gpttrace.errors import StoreError
from gpttrace.language import Finding, Source
from gpttrace.session import Answer, answer_json
from gpttrace.settings import wants_colour
from gpttrace.trace import Result
from gpttrace.writer import Draft


def write_json(whole: dict[str, Any]) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(whole, ensure_ascii=False))


def show_program(text: str, to: IO[str] | None = None) -> None:
    """Print a program, coloured where a terminal wants colour."""
    stream = to or sys.stdout
    shown = text.rstrip("\n") + "\n"
    stream.write(coloured(shown) if wants_colour(stream) else shown)


def show_draft(draft: Draft, verbose: bool, *, program: bool = True) -> None:
    """Say on standard error what will run and why."""
    if program and draft.program is not None:
        show_program(draft.program, sys.stderr)
    for finding in draft.findings:
        say(f"{finding.severity}: {finding.message}" + (f" ({finding.hint})" if finding.hint else ""))
    if verbose:
        say(f"why: {draft.why}")
        say(f"hook points: {', '.join(draft.hooks)}")
        say(f"confidence: {draft.confidence:.2f}, writer: {draft.writer}")


def show_judged(draft: Draft) -> None:
    """Say on standard error how far a model's program can be trusted and what it cost; nothing for the offline writer."""
    judged = draft.judged
    if judged is None:
        return
    if draft.program is not None and draft.writer == "model":
        for line in _wrapped(f"verdict: {draft.why}"):
            say(line)
        for note in draft.notes:
            say(f"  {printable(note)}")
    rounds = f"{judged.rounds} round{'' if judged.rounds == 1 else 's'}"
    if judged.cost is not None:
        say(f"model {printable(judged.model)}: {rounds}, {judged.cost.line()}")


def show_other(draft: Draft) -> None:
    """Show on standard error the program of the other writer, where the two read a question differently."""
    if draft.judged is not None and draft.judged.other is not None:
        say("the offline writer's program for its reading:")
        show_program(draft.judged.other, sys.stderr)


def show_findings(answer: Answer, name: str) -> None:
    """Print findings with their lines on standard error."""
    _say_findings(answer.findings, answer, name)
    errors = sum(finding.severity == "error" for finding in answer.findings)
    say(f"gpttrace: {name}: {errors} error{'s' if errors != 1 else ''}; nothing was run")


def _say_findings(findings: Sequence[Finding], answer: Answer, name: str) -> None:
    source = Source(answer.program or "")
    for finding in findings:
        say(finding_text(finding, source, name))


def finish(
    answer: Answer, follower: Follower, *, as_json: bool, target: Path | None, file: str | None, verbose: bool
) -> int:
    """Print or write the result of a run and return the exit code."""
    result = answer.result
    assert result is not None
    if follower.trouble is not None:
        raise follower.trouble
    if follower.reader_gone:
        failures.silence_stdout()
        return failures.BROKEN_PIPE
    # Not made for a terminal: of a million rows it costs more than all the rest.
    whole = answer_json(answer, file=file) if as_json or (target and target.suffix == ".json") else {}
    trouble = _write_file(target, result, whole) if target is not None else None
    if as_json:
        write_json(whole)
    else:
        if target is None or trouble is not None:
            show_tables(result, without=follower.shown)
        _show_end(answer, file or "the program", verbose)
    if trouble is not None:
        return failures.tell(trouble)
    error = result.error()
    if error is None:
        return 0
    failures.tell(error)
    return error.exit_code


def show_tables(result: Result, *, without: AbstractSet[str] = frozenset()) -> None:
    """Print the tables, but for events and for those `without`: they were printed while the trace ran."""
    shown = [
        table
        for table in result.tables
        if table.kind != "events" and table.name not in without and len(table)
    ]
    for number, table in enumerate(shown):
        click.echo(("\n" if number else "") + table_text(table))


def _show_end(answer: Answer, name: str, verbose: bool) -> None:
    result = answer.result
    assert result is not None
    _say_findings([each for each in result.findings if each.severity in ("error", "warning")], answer, name)
    for warning in result.warnings:
        say(f"warning: {printable(warning)}")
    if answer.explanation:
        click.echo()
        show_words(answer.explanation)
    if verbose:
        say(f"run {result.run_id}: {result.reason}; {result.probes} probes, bpftrace {result.bpftrace}")


def show_words(text: str) -> None:
    """Print sentences, wrapped for a terminal."""
    for line in text.splitlines():
        click.echo("\n".join(_wrapped(line)))


def _wrapped(line: str) -> list[str]:
    import textwrap

    # A list item's second line stands under its text.
    indent = len(line) - len(line.lstrip()) + (2 if line.lstrip().startswith("- ") else 0)
    wrapped = textwrap.wrap(printable(line), WIDTH, subsequent_indent=" " * indent)
    return wrapped or [""]


def _write_file(target: Path, result: Result, whole: dict[str, Any]) -> StoreError | None:
    try:
        files = write_result(target, list(result.tables), whole)
    except StoreError as error:
        return error
    for path in files:
        say(f"wrote {path}")
    if not files and result.error() is None:
        say(f"no table came out; {target} was not written")
    return None
