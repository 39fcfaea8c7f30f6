"""What one cell comes to: a question is written and a program checked in the notebook's own thread, where a person can be
asked; then it is traced in another, so that the notebook's event loop does not matter.

Nothing is run that has an error, that two writers read differently, or that reads people's data and was not approved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gpttrace import sync
from gpttrace.check.policy import judge, load_policy
from gpttrace.cli.asking import split_command
from gpttrace.cli.text import plural
from gpttrace.errors import NotPermitted, ProgramRejected, QuestionRefused, UsageError
from gpttrace.host import Host
from gpttrace.language import Finding, parse
from gpttrace.session import (
    DEFAULT_SECONDS,
    Answer,
    Follow,
    described,
    generate,
    generate_by,
    run_draft,
    run_program,
)
from gpttrace.settings import Settings
from gpttrace.trace import Limits
from gpttrace.writer import Draft, Options, refusal_error
from gpttrace_jupyter.cell import Cell
from gpttrace_jupyter.markup import findings, line, program
from gpttrace_jupyter.options import Wanted

ROWS = 1_000_000
BACKGROUND_SECONDS = 3600.0
WORTH = ("error", "warning")  # severities that are shown without being asked for
_FOR_QUESTIONS = ("--comm", "--cgroup", "--every", "--top", "--writer")
_THEIR_PLACE = {
    "--comm": 'a program says it itself: /comm == "NAME"/',
    "--cgroup": "a program says it itself: /cgroup == cgroupid(PATH)/",
    "--every": "a program says it itself: interval:s:1 { print(@m); clear(@m); }",
    "--top": "a program says it itself: print(@m, N)",
    "--writer": "a program is written already",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell is carried out: the settings, the machine, how to speak to a person (`ask` is None where nobody can)."""

    settings: Settings
    host: Host
    say: Callable[[str], None]
    show: Callable[[Any], None]
    ask: Callable[[str], bool] | None


def prepare(cell: Cell, wanted: Wanted, place: Place) -> Answer:
    """Return a program that may be run, and how it came about; raises what says why there is none."""
    split_command(wanted.cmd)  # a mistake there is told before anything is written
    if cell.kind == "question":
        answer = _written(cell, wanted, place)
        assert answer.draft is not None
        _tell_judged(answer.draft, place)
        if answer.program is None:
            raise refusal_error(answer.draft)
        _settle_doubt(answer, wanted, place)
        return answer
    for flag in _FOR_QUESTIONS:
        if flag in wanted.given:
            raise UsageError(
                f"{flag} is for questions, and the cell holds a program", hint=_THEIR_PLACE[flag]
            )
    return Answer(None, cell.text, None)


def _written(cell: Cell, wanted: Wanted, place: Place) -> Answer:
    options = Options(
        seconds=wanted.seconds, pid=wanted.pid, comm=wanted.comm, cgroup=wanted.cgroup, top=wanted.top,
        every=wanted.every, command=bool(wanted.cmd),
    )  # fmt: skip
    offline = wanted.writer == "offline" or (wanted.writer == "auto" and not place.settings.model.is_set)
    if offline:
        return generate(cell.text, host=place.host, options=options, anyway=wanted.yes)
    write = partial(
        generate_by, wanted.writer, cell.text, host=place.host, settings=place.settings, options=options,
        anyway=wanted.yes, progress=place.say,
    )  # fmt: skip
    return sync.call(write)


def _tell_judged(draft: Draft, place: Place) -> None:
    """Say how far a model's program can be trusted and what it cost; nothing for the offline writer."""
    judged = draft.judged
    if judged is None:
        return
    if draft.program is not None and draft.writer == "model":
        place.say(f"verdict: {draft.why}")
        for note in draft.notes:
            place.say(note)
    if judged.cost is not None:
        place.say(f"model {judged.model}: {plural(judged.rounds, 'round')}, {judged.cost.line()}")
    if draft.program is None and judged.best is not None:
        place.show(line("the best of its programs, which was not run:") + program(judged.best))


