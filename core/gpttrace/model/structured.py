"""Structured: the JSON object, or the programs, in what a model wrote, however much prose stands around; nothing is mended."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, NoReturn

from gpttrace.model.clean import clean

_BEGINS = re.compile(r'\{\s*(?:"|\}|//|/\*|#|\'|[A-Za-z_]\w*\s*:\s*["{\[])')
_LONGEST = 16_384  # characters of one program
_MOST_BROKEN = 50  # objects that were begun and are none, before the rest is left alone
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}]', re.DOTALL)
_PROGRAM = re.compile(
    r"(?:^|[\s;}'\"])(?:BEGIN|END|begin|end"
    r"|(?:kprobe|kretprobe|tracepoint|rawtracepoint|uprobe|uretprobe|usdt|profile|interval|software|hardware"
    r"|fentry|fexit|kfunc|kretfunc|iter|watchpoint|asyncwatchpoint|self|bench|test|[kturpishf]|kr|ur|fr|rt|it|w|aw):[^\s{,]++)"
    r"(?:\s*+,\s*+[^\s{,]++)*+\s*+(?:/[^\n]*/)?\s*+\{",
)
_COMMAND = re.compile(r"bpftrace\b[^\n]*?\s-e\s+'([^']*)'")


def read_json(
    text: str, *, wanted: Collection[str] = (), finish: str = "stop"
) -> tuple[dict[str, Any] | None, str | None]:
    """Return the last complete JSON object that has the wanted keys, or None and what is wrong, with its line and column.

    `finish` is the reply's: `length` says that the text was cut. Texts inside the object come clean.
    """
    objects, problems = _objects(text)
    fitting = [each for each in objects if set(wanted) <= set(each)]
    if fitting:
        return _clean_all(fitting[-1]), None
    if finish == "length":
        return None, "the answer was cut off at its greatest length before its JSON object was complete"
    if problems:
        return None, problems[-1]
    if objects:
        missing = ", ".join(sorted(set(wanted) - set(objects[-1])))
        return None, f"the JSON object lacks: {missing}"
    return None, "there is no JSON object in the answer" if text.strip() else "the answer is empty"


def _objects(text: str) -> tuple[list[dict[str, Any]], list[str]]:
    decoder = json.JSONDecoder(strict=False, parse_constant=_no_constant)
    found: list[dict[str, Any]] = []
    problems: list[str] = []
    at = 0
    while len(problems) < _MOST_BROKEN and (begin := _BEGINS.search(text, at)):
        try:
            value, at = decoder.raw_decode(text, begin.start())
            found.append(value)
        except (ValueError, RecursionError) as error:
            # What stands inside a broken object is not the answer.
            end = _end(text, begin.start())
            problems.append(_problem(text, error, begin.start(), end is None))
            if end is None:
                break
            at = end
    return found, problems


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _end(text: str, begin: int) -> int | None:
    depth = 0
    for part in _STRING.finditer(text, begin):
        depth += {"{": 1, "}": -1}.get(part[0], 0)
        if depth == 0:
            return part.end()
    return None


def _problem(text: str, error: Exception, begin: int, cut: bool) -> str:
    if cut:
        return f"the JSON object that begins at {_place(text, begin)} is not complete"
    if isinstance(error, RecursionError):
        return f"the JSON object that begins at {_place(text, begin)} is nested too deep"
    if not isinstance(error, json.JSONDecodeError):
        return f"the JSON object that begins at {_place(text, begin)} is not valid: {error}"
    # 3.13 names the trailing comma, older ones what they wanted after it.
    before = text[begin : error.pos].rstrip()
    rest = text[error.pos :].lstrip()
    if rest.startswith(("//", "/*", "#")):
        what = "a comment"
    elif (before.endswith(",") and rest[:1] in "}]") or rest[:1] == ",":
        what = "a comma that nothing follows"
    else:
        what = error.msg[:1].lower() + error.msg[1:]
    return f"the JSON is not valid at {_place(text, error.pos)}: {what}"


def _place(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


def _clean_all(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _clean_all(each) for name, each in value.items()}
    return [_clean_all(each) for each in value] if isinstance(value, list) else value


def programs_in(text: str) -> list[str]:
    """Return the bpftrace programs in the fenced blocks of an answer, in their order; also those given to `bpftrace -e '…'`."""
    found: list[str] = []
    for block in (each for each in _blocks(clean(text)) if len(each) <= _LONGEST):
        commands = _COMMAND.findall(block)
        found += commands or ([block.strip("\n")] if _PROGRAM.search(block) else [])
    return [each for each in found if _PROGRAM.search(each)]


def _blocks(text: str) -> Iterator[str]:
    mark, lines = "", list[str]()
    for line in text.split("\n"):
        bare = line.strip()
        if not mark:
            opening = re.match(r"(`{3,}|~{3,})[^`]*$", bare)
            mark = opening[1] if opening else ""
        elif bare.startswith(mark) and not bare.strip(mark[0]):
            yield "\n".join(lines)
            mark, lines = "", []
        else:
            lines.append(line)
