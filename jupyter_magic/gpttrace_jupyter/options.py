"""The option line of a cell: read once, into one frozen value; a mistake is one sentence that says what was meant.

Options are those of the command line. They may stand anywhere; every other word belongs to the question.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal

from gpttrace.errors import UsageError
from gpttrace_jupyter.variables import fill_question

PLOT_KINDS = ("hist", "heat", "line", "bar", "flame", "icicle")
WRITERS = ("auto", "offline", "model")
AUTOMATIC = "auto"  # `--plot` without a kind: the frame says which

Do = Literal["run", "check", "dry", "runs", "stop", "show", "help"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one cell asks for. `seconds` and `every` are seconds, `which` is the run that `--stop` and `--show` mean.

    `plot` is None, a kind or `auto`; `given` are the options that were written, for those that do not go together.
    """

    do: Do = "run"
    question: str = ""
    as_kind: Literal["question", "program"] | None = None
    seconds: float | None = None
    pid: int | None = None
    comm: str | None = None
    cgroup: str | None = None
    cmd: str | None = None
    every: float | None = None
    top: int | None = None
    rows: int | None = None
    host: str | None = None
    writer: Literal["auto", "offline", "model"] = "auto"
    yes: bool = False
    name: str | None = None
    all: bool = False
    raw: bool = False
    plot: str | None = None
    quiet: bool = False
    background: bool = False
    which: str = ""
    given: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Option:
    """One option: the field that it sets, how its value is read (None: it takes none), and what is said of it."""

    flag: str
    sets: str
    words: str
    read: Callable[[str, str], Any] | None = None
    value: str = ""
    constant: Any = True
    optional: bool = False  # the value may be left out; then `constant` is meant


def _span(flag: str, text: str) -> float:
    import click

    from gpttrace.cli.options import Seconds

    try:
        return Seconds().convert(text, None, None)
    except click.UsageError as error:
        raise UsageError(f"{flag}: {error.message}") from None


