"""The entry point: which command is meant, and what becomes of every way in which it can end."""

from __future__ import annotations

import errno
import gc
import sys
from typing import Any

import click

from gpttrace.cli import failures
from gpttrace.errors import GpttraceError

EPILOG = 'A question needs no command: gpttrace "count syscalls by program" --for 5s'


class QuestionGroup(click.Group):
    """Commands, and everything else is a question for `ask`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `ask` before a question, also before one that begins with options (`gpttrace -v "…"`)."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h", "--version"):
            args = ["ask", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=QuestionGroup,
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 79},
)
@click.version_option(package_name="gpttrace", prog_name="gpttrace")
def cli() -> None:
    """Ask a Linux machine in plain words; the answer comes from its own kernel, through bpftrace."""


def main() -> None:
    """Run the command line and exit with the documented code."""
    # Nothing that is made while starting is garbage, and looking for some costs 30-60 ms (measured); a trace turns it on again.
    gc.disable()
    sys.exit(run(sys.argv[1:]))


def run(args: list[str]) -> int:
    """Carry out one command line and return its exit code."""
    try:
        return int(_invoke(args) or 0)
    except click.UsageError as error:
        error.show()
        return 2
    except click.exceptions.Exit as end:
        return end.exit_code
    except GpttraceError as error:
        return failures.tell(error)
    except (KeyboardInterrupt, click.Abort):
        failures.say("gpttrace: interrupted before there was a result")
        return failures.INTERRUPTED
    except BrokenPipeError:
        failures.silence_stdout()
        return failures.BROKEN_PIPE
    except OSError as error:
        # The only place where a full disk or a lost terminal shows itself as a plain OSError is our own output.
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG):
            return failures.report(error)
        failures.silence_stdout()
        return failures.tell(failures.unwritable(error))
    except Exception as error:
        return failures.report(error)


def _invoke(args: list[str]) -> Any:
    from gpttrace.cli import commands

    assert commands  # imported for what it does: each command registers itself with `cli`
    code = cli.main(args, prog_name="gpttrace", standalone_mode=False)
    sys.stdout.flush()
    return code
