"""The one place where an exception becomes what the user reads and an exit code.

Expected errors are one line and a hint; a broken pipe is silence; anything else leaves
a report file with what a bug report needs.
"""

from __future__ import annotations

import os
import re
import sys

import click

from gpttrace.errors import GpttraceError, QuestionRefused, StoreError

_SHORTEST_KEY = 6  # `examples -k 10` is a number of examples
UNEXPECTED, INTERRUPTED, BROKEN_PIPE = 3, 130, 141


def say(text: str) -> None:
    """Write one line of talk to standard error."""
    click.echo(text, err=True)


def tell(error: GpttraceError) -> int:
    """Print an expected error with its hint and return its exit code."""
    say(f"gpttrace: {error.message}")
    if error.hint:
        say(f"  hint: {error.hint}")
    if isinstance(error, QuestionRefused):
        for alternative in error.alternatives:
            say(f'  - gpttrace "{alternative}"')
    return error.exit_code


def unwritable(error: OSError) -> StoreError:
    """Return the error of a standard output that takes nothing more, for another reason than that nobody reads it."""
    return StoreError(
        f"standard output could not be written: {error.strerror}",
        hint="free some space; the result of a run is kept: gpttrace runs show last",
    )


def report(error: BaseException) -> int:
    """Write a report of an unexpected error to a file, say where it is, and return the exit code."""
    import platform
    import traceback
    from datetime import UTC, datetime

    from gpttrace.settings import Settings

    say(without_keys(f"gpttrace: an unexpected error: {type(error).__name__}: {error}", sys.argv[1:]))
    text = "\n".join(
        [
            f"gpttrace {version()}, Python {platform.python_version()}, kernel {platform.release()}",
            f"at {datetime.now(UTC).isoformat(timespec='seconds')}, arguments: {sys.argv[1:]!r}",
            "".join(traceback.format_exception(error)),
        ]
    )
    text = without_keys(text, sys.argv[1:])
    try:
        folder = Settings.load().state_dir
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"error-{os.getpid()}.txt"
        path.write_text(text, encoding="utf-8")
        say(f"  a report is in {path}; please send it with what you did")
    except OSError:
        say(text)
    return UNEXPECTED


def without_keys(text: str, arguments: list[str]) -> str:
    """Return a text without the key that stands on a command line, in any of the forms that `-k` can take."""
    for at, argument in enumerate(arguments):
        given = re.fullmatch(r"(?:-[a-zA-Z]*?k|--key)=?(.*)", argument, re.DOTALL)
        if given is None:
            continue
        key = given[1] or (arguments[at + 1] if at + 1 < len(arguments) else "")
        if len(key) >= _SHORTEST_KEY:
            text = text.replace(key, "***").replace(repr(key)[1:-1], "***")
    return text


def version() -> str:
    """Return the installed version of gpttrace; `unknown` in a checkout that was never installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("gpttrace")
    except PackageNotFoundError:  # a report of an error must not fail for want of a version
        return "unknown"


def silence_stdout() -> None:
    """Point standard output at nothing, so that Python's own flush at exit cannot fail on a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