def _number(flag: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 1 << 63:
        raise UsageError(f"{flag} {text!r} is no whole number above 0", hint=f"{flag} 5")
    return int(text)


def _text(flag: str, text: str) -> str:
    if not text.strip():
        raise UsageError(f"{flag} is empty", hint="give its value, or leave it out")
    return text


def _writer(flag: str, text: str) -> str:
    if text not in WRITERS:
        raise UsageError(f"{flag} {text!r}: there are {', '.join(WRITERS)}", hint=_meant(text, WRITERS))
    return text


def _kind(flag: str, text: str) -> str:
    if text not in (*PLOT_KINDS, AUTOMATIC):
        raise UsageError(f"{flag} {text!r}: there are {', '.join(PLOT_KINDS)}", hint=_meant(text, PLOT_KINDS))
    return text


def check_name(flag: str, text: str) -> str:
    """Return a name that Python can assign to; UsageError for one that it cannot."""
    if not text.isidentifier():
        raise UsageError(f"{flag} {text!r} is no name that Python could assign to", hint=f"{flag} reads")
    if keyword.iskeyword(text):
        raise UsageError(f"{flag} {text!r} is a word of Python itself", hint=f"{flag} {text}_")
    return text


OPTIONS = (
    Option("--for", "seconds", "trace for this long (10 s when the question does not say)", _span, "TIME"),
    Option("--pid", "pid", "only this process; for a program: attach its uprobes there", _number, "N"),
    Option("--comm", "comm", "only processes of this name", _text, "NAME"),
    Option("--cgroup", "cgroup", "only processes of this control group", _text, "PATH"),
    Option("--cmd", "cmd", "start this command and trace until it ends", _text, "COMMAND"),
    Option("--every", "every", "a table for each such span of time", _span, "TIME"),
    Option("--top", "top", "only the largest N rows", _number, "N"),
    Option("--rows", "rows", "end the trace after so many printed rows (a million)", _number, "N"),
    Option("--host", "host", "write and check for the machine of this host file; nothing is run", _text, "FILE"),
    Option("--writer", "writer", "who writes: auto, offline, model", _writer, "WHO"),
    Option("--check", "do", "check only: show what is found, run nothing", constant="check"),
    Option("--dry", "do", "write the program and show it, run nothing", constant="dry"),
    Option("--yes", "yes", "approve what reads people's data; take a question half understood"),
    Option("--question", "as_kind", "the cell is a question", constant="question"),
    Option("--program", "as_kind", "the cell is a program", constant="program"),
    Option("-o", "name", "put the result into this variable and do not show it", check_name, "NAME"),
    Option("--all", "all", "the value is a dict of all tables by name"),
    Option("--raw", "raw", "leave durations the integers that they were"),
    Option("--plot", "plot", "draw the result too", _kind, "KIND", AUTOMATIC, optional=True),
    Option("--quiet", "quiet", "show nothing but the result"),
    Option("--background", "background", "go on at once; the value is a handle to the running trace"),
    Option("--runs", "do", "list what runs and what was kept", constant="runs"),
    Option("--stop", "which", "stop a trace of the background, or all of them", _text, "RUN", "all", optional=True),
    Option("--show", "which", "show a kept run again (`last`, or the beginning of its id)", _text, "RUN"),
    Option("--help", "do", "show these options", constant="help"),
)  # fmt: skip
_BY_FLAG = {each.flag: each for each in OPTIONS} | {
    "--output": next(each for each in OPTIONS if each.flag == "-o"),
    "-h": next(each for each in OPTIONS if each.flag == "--help"),
}
# A quote opens only where a word or an option's value begins: `who's` is a word.
_WORD = re.compile(
    r"""(?P<flag>--?[A-Za-z][\w-]*=?)?(?P<value>"(?:\\.|[^"\\])*"(?=\s|$)|'[^']*'(?=\s|$)|\S*)""", re.DOTALL
)


def read_options(line: str, variables: Mapping[str, Any] = MappingProxyType({})) -> Wanted:
    """Read an option line, whose values may be `{name}` of a variable; UsageError says what is wrong with it in one sentence."""
    wanted, words, given = Wanted(), [], []
    tokens = list(_words(line))
    while tokens:
        raw, token = tokens.pop(0)
        flag, equals, inline = token.partition("=")
        if not _is_flag(raw, flag):
            words.append(raw)
            continue
        option = _BY_FLAG.get(flag) or _unknown(flag)
        if option.flag in given:
            raise UsageError(f"{flag} is given twice", hint="keep one of them")
        given.append(option.flag)
        value = _value_of(option, equals, inline, tokens)
        if option.read is not None and isinstance(value, str):
            value = option.read(option.flag, fill_question(value, variables))
        wanted = _set(wanted, option, value)
    question = _unquoted(" ".join(words))
    return _coherent(replace(wanted, question=question, given=frozenset(given)))


def _words(line: str) -> Iterator[tuple[str, str]]:
    """Yield each word as it was written and without its quotes."""
    for match in _WORD.finditer(line.strip()):
        if not match[0]:
            continue
        flag, value = match["flag"] or "", match["value"]
        if flag and not flag.endswith("=") and value:  # `-o` inside a word such as `--99x"`
            yield match[0], match[0]
            continue
        yield match[0], flag + _unquoted(value)


def _is_flag(raw: str, flag: str) -> bool:
    return raw[:1] == "-" and re.fullmatch(r"--?[A-Za-z][\w-]*", flag) is not None


def _unquoted(text: str) -> str:
    if (
        len(text) > 1
        and text[0] == text[-1]
        and text[0] in "'\""
        and text[0] not in text[1:-1].replace('\\"', "")
    ):
        inner = text[1:-1]
        return re.sub(r"\\([\"\\])", r"\1", inner) if text[0] == '"' else inner
    return text


def _value_of(option: Option, equals: str, inline: str, tokens: list[tuple[str, str]]) -> Any:
    """Return the value as it was written, or what the option alone means."""
    if option.read is None:
        if equals:
            raise UsageError(f"{option.flag} takes no value", hint=f"write {option.flag} alone")
        return option.constant
    if equals:
        return _closed(option.flag, inline)
    follows = tokens[0] if tokens else None
    if option.optional:
        if follows is None or not _fits(option, *follows):
            return option.constant
    elif follows is None or _is_flag(follows[0], follows[1].partition("=")[0]):
        raise UsageError(f"{option.flag} needs a value", hint=f"{option.flag} {option.value}")
    return _closed(option.flag, tokens.pop(0)[1])


def _closed(flag: str, value: str) -> str:
    if value[:1] in ("'", '"'):
        raise UsageError(
            f"{flag} {value} opens a quote that is never closed", hint="close it, or leave it out"
        )
    return value


def _fits(option: Option, raw: str, word: str) -> bool:
    """Tell whether the next word is the value of an option that needs none: a kind of plot, or a run."""
    if raw[:1] == "-":
        return False
    return option.flag != "--plot" or word in PLOT_KINDS


def _set(wanted: Wanted, option: Option, value: Any) -> Wanted:
    if option.sets == "do" and wanted.do != "run":
        raise UsageError(f"{option.flag} and --{wanted.do} do not go together", hint="keep one of them")
    if option.sets == "as_kind" and wanted.as_kind is not None:
        raise UsageError("--question and --program do not go together", hint="keep one of them")
    changed: dict[str, Any] = {option.sets: value}
    if option.sets == "which":
        changed["do"] = option.flag.removeprefix("--")
    return replace(wanted, **changed)


def _coherent(wanted: Wanted) -> Wanted:
    """Refuse what cannot be meant together."""
    if wanted.background and wanted.do != "run":
        raise UsageError(f"--background runs, --{wanted.do} does not", hint="keep one of them")
    if wanted.background and wanted.plot:
        raise UsageError("--background has nothing to plot yet", hint="later: handle.frame.gpttrace.plot()")
    if wanted.all and wanted.plot:
        raise UsageError("--plot draws one table, --all gives all", hint='frames["@name"].gpttrace.plot()')
    if wanted.do in ("runs", "stop", "show", "help") and wanted.question:
        raise UsageError(f"--{wanted.do} takes no question", hint=f"%gpttrace --{wanted.do}")
    return wanted


def _unknown(flag: str) -> Option:
    near = _meant(flag, tuple(_BY_FLAG))
    raise UsageError(f"there is no option {flag}", hint=near or "%gpttrace --help lists them")


def _meant(text: str, known: tuple[str, ...]) -> str | None:
    near = get_close_matches(text, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else None


def help_text() -> str:
    """Return how the magic is used, with every option."""
    head = "%%gpttrace [options] with a question or a bpftrace program in the cell, or: %gpttrace [options] QUESTION\n"
    lines = []
    for each in OPTIONS:
        value = f" [{each.value}]" if each.optional else f" {each.value}" if each.value else ""
        lines.append(f"  {each.flag + value:<16} {each.words}")
    return "\n".join([head, *lines])
