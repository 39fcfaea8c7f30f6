"""What `eval` does: ask a writer every question of a set and print what was right, wrong and refused, by area."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import click

from gpttrace.cli.failures import say
from gpttrace.cli.hosting import open_host
from gpttrace.cli.show import write_json
from gpttrace.cli.text import WIDTH, align
from gpttrace.evaluate import Score, evaluate, load_questions
from gpttrace.evaluate.recall import recall
from gpttrace.evaluate.score import by_area
from gpttrace.host import Host


def run_evaluation(
    *, name: str, level: str, host_file: str | None, details: bool, with_recall: bool, as_json: bool
) -> int:
    """Print the table of a set; 0 whatever the marks are."""
    host = open_host(host_file)
    questions = load_questions(name)
    tell = _progress(len(questions))
    score = evaluate(questions, host, _check(host, level), progress=tell)
    tell(-1)
    found = recall(questions) if with_recall else None
    if as_json:
        whole = score.to_json() | {"set": name, "check": level}
        write_json(whole | ({"retrieval": found.to_json()} if found else {}))
        return 0
    _print(score, details)
    if found is not None:
        click.echo(found.line())
    return 0


def _check(host: Host, level: str) -> Callable[[str], str | None]:
    def check(program: str) -> str | None:
        from gpttrace.check import check as checked
        from gpttrace.sync import call

        report = call(partial(checked, program, host=host, level=level))  # type: ignore[arg-type]  # click has checked it
        errors = [each for each in report.findings if each.severity == "error"]
        return f"it does not pass the {level} check: {errors[0].message}" if errors else None

    return check


def _progress(whole: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if not sys.stderr.isatty():
            return
        text = f"\r{done} of {whole} questions" if done >= 0 else "\r\033[K"
        sys.stderr.write(text)
        sys.stderr.flush()

    return tell


def _print(score: Score, details: bool) -> None:
    rows = [["area", "right", "wrong", "refused"]]
    rows += [[area, *map(str, counts)] for area, *counts in by_area(score)]
    rows.append(["all", *(str(score.count(verdict)) for verdict in ("right", "wrong", "refused"))])
    for line in align(rows, (False, True, True, True), WIDTH):
        click.echo(line)
    shares = ", ".join(f"{score.share(verdict):.1%} {verdict}" for verdict in ("right", "wrong", "refused"))
    click.echo(f"{len(score.marks)} questions: {shares}; {score.points()} points (a wrong answer costs 2)")
    median, longest = score.seconds()
    click.echo(f"question to program: median {median * 1000:.0f} ms, longest {longest * 1000:.0f} ms")
    if details:
        for mark in score.marks:
            if mark.verdict != "right":
                click.echo(f"{mark.verdict}: {mark.question.ask}\n  {mark.why}")
    else:
        say("--details names every question that was not answered right")
