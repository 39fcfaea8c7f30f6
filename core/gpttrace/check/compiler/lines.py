"""bpftrace's output -> one `Said` for each thing that it says, with its hint, its related places and the kernel's log.

Knows the shapes of lines, not their meaning: located, plain, clang's, LLVM's, a kernel log, the source that is echoed under a
message. A line that 0.17 glues to the one before is cut off it; an echoed source line is never taken for a message.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass, field
from typing import Literal

from gpttrace.language.source import Source

STDIN = "stdin"
DEFINITIONS = "definitions.h"
_WORDS = {
    "WARNING": "warning", "warning": "warning", "INFO": "note", "DEBUG": "note", "note": "note",
}  # fmt: skip
_LOCATED = re.compile(
    r"(?P<file>\S(?:.*?\S)?):(?P<first>\d+)(?:-(?P<last>\d+))?(?::(?P<column>\d+)(?:-(?P<stop>\d+))?)?"
    r": (?P<word>ERROR|WARNING|INFO|FATAL|DEBUG|BUG|fatal error|error|warning|note): ?(?P<text>.*)"
)
_PLAIN = re.compile(
    r"(?P<word>ERROR|WARNING|INFO|FATAL|DEBUG|BUG|error|terminate called|LLVM ERROR): ?(?P<text>.*)"
    r"|(?P<abort>No probes to attach|bpftrace: .*Assertion .*|terminate called.*|std::bad_alloc.*|.*: out of memory.*)"
)
_LLVM = re.compile(r"<unknown>:0:0: in function (?P<name>\S+) .*?: (?P<text>[A-Z].*)")
_HINT = re.compile(r"\s*HINT: (?P<text>.*)")
_LOG = re.compile(r"(?:Kernel e|E)rror log:\s?")
_RELATED = re.compile(
    r"expanded from|Initial declaration|This is the initial declaration|(left|right) \(.*\)$|The closest definition of"
)
_ERRNO_TEXTS = "|".join(
    sorted({re.escape(os.strerror(number)) for number in errno.errorcode}, key=len, reverse=True)
)
# 0.17 writes this without an end of line; what follows is a message of its own.
_GLUED = re.compile(rf"Error while reading traceable functions from \S+: (?:{_ERRNO_TEXTS})")
_AFTER_LOG = ("ERROR", "WARNING", "FATAL", "BUG", "error", "Error", "Kernel", "terminate", "HINT", "stdlib")
_MARKS = re.compile(r"[ ~]*")
_ERRNO = re.compile(rf"(?P<what>\S.*?): (?P<why>{_ERRNO_TEXTS})(?: \(-?\d+\))?")

Word = Literal["error", "warning", "note"]


@dataclass(slots=True)
class Said:
    """One message. `file` is None for one without a place; lines and columns count from 1, columns in bytes, `stop` exclusive.

    `column` is None when only lines are known; `function` is LLVM's name of the probe; `why` is the errno line that came before.
    """

    word: Word
    text: str
    file: str | None = None
    first: int = 0
    last: int = 0
    column: int | None = None
    stop: int | None = None
    hint: str | None = None
    function: str | None = None
    why: str | None = None
    log: str = ""
    related: list[Said] = field(default_factory=list)


def read_lines(text: str, program: str, name: str = STDIN) -> list[Said]:
    """Read what bpftrace printed about `program`, which it calls `name`."""
    reader = _Reader(Source(program), name)
    for line in text.split("\n"):
        reader.take(line.rstrip("\r"))
    return reader.done()


class _Reader:
    def __init__(self, source: Source, name: str) -> None:
        self.source, self.name = source, name
        self.found: list[Said] = []
        self.echo: list[str | None] = []  # what may stand under the last message; None is any line
        self.log: list[str] | None = None
        self.why: str | None = None

    def take(self, line: str) -> None:
        if self._is_echo(line):
            return
        if self.log is not None and not line.startswith(_AFTER_LOG) and self.name not in line:
            self.log.append(line)  # a log may have 200,000 lines
            return
        if glued := _GLUED.match(line):
            line = line[glued.end() :]
        if said := self._message(line):
            self._close_log()
            self._keep(said)
        elif hint := _HINT.fullmatch(line):
            self._hint(hint["text"])
        elif log := _LOG.match(line):
            self.log = [line[log.end() :]]
        elif self.log is not None:
            self.log.append(line)
        elif reason := _ERRNO.fullmatch(line):
            self.why = reason["why"]

    def done(self) -> list[Said]:
        self._close_log()
        return self.found

    def _is_echo(self, line: str) -> bool:
        if not self.echo:
            return False
        expected = self.echo.pop(0)
        marks = expected is None and _MARKS.fullmatch(line) is not None
        same = marks or (expected is not None and line in (expected, expected.replace("\t", "    ")))
        if not same:
            self.echo = []
        return same

    def _message(self, line: str) -> Said | None:
        if (at := _LOCATED.fullmatch(line)) and not line.startswith(("error: <unknown>", "ERROR: ")):
            last, column, stop = at["last"], at["column"], at["stop"]
            return Said(
                _word(at["word"]), at["text"], at["file"], int(at["first"]), int(last or at["first"]),
                int(column) if column else None, int(stop) if stop else None,
            )  # fmt: skip
        if (plain := _PLAIN.fullmatch(line)) is None:
            return None
        if plain["abort"] is not None:
            return Said("error", plain["abort"])
        if inside := _LLVM.fullmatch(plain["text"]):
            return Said("error", inside["text"], function=inside["name"])
        return Said(_word(plain["word"]), plain["text"])

    def _keep(self, said: Said) -> None:
        self._expect_echo(said)
        if said.word == "note":
            return
        if said.file is None:
            said.why, self.why = self.why, None
        if self.found and _RELATED.match(said.text) and said.file is not None:
            self.found[-1].related.append(said)
        else:
            self.found.append(said)

    def _expect_echo(self, said: Said) -> None:
        self.echo = []
        if said.file == self.name:
            lines = range(said.first, min(said.last, self.source.lines) + 1)
            self.echo = [self.source.line_text(line) for line in lines]
            self.echo += [None] if said.column is not None else []

    def _hint(self, text: str) -> None:
        if self.found:
            before = self.found[-1].hint
            self.found[-1].hint = f"{before} {text.strip()}" if before else text.strip()

    def _close_log(self) -> None:
        # 0.17 prints the log before it names the program, later ones after.
        if self.log is None:
            return
        text, self.log = "\n".join(self.log).strip("\n"), None
        if self.found and "loading BPF program" in self.found[-1].text:
            self.found[-1].log = text
        else:
            self.found.append(Said("note", "", log=text))


def _word(word: str) -> Word:
    return _WORDS.get(word, "error")  # type: ignore[return-value]
