"""What a cell holds: a question or a program, told apart by the parser of the language, with the notebook's variables put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gpttrace.errors import UsageError
from gpttrace.language import parse
from gpttrace.language.nodes import Probe
from gpttrace.language.reference import PROBE_KINDS
from gpttrace_jupyter.options import Wanted
from gpttrace_jupyter.variables import fill_program, fill_question

_WORDY = {
    "BEGIN",
    "END",
    "begin",
    "end",
    "self",
    "test",
    "bench",
    "TEST",
    "BENCH",
}  # may stand without a colon
# The head of a probe: a kind that bpftrace has, or something that is only spelled like one, with a body.
_HEAD = re.compile(
    rf"\s*(?:(?:{'|'.join(sorted(PROBE_KINDS, key=len, reverse=True))}):\S|(?:{'|'.join(_WORDY)})\s*[{{/,]"
    r"|\w+:[^\s{}]+[^{}]*\{)"
)
_EXAMPLES = 'a question: "count syscalls by process", or a program: BEGIN { printf("hello\\n"); }'


@dataclass(frozen=True, slots=True)
class Cell:
    """The text that counts, what it is, and how many lines of the cell stand above it."""

    text: str
    kind: Literal["question", "program"]
    above: int = 1


def read_cell(body: str, wanted: Wanted, variables: Mapping[str, Any], *, above: int = 1) -> Cell:
    """Return what the cell asks for; UsageError when it is empty, or holds a question and a program at once."""
    if body.strip() and wanted.question:
        raise UsageError(
            "there is a question on the line and something in the cell as well",
            hint=f"keep one; or was an option meant by `{wanted.question.split()[0]}`?",
        )
    text = body if body.strip() else wanted.question
    if not text.strip():
        raise UsageError("the cell is empty", hint=f"write {_EXAMPLES}")
    kind = wanted.as_kind or _kind_of(text)
    if kind == "question":
        return Cell(fill_question(" ".join(text.split()), variables), "question", above)
    return Cell(fill_program(text, variables), "program", above)


def _kind_of(text: str) -> Literal["question", "program"]:
    if looks_like_program(text):
        return "program"
    if any(_HEAD.match(line) and "{" in text for line in text.splitlines()[1:]):
        raise UsageError(
            "the cell holds a question and a program",
            hint="keep one of them; words about a program stand behind //",
        )
    return "question"


def looks_like_program(text: str) -> bool:
    """Tell whether a text is meant as bpftrace source, right or wrong."""
    tree = parse(text)
    if tree.shebang is not None or (tree.ok and tree.items):
        return True
    if not tree.items:
        return text.lstrip().startswith(("//", "/*"))
    first = tree.items[0]
    if not isinstance(first, Probe):
        return True
    return _HEAD.match(text, first.start) is not None
