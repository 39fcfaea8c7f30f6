"""Fixes of syntax errors: what is missing is put in, what means nothing is taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from gpttrace.language import Finding
from gpttrace.language import nodes as n
from gpttrace.language.reference import PROBE_KINDS
from gpttrace_lsp.actions.fix import Fix, Fixer, line_end, one, with_statement

if TYPE_CHECKING:
    from gpttrace_lsp.look import Look

_EXPECTED = re.compile(r"expected `(.)`")
_C_WORD = r"(?:unsigned|signed|long|short|int|char)"
_C_TYPE = re.compile(rf"\b{_C_WORD}(?:\s+{_C_WORD})+\b")
_BRACES = re.compile(r"\{([^{}]*)\}")


def _here(look: Look, finding: Finding) -> str:
    return look.text[finding.start : finding.end]


def _behind_last(look: Look, offset: int) -> int:
    """Return where the last token before a place ends; comments are no tokens."""
    text, ends = look.text, {each.end: each.start for each in look.tree.comments}
    while True:
        while offset > 0 and text[offset - 1].isspace():
            offset -= 1
        if offset not in ends:
            return offset
        offset = ends[offset]


def comparison(look: Look, finding: Finding) -> Iterator[Fix]:
    """`=` in a condition."""
    yield one("Compare with `==`", finding.start, finding.end, "==", sure=True)


def semicolon(look: Look, finding: Finding) -> Iterator[Fix]:
    """A `;` that is missing before the place."""
    at = _behind_last(look, finding.start)
    yield one("Add the missing `;`", at, at, ";", sure=True)


def removed(look: Look, finding: Finding) -> Iterator[Fix]:
    """Text that means nothing where it stands."""
    start = finding.start
    if (
        look.text[max(start - 1, 0) : start] in (" ", "\t")
        and look.text[finding.end : finding.end + 1].isspace()
    ):
        start -= 1
    yield one(
        f"Remove `{_short(_here(look, finding))}`",
        start,
        finding.end,
        "",
        sure=finding.code != "expected-probe",
    )


def block(look: Look, finding: Finding) -> Iterator[Fix]:
    """A probe without its block."""
    end = _behind_last(look, finding.end)
    yield one("Add `{ }`", end, end, " { }", sure=True)


def bracket(look: Look, finding: Finding) -> Iterator[Fix]:
    """A bracket, or the `/` of a predicate, that is not closed."""
    found = _EXPECTED.search(finding.message)
    if found is None:
        return
    mark = found[1]
    at = _behind_last(look, finding.start)
    yield one(f"Close it with `{mark}`", at, at, mark, sure=True)
    if mark == "}":
        end = len(look.text.rstrip())
        yield one("Close it at the end with `}`", end, end, f"{line_end(look.text)}}}{line_end(look.text)}")


def string_end(look: Look, finding: Finding) -> Iterator[Fix]:
    """A string that is not closed before its line ends."""
    yield one('Close the string with `"`', finding.end, finding.end, '"', sure=True)


def comment_end(look: Look, finding: Finding) -> Iterator[Fix]:
    """A comment that is never closed."""
    _, end = look.lines.line_span(look.lines.line_of(finding.start))
    yield one("Close the comment with `*/`", end, end, " */", sure=True)


def space(look: Look, finding: Finding) -> Iterator[Fix]:
    """A predicate that stands against the name before it."""
    yield one("Put a space before the predicate", finding.start, finding.start, " ", sure=True)


def listed(look: Look, finding: Finding) -> Iterator[Fix]:
    """`{a,b}` in an attach point."""
    points = (point for probe in look.tree.probes for point in probe.points)
    point = next((each for each in points if each.start <= finding.start < each.end), None)
    if point is None:
        return
    parts = _BRACES.split(point.text)
    choices = [part.split(",") if at % 2 else [part] for at, part in enumerate(parts)]
    names = ["".join(each).replace(" ", "") for each in product(*choices)]
    if 1 < len(names) <= 64:
        text = f",{line_end(look.text)}".join(names)
        yield one("Write the attach points out", point.start, point.end, text, sure=True, naming=True)


def joined_lines(look: Look, finding: Finding) -> Iterator[Fix]:
    """A `#` line that goes on in the next one."""
    end = finding.end
    while look.text[end : end + 1] in ("\r", "\n"):
        end += 1
    yield one("Put it on one line", finding.start, end, "", sure=True)


def escape(look: Look, finding: Finding) -> Iterator[Fix]:
    """A backslash that begins no escape."""
    yield one("Write the backslash itself: `\\\\`", finding.start, finding.start, "\\", sure=True)


def decimal(look: Look, finding: Finding) -> Iterator[Fix]:
    """A number with a 0 in front that is not octal."""
    number = _here(look, finding).lstrip("0")
    if number.isdecimal():
        yield one(f"Write `{number}`", finding.start, finding.end, number, sure=True)


def variable(look: Look, finding: Finding) -> Iterator[Fix]:
    """A name where a variable must be."""
    if _here(look, finding).isidentifier():
        yield one(f"Write `${_here(look, finding)}`", finding.start, finding.start, "$", sure=True)


def quoted(look: Look, finding: Finding) -> Iterator[Fix]:
    """A word where a string must be."""
    word = _here(look, finding)
    if re.fullmatch(r"[\w./-]+", word):
        yield one(f'Write `"{word}"`', finding.start, finding.end, f'"{word}"', sure=True)


def parentheses(look: Look, finding: Finding) -> Iterator[Fix]:
    """A condition without parentheses."""
    yield one("Put it in parentheses", finding.start, finding.end, f"({_here(look, finding)})", sure=True)


def definition_first(look: Look, finding: Finding) -> Iterator[Fix]:
    """A C definition behind a probe."""
    if not look.tree.probes:
        return
    start, end = finding.start, finding.end
    if look.text[end : end + 2] == "\r\n":
        end += 2
    elif look.text[end : end + 1] == "\n":
        end += 1
    first = look.tree.probes[0].start
    moved = f"{_here(look, finding).rstrip()}{line_end(look.text)}"
    yield Fix("Move it before the first probe", ((first, first, moved), (start, end, "")), sure=True)


def probe_for_block(look: Look, finding: Finding) -> Iterator[Fix]:
    """A block that belongs to no probe."""
    word = "begin" if look.study.since("0.24") else "BEGIN"
    yield one(f"Make it a `{word}` probe", finding.start, finding.start, f"{word} ")


def probe_kind(look: Look, finding: Finding) -> Iterator[Fix]:
    """A word that is no type of probe, but looks like one."""
    from difflib import get_close_matches

    kinds = [kind for kind in PROBE_KINDS if len(kind) > 2]
    for near in get_close_matches(_here(look, finding), kinds, 2, 0.6):
        yield one(f"Write `{near}`", finding.start, finding.end, near, naming=True)


def exit_for_nothing(look: Look, finding: Finding) -> Iterator[Fix]:
    """A probe that does nothing."""
    probe = next((each for each in look.tree.probes if each.start <= finding.start < each.end), None)
    if (
        probe is not None
        and not probe.body.body
        and not any(
            isinstance(node, n.Map) and node.name == "@" for nodes in look.study.nodes for node in nodes
        )
    ):
        yield Fix("Count its events: `@ = count();`", tuple(with_statement(look, probe.body, "@ = count()")))


def one_word(look: Look, finding: Finding) -> Iterator[Fix]:
    """A C type of several words."""
    for found in _C_TYPE.finditer(look.text):
        if found.start() <= finding.start < found.end():
            words = found[0].split()
            bits = 8 if "char" in words else 16 if "short" in words else 64 if "long" in words else 32
            word = f"{'u' if 'unsigned' in words else ''}int{bits}"
            yield one(f"Write `{word}`", *found.span(), word, sure=True)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 30 else line[:29] + "…"


FIXERS: dict[str, Fixer] = {
    "assignment-in-condition": comparison,
    "expected-semicolon": semicolon,
    "empty-statement": removed,
    "unmatched-bracket": removed,
    "unexpected-character": removed,
    "expected-probe": removed,
    "expected-block": block,
    "unclosed-bracket": bracket,
    "unclosed-predicate": bracket,
    "unterminated-string": string_end,
    "unterminated-comment": comment_end,
    "predicate-needs-space": space,
    "brace-list": listed,
    "continued-line": joined_lines,
    "bad-escape": escape,
    "bad-integer": decimal,
    "bad-type": one_word,
    "expected-variable": variable,
    "expected-string": quoted,
    "missing-parentheses": parentheses,
    "misplaced-definition": definition_first,
    "no-attach-point": probe_for_block,
    "unknown-probe": probe_kind,
    "empty-probe": exit_for_nothing,
}