def _settle_doubt(answer: Answer, wanted: Wanted, place: Place) -> None:
    judged = answer.draft.judged if answer.draft else None
    if judged is None or judged.agreement != "differs" or wanted.yes or wanted.do != "run":
        return
    differences = "; ".join(judged.differences)
    if place.ask is not None and place.ask(
        f"Both writers read the question differently ({differences}). Run the model's program?"
    ):
        return
    raise QuestionRefused(
        f"the model and the offline writer read the question differently: {differences}",
        hint="--yes runs the model's program, --writer offline takes the other reading",
    )


def check_only(answer: Answer, cell: Cell, wanted: Wanted, place: Place) -> Any:
    """Check as far as bpftrace's compiler, show what is found and return the report; ProgramRejected when it is wrong."""
    from gpttrace.check.whole import check

    text, policy = answer.program or "", load_policy(place.settings)
    report = sync.call(partial(check, text, host=place.host, policy=policy, settings=place.settings))
    show_findings(report.findings, answer, cell, place)
    _refuse_errors(report.findings)
    return report


def approved(answer: Answer, cell: Cell, wanted: Wanted, place: Place) -> bool:
    """Show what is wrong and stop there; ask where people's data is read. Return whether that was approved."""
    from gpttrace.check.whole import check_static

    policy = load_policy(place.settings)
    tree = parse(answer.program or "")
    verdict = judge(tree, policy)
    if cell.kind == "program":
        report = check_static(tree, place.host, policy)
        verdict = report.policy
        show_findings([each for each in report.findings if each.severity in WORTH], answer, cell, place)
        _refuse_errors(report.findings)
    if verdict.allowed != "ask" or wanted.yes:
        return verdict.allowed == "ask"
    reads = ", ".join(verdict.reads)
    if place.ask is None:
        raise NotPermitted(
            f"this program reads {reads}, and nobody can be asked here",
            hint="look at the program; if that is what you want, say --yes",
        )
    if not place.ask(f"This reads {reads}. Run it?"):
        raise NotPermitted(f"this program reads {reads}, and that was not approved", hint="--yes approves it")
    return True


def show_findings(found: Any, answer: Answer, cell: Cell, place: Place) -> None:
    """Show findings under the lines of the cell, or of the program that was written."""
    if found:
        own = cell.kind == "program"
        place.show(findings(found, answer.program or "", above=cell.above if own else 0, name=name_of(cell)))


def name_of(cell: Cell) -> str:
    """Return what places are said to be in: `cell`, or the program that answers a question."""
    return "cell" if cell.kind == "program" else "program"


def _refuse_errors(found: tuple[Finding, ...]) -> None:
    errors = [each for each in found if each.severity == "error"]
    if not errors:
        return
    many = f"{len(errors)} error{'s' if len(errors) != 1 else ''}"
    if all(each.source == "policy" for each in errors):
        raise NotPermitted(f"the policy denies this program ({many}); nothing was run")
    raise ProgramRejected(f"{many} in the program; nothing was run")


def limits_of(answer: Answer, wanted: Wanted) -> Limits:
    """Return within which limits a cell runs: its own words, else the question's, else ten seconds (an hour behind it)."""
    asked = wanted.seconds or (answer.draft.seconds if answer.draft else None)
    usual = BACKGROUND_SECONDS if wanted.background else DEFAULT_SECONDS
    return Limits(seconds=asked or (None if wanted.cmd else usual), rows=wanted.rows or ROWS)


async def run(answer: Answer, wanted: Wanted, place: Place, follow: Follow, *, approved: bool) -> Answer:
    """Trace what was prepared, to its end."""
    command = split_command(wanted.cmd)
    limits = limits_of(answer, wanted)

    def approve(reads: Any) -> bool:
        return approved

    if answer.draft is not None:
        return await run_draft(
            answer, host=place.host, follow=follow, settings=place.settings, limits=limits, command=command,
            approve=approve,
        )  # fmt: skip
    return await run_program(
        answer.program or "", host=place.host, follow=follow, settings=place.settings, limits=limits,
        command=command, pid=wanted.pid, approve=approve,
    )  # fmt: skip


def for_host(wanted: Wanted, settings: Settings) -> Host:
    """Return the machine that a cell is about: that of `--host`, or this one."""
    return Host.load(Path(wanted.host).expanduser()) if wanted.host else Host.local(settings)


def explained(answer: Answer) -> Answer:
    """Add the words that say what a program would do."""
    return described(answer)
