"""What `ask`, `generate` and `run` do: from a question or a program to what is printed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import anyio
import click

from gpttrace.cli import failures
from gpttrace.cli.follow import Follower
from gpttrace.cli.main import cli
from gpttrace.cli.output import PROGRAM_SUFFIX, RESULT_SUFFIXES, check_place, write_program
from gpttrace.cli.show import (
    finish,
    show_draft,
    show_findings,
    show_judged,
    show_other,
    show_program,
    write_json,
)
from gpttrace.cli.source import SourceFile, read_source
from gpttrace.cli.writing import doubted, note_key, with_model, written
from gpttrace.errors import NotPermitted, UsageError
from gpttrace.host import Host
from gpttrace.session import Answer, Approve, WhoWrites, answer_json, described, run_draft, run_program
from gpttrace.settings import Settings
from gpttrace.trace import Limits
from gpttrace.writer import Options, refusal_error


def ask(
    *,
    question: tuple[str, ...],
    seconds: float | None,
    pid: int | None,
    comm: str | None,
    cgroup: str | None,
    cmd: str | None,
    top: int | None,
    every: float | None,
    output: str | None,
    as_json: bool,
    yes: bool,
    writer: WhoWrites,
    key: str | None,
    record: str | None,
    verbose: bool,
) -> int:
    """Answer QUESTION from the live kernel: write a program, run it, show and explain its result."""
    target = check_place(output, (*RESULT_SUFFIXES, PROGRAM_SUFFIX)) if output else None
    command = split_command(cmd)
    settings = with_model(Settings.load(), key, record)
    host = Host.local(settings)
    options = Options(
        seconds=seconds, pid=pid, comm=comm, cgroup=cgroup, top=top, every=every, command=bool(command)
    )
    answer = written(" ".join(question), writer, host=host, settings=settings, options=options, anyway=yes)
    assert answer.draft is not None
    show_judged(answer.draft)
    if answer.program is None:
        return refuse(answer, as_json)
    if not as_json:
        show_draft(answer.draft, verbose)
    if (doubt := doubted(answer, yes)) is not None:
        if as_json:
            write_json(answer_json(answer))
        return failures.tell(doubt)
    if target is not None and target.suffix == PROGRAM_SUFFIX:
        write_program(target, answer.program)
        target = None
    follower = make_follower(quiet=as_json or target is not None)
    answer = anyio.run(
        lambda: run_draft(
            answer,
            host=host,
            follow=follower,
            settings=settings,
            seconds=seconds,
            command=command,
            approve=approver(yes),
        )
    )
    return finish(answer, follower, as_json=as_json, target=target, file=None, verbose=verbose)


def ask_tool(
    cmd_tool: tuple[str, str],
    *,
    question: tuple[str, ...],
    cmd: str | None,
    writer: WhoWrites,
    key: str | None,
    record: str | None,
    **given: Any,
) -> int:
    """Answer with a tool of bcc that the user named, as the first GPTtrace did."""
    from gpttrace.cli.tooling import tool

    if question or cmd:
        raise UsageError(
            "-c takes the tool and the question, and nothing is started for it",
            hint='gpttrace -c opensnoop "failed opens"',
        )
    if writer == "model" or record:
        raise UsageError("-c asks no model", hint="leave --writer and --record out")
    note_key(key)
    return tool(question=(), cmd_tool=cmd_tool, list_them=False, describe=None, show_only=False, **given)


def write(
    *,
    question: tuple[str, ...],
    seconds: float | None,
    pid: int | None,
    comm: str | None,
    cgroup: str | None,
    top: int | None,
    every: float | None,
    output: str | None,
    as_json: bool,
    writer: WhoWrites,
    key: str | None,
    record: str | None,
    verbose: bool,
    prove: bool = False,
) -> int:
    """Write the program that answers QUESTION and do not run it, but for `prove`: then for a moment, beside a known workload."""
    target = check_place(output, (PROGRAM_SUFFIX,)) if output else None
    settings = with_model(Settings.load(), key, record)
    options = Options(seconds=seconds, pid=pid, comm=comm, cgroup=cgroup, top=top, every=every)
    host = Host.local(settings)
    answer = written(" ".join(question), writer, host=host, settings=settings, options=options)
    assert answer.draft is not None
    show_judged(answer.draft)
    if answer.program is None:
        return refuse(answer, as_json, ran=False)
    if not as_json and target is None:
        show_program(answer.program)
    if target is not None:
        write_program(target, answer.program)
    if not as_json:
        show_draft(answer.draft, verbose, program=False)
        show_other(answer.draft)
    code: int = 0
    proof: dict[str, Any] = {}
    if prove and (doubt := doubted(answer, yes=False)) is not None:
        code = failures.tell(doubt)  # to prove is to run
    elif prove:
        code, proof = proved(answer, host, settings, quiet=as_json)
    if as_json:
        write_json(answer_json(described(answer), ran=False) | proof)
    return code


def proved(answer: Answer, host: Host, settings: Settings, *, quiet: bool) -> tuple[int, dict[str, Any]]:
    """Prove what was written and say it unless `quiet`; return the exit code and what JSON says of it."""
    from gpttrace.cli import proving  # what is not run needs no tracer

    sys.stdout.flush()  # the program comes first
    proof = proving.prove_answer(answer, host, settings)
    if not quiet:
        proving.show_proof(proof)
    return proving.exit_code(proof), {"proof": proof.to_json()}


def run(
    *,
    file: str | None,
    text: str | None,
    pid: int | None,
    seconds: float | None,
    cmd: str | None,
    output: str | None,
    as_json: bool,
    yes: bool,
    verbose: bool,
) -> int:
    """Run a bpftrace program from FILE (`-` is standard input) within limits, with exact tables."""
    if (file is None) == (text is None):
        raise UsageError(
            "give a program: a FILE, `-`, or -e 'PROGRAM'", hint="gpttrace run tool.bt --for 10s"
        )
    target = check_place(output, RESULT_SUFFIXES) if output else None
    command = split_command(cmd)
    source = SourceFile("-e", text) if text is not None else read_source(file or "-")
    settings = Settings.load()
    host = Host.local(settings)
    follower = make_follower(quiet=as_json or target is not None, as_text=True)
    answer = anyio.run(
        lambda: run_program(
            source.text,
            host=host,
            follow=follower,
            settings=settings,
            limits=Limits(seconds=seconds),
            command=command,
            pid=pid,
            approve=approver(yes),
        )
    )
    if answer.result is None:
        if as_json:
            write_json(answer_json(answer, file=source.name))
        else:
            show_findings(answer, source.name)
        errors = [each for each in answer.findings if each.severity == "error"]
        return NotPermitted.exit_code if all(each.source == "policy" for each in errors) else 1
    return finish(answer, follower, as_json=as_json, target=target, file=source.name, verbose=verbose)


def approver(yes: bool) -> Approve:
    """Return who is asked before people's data is read: the person at the terminal, unless `--yes` was given."""

    def approve(reads: Sequence[str]) -> bool:
        if yes:
            return True
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        return click.confirm(f"This reads {', '.join(reads)}. Run it?", default=False, err=True)

    return approve


