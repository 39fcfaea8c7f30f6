"""Reading a program from a file or standard input: what is no bpftrace source is said once, clearly, before anything runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from gpttrace.errors import ProgramRejected, UsageError

MOST_BYTES = 1_000_000
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """Program text and the name by which messages call it (`-` is standard input)."""

    name: str
    text: str


def read_source(path: str, *, any_line_ends: bool = False) -> SourceFile:
    """Read `path` (or `-`); UsageError when it cannot be read, ProgramRejected when it is no program text.

    Windows line ends are refused unless `any_line_ends`: who only looks at a program may have them.
    """
    name = "standard input" if path == "-" else path
    data = _read_bytes(path)
    if len(data) > MOST_BYTES:
        raise ProgramRejected(
            f"{name} is larger than {MOST_BYTES // 1_000_000} MB, which no bpftrace program is",
            hint="give the program's own file, not its output",
        )
    if data.startswith(_BOM):
        raise ProgramRejected(
            f"{name} begins with a byte order mark, which bpftrace does not accept",
            hint=f"remove it: sed -i '1s/^\\xef\\xbb\\xbf//' {path}",
        )
    if b"\0" in data:
        raise ProgramRejected(
            f"{name} is a binary file", hint="give a text file with a bpftrace program (.bt)"
        )
    if b"\r" in data and not any_line_ends:
        raise ProgramRejected(
            f"{name} has Windows line ends (CR LF), with which bpftrace counts lines wrongly",
            hint=f"convert it: sed -i 's/\\r$//' {path}",
        )
    text = _decode(name, data)
    if not text.strip():
        raise ProgramRejected(f"{name} is empty", hint='a program looks like: BEGIN { printf("hello\\n"); }')
    return SourceFile(name, text)


def _read_bytes(path: str) -> bytes:
    try:
        if path == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        hint = "give a file, `-` for standard input, or -e 'PROGRAM'"
        raise UsageError(f"there is no file {path}", hint=hint) from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder", hint=f"give one of its files: ls {path}/*.bt") from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", hint=f"look at its rights: ls -l {path}"
        ) from error


def _decode(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProgramRejected(
            f"{name}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x})",
            hint="save the file as UTF-8",
        ) from None
