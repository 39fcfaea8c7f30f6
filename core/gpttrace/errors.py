"""Every error that a user of GPTtrace is meant to read, each with what to do next.

Raised in the core, rendered once per front end. The exit code of each class is the command line's contract:
1 the program or question was wrong, 2 usage, 4 not permitted, 5 bpftrace or the kernel lacks what is needed.
"""

from __future__ import annotations

from typing import ClassVar


class GpttraceError(Exception):
    """Something expected went wrong; `message` says what and where, `hint` what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for this: in a notebook these few lines stand in place of a traceback.
        lines = [f"gpttrace: {self.message}", *([f"  hint: {self.hint}"] if self.hint else [])]
        return [line for part in lines for line in map(_harmless, part.split("\n"))]


class UsageError(GpttraceError):
    """The call itself cannot be carried out: a bad option, a file that is not there."""

    exit_code = 2


class ProgramRejected(GpttraceError):
    """The program is not right; bpftrace or our own checks said no."""

    exit_code = 1


class QuestionRefused(GpttraceError):
    """The question cannot be answered with confidence; nothing was run."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, alternatives: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.alternatives = alternatives

    def _render_traceback_(self) -> list[str]:
        return [*super()._render_traceback_(), *(f"  - {_harmless(each)}" for each in self.alternatives)]


class NotPermitted(GpttraceError):
    """The right to trace is missing, or the policy forbids it."""

    exit_code = 4


class Unavailable(GpttraceError):
    """bpftrace or the kernel lacks what is needed."""

    exit_code = 5


class StoreError(GpttraceError):
    """The run store or an output file cannot be read or written."""

    exit_code = 1


def _harmless(line: str) -> str:
    # A message may quote what a traced program wrote, and whoever shows it obeys escapes.
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in line)