def make_follower(*, quiet: bool, as_text: bool = False) -> Follower:
    """Return a follower that draws a live view when a person watches standard error."""
    return Follower(quiet=quiet, live=sys.stderr.isatty(), as_text=as_text)


def split_command(cmd: str | None) -> tuple[str, ...]:
    """Split `--cmd` as a shell would; UsageError when its quotes do not match."""
    if cmd is None:
        return ()
    try:
        words = tuple(shlex.split(cmd))
    except ValueError as error:
        raise UsageError(f"--cmd {cmd!r}: {error}", hint="quote it as for a shell") from None
    if not words:
        raise UsageError("--cmd is empty", hint="give a command, e.g. --cmd 'ls -l'")
    return words


def refuse(answer: Answer, as_json: bool, *, ran: bool = True) -> int:
    """Print why nothing was written and return the exit code."""
    assert answer.draft is not None
    error = refusal_error(answer.draft)
    if as_json:
        write_json(answer_json(answer, ran=ran))
        return error.exit_code
    code = failures.tell(error)
    if answer.draft.judged is not None and answer.draft.judged.best is not None:
        failures.say("  the best of its programs, which was not run:")
        show_program(answer.draft.judged.best, sys.stderr)
    if (meant := mistyped_command(answer.question or "")) is not None:
        failures.say(f"  did you mean the command `gpttrace {meant}`?")
    elif (sentence := other_tool(answer.question or "")) is not None:
        failures.say(f"  or a tool of bcc: {sentence}")
    return code


def other_tool(question: str) -> str | None:
    """Return what a tool of bcc that is installed here would do for a question, when one fits."""
    from gpttrace.bcc import better_tool

    found = better_tool(question, None, cache_dir=Settings.load().cache_dir)
    return found.sentence if found else None


def mistyped_command(question: str) -> str | None:
    """Return the command that a one-word question was probably meant to be."""
    words = question.split()
    close = get_close_matches(words[0], cli.commands, n=1) if len(words) == 1 else []
    return close[0] if close else None
