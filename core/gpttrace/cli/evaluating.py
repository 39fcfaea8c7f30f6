"""What `eval` does: ask a writer every question of a set and print what was right, wrong and refused, by area."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpttrace.cli.failures import INTERRUPTED, say, tell
from gpttrace.cli.hosting import open_host
from gpttrace.cli.show import write_json
from gpttrace.cli.text import WIDTH, align
from gpttrace.cli.writing import with_model
from gpttrace.errors import GpttraceError, UsageError
from gpttrace.evaluate import Score, evaluate, load_questions
from gpttrace.evaluate.kept import Kept
from gpttrace.evaluate.recall import recall
from gpttrace.evaluate.score import by_area
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace.writer import write_offline

if TYPE_CHECKING:
    from gpttrace.evaluate.score import Writer
    from gpttrace.writer.model import Piece


def run_evaluation(
    *,
    name: str,
    writer: str,
    without: tuple[Piece, ...],
    resume: str | None,
    level: str,
    host_file: str | None,
    details: bool,
    with_recall: bool,
    as_json: bool,
    key: str | None,
    record: str | None,
) -> int:
    """Print the table of a set; 0 whatever the marks are. ^C, or an endpoint that is gone, ends it with the table until then."""
    if writer == "offline" and (without or record):
        raise UsageError("--without and --record are about a model", hint="add --writer model")
    settings = with_model(Settings.load(), key, record)
    host = open_host(host_file)
    questions = load_questions(name)
    about: dict[str, Any] = {"set": name, "writer": writer, "check": level, "without": sorted(without)}
    if writer == "model":
        about["model"] = settings.model.name
    kept = Kept(Path(resume), about, questions) if resume else None
    progress = _progress(len(questions))
    score = evaluate(
        questions,
        host,
        _check(host, level),
        _writer(writer, settings, frozenset(without)),
        progress,
        known=kept.marks if kept else None,
        keep=kept.keep if kept else lambda mark: None,
    )
    progress(-1)
    found = recall(questions) if with_recall and score.stopped is None else None
    if as_json:
        whole = score.to_json() | about
        write_json(whole | ({"retrieval": found.to_json()} if found else {}))
    else:
        _print(score, details, with_cost=writer == "model")
        if found is not None:
            click.echo(found.line())
    return _ended(score, len(questions), resume)


def _ended(score: Score, whole: int, resume: str | None) -> int:
    if score.stopped is None:
        return 0
    say(f"stopped after {len(score.marks)} of {whole} questions" + (f"; {resume} goes on" if resume else ""))
    if isinstance(score.stopped, GpttraceError):
        return tell(score.stopped)
    return 0 if score.marks else INTERRUPTED


def _writer(writer: str, settings: Settings, without: frozenset[Piece]) -> Writer:
    if writer == "offline":
        return write_offline
    from gpttrace.evaluate.model import model_writer  # heavy, and only for this

    return model_writer(settings, without)


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


def _cost(score: Score, area: str | None) -> list[str]:
    cost: dict[str, Any] = score.cost(area)
    money = f"${cost['money']:.4f}" if cost["money"] is not None else "-"
    return [str(cost["rounds"]), f"{cost['tokens']:,}", money]


def _print(score: Score, details: bool, *, with_cost: bool = False) -> None:
    more = ["rounds", "tokens", "money"] if with_cost else []
    rows = [["area", "right", "wrong", "refused", *more]]
    rows += [
        [area, *map(str, counts), *(_cost(score, area) if with_cost else [])]
        for area, *counts in by_area(score)
    ]
    counted = [str(score.count(verdict)) for verdict in ("right", "wrong", "refused")]
    rows.append(["all", *counted, *(_cost(score, None) if with_cost else [])])
    for line in align(rows, (False, *(True for _ in rows[0][1:])), WIDTH):
        click.echo(line)
    shares = ", ".join(f"{score.share(verdict):.1%} {verdict}" for verdict in ("right", "wrong", "refused"))
    click.echo(f"{len(score.marks)} questions: {shares}; {score.points()} points (a wrong answer costs 2)")
    median, longest = score.seconds()
    click.echo(f"question to program: median {median * 1000:.0f} ms, longest {longest * 1000:.0f} ms")
    if with_cost and score.marks:
        rounds, tokens = (score.cost()[name] / len(score.marks) for name in ("rounds", "tokens"))
        click.echo(f"a question took {rounds:.1f} rounds and {tokens:,.0f} tokens")
    if details:
        for mark in score.marks:
            if mark.verdict != "right":
                click.echo(f"{mark.verdict}: {mark.question.ask}\n  {mark.why}")
    else:
        say("--details names every question that was not answered right")
