"""Completion in IPython: options on the magic's line, and in a program what may stand there on this machine.

Where the magic is, IPython's own matchers have nothing to say and are left out.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from gpttrace.errors import GpttraceError
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace_jupyter.completing import completions
from gpttrace_jupyter.options import OPTIONS, PLOT_KINDS, WRITERS

_MAGIC = re.compile(r"\s*%{1,2}gpttrace\b(?=\s)")
_VALUES = {"--writer": WRITERS, "--plot": PLOT_KINDS}
_PROGRAM = re.compile(
    r"[:{}@/\"]|^\s*[a-zA-Z]*$"
)  # what is typed looks like a program, or may still become one


def install(shell: Any) -> None:
    """Add our matcher to a shell."""
    if getattr(shell, "Completer", None) is not None and _matcher() not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(_matcher())


def remove(shell: Any) -> None:
    """Take it away again."""
    if getattr(shell, "Completer", None) is not None and _matcher() in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(_matcher())


@cache
def _matcher() -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher()  # type: ignore[untyped-decorator]  # IPython is not typed here
    def gpttrace_matcher(context: Any) -> dict[str, Any]:
        text = context.full_text
        if _MAGIC.match(text) is None and _line_magic(context) is None:
            return {"completions": [], "suppress": False}
        fragment, found = complete(text, _offset(text, context.cursor_line, _column(context)))
        return {
            "completions": [SimpleCompletion(text=each, type=kind) for each, kind in found],
            "matched_fragment": fragment,
            "suppress": True,
            "ordered": True,
        }

    return gpttrace_matcher


def _column(context: Any) -> int:
    return int(context.cursor_position)


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return sum(len(each) + 1 for each in lines[:line]) + column


def _line_magic(context: Any) -> re.Match[str] | None:
    return _MAGIC.match(context.full_text.split("\n")[context.cursor_line])


def complete(text: str, at: int) -> tuple[str, list[tuple[str, str]]]:
    """Return what stands before the cursor and is replaced, and (text, kind) of what may replace it."""
    line_start = text.rfind("\n", 0, at) + 1
    line = text[line_start:at]
    if _MAGIC.match(line):
        return _options(line)
    start = text.index("\n") + 1
    if start > at:
        return "", []
    body, place = text[start:], at - start
    if _PROGRAM.search(body) is None:
        return "", []
    found = completions(body, place, _host(_host_file(text[:start])))
    first = found[0].start if found else place
    return body[first:place], [(each.text, each.kind) for each in found]


def _options(line: str) -> tuple[str, list[tuple[str, str]]]:
    words = line.split(" ")
    word, before = words[-1], words[-2] if len(words) > 1 else ""
    if before in _VALUES and not word.startswith("-"):
        return word, [(each, "param") for each in _VALUES[before] if each.startswith(word)]
    if not word.startswith("-"):
        return word, []
    given = set(words[:-1])
    return word, [
        (each.flag, "param") for each in OPTIONS if each.flag.startswith(word) and each.flag not in given
    ]


def _host_file(line: str) -> str | None:
    match = re.search(r"--host[ =](\S+)", line)
    return match[1] if match else None


@cache
def _host(file: str | None) -> Host:
    if file is not None:
        try:
            return Host.load(Path(file).expanduser())
        except GpttraceError:
            pass
    return Host.local(Settings.load())
