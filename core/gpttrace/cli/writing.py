"""Which writer answers on the command line, with which key, and what a person is asked when two writers disagree."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import click

from gpttrace.cli import failures
from gpttrace.cli.text import printable
from gpttrace.errors import QuestionRefused
from gpttrace.host import Host
from gpttrace.session import Answer, WhoWrites, generate, generate_by
from gpttrace.settings import Secret, Settings
from gpttrace.writer import Options


def with_model(settings: Settings, key: str | None, record: str | None) -> Settings:
    """Return the settings with the key and the folder of the command line; both are for this call only."""
    note_key(key)
    model = settings.model
    if key:
        model = replace(model, key=Secret(key.strip()))
    if record:
        model = replace(model, record=Path(record).expanduser())
    return replace(settings, model=model)


def note_key(key: str | None) -> None:
    """Say what is not safe about a key on a command line."""
    if key:
        failures.say(
            "gpttrace: a key on the command line can be seen by others in `ps`; set OPENAI_API_KEY instead"
        )


def written(
    question: str,
    writer: WhoWrites,
    *,
    host: Host,
    settings: Settings,
    options: Options,
    anyway: bool = False,
) -> Answer:
    """Return what the writer that is meant makes of a question; its steps go to standard error."""
    if writer == "offline" or (writer == "auto" and not settings.model.is_set):
        return generate(question, host=host, options=options, anyway=anyway)
    write = partial(generate_by, writer, question, host=host, settings=settings, options=options)
    return anyio.run(
        partial(write, anyway=anyway, progress=lambda line: failures.say(f"gpttrace: {printable(line)}"))
    )


def doubted(answer: Answer, yes: bool) -> QuestionRefused | None:
    """Return why a program is not run that the offline writer reads the question otherwise than, unless a person wants it."""
    judged = answer.draft.judged if answer.draft else None
    if judged is None or judged.agreement != "differs" or yes:
        return None
    if sys.stdin.isatty() and sys.stderr.isatty():
        if click.confirm("Both writers read the question differently. Run it?", default=False, err=True):
            return None
        return QuestionRefused("it was not run", hint="--writer offline takes the other reading")
    return QuestionRefused(
        f"the model and the offline writer read the question differently: {'; '.join(judged.differences)}",
        hint="--yes runs the model's program, --writer offline takes the other reading",
    )
