"""Fixes of calls, formats, settings and rates: where the finding says which value is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpttrace.language import Finding
from gpttrace.language import nodes as n
from gpttrace.language.reference import AGGREGATIONS, FUNCTIONS
from gpttrace_lsp.actions.fix import Fix, Fixer, around, exactly, one, text_of

if TYPE_CHECKING:
    from gpttrace_lsp.look import Look

_WRITE = re.compile(r"^write `([^`…]+)`")
_SPECIFIER = re.compile(r"%%|%-?[0-9]*(?:\.[0-9]+)?(?:hh|h|ll|l)?[A-Za-z]")
_LIMIT = re.compile(r"(?:set it to|with) (\d+) or (?:less|fewer)")
_KIND = re.compile(r"declare it as (\w+)")
_RATE = re.compile(r"use (profile:hz:\d+|interval:\w+:\d+)")
_UNKNOWN = re.compile(r"^`(%\w+)`")


def format_type(look: Look, finding: Finding) -> Iterator[Fix]:
    """An argument that does not fit its place in the format: the place, or what reads the argument, is changed."""
    found = _WRITE.match(finding.hint or "")
    if found is None:
        return
    if not found[1].startswith("%"):
        yield one(f"Write `{found[1]}`", finding.start, finding.end, found[1], sure=True)
        return
    call = next(
        (each for each in reversed(look.path(finding.start)) if isinstance(each, n.Call) and _formats(each)),
        None,
    )
    place = _place(look, call, finding) if call is not None else None
    if place is not None:
        yield one(f"Write `{found[1]}`", *place, found[1], sure=True)


def _formats(call: n.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], n.String)


def _place(look: Look, call: n.Call, finding: Finding) -> tuple[int, int] | None:
    number = next((at for at, each in enumerate(call.args) if each.start <= finding.start < each.end), 0)
    literal = text_of(look, call.args[0])
    places = [each.span() for each in _SPECIFIER.finditer(literal) if each[0] != "%%"]
    if not 0 < number <= len(places):
        return None
    start, end = places[number - 1]
    return call.args[0].start + start, call.args[0].start + end


def known_format(look: Look, finding: Finding) -> Iterator[Fix]:
    """A format specifier that does not exist: whole numbers are `%d`."""
    found = _UNKNOWN.match(finding.message)
    at = look.text.find(found[1], finding.start, finding.end) if found is not None else -1
    if found is not None and at >= 0:
        yield one("Write `%d`", at, at + len(found[1]), "%d")


def fewer_arguments(look: Look, finding: Finding) -> Iterator[Fix]:
    """A call with more arguments than its function takes."""
    call = around(look, finding.start, n.Call)
    known = FUNCTIONS.get(call.name) or AGGREGATIONS.get(call.name) if call is not None else None
    if call is None or known is None or known.most < 0 or len(call.args) <= known.most:
        return
    start = call.args[known.most - 1].end if known.most else call.args[0].start
    yield one("Remove what it does not take", start, call.args[-1].end, "", sure=True)


def dropped_value(look: Look, finding: Finding) -> Iterator[Fix]:
    """A function that gives nothing, assigned to something."""
    assign = around(look, finding.start, n.Assign)
    if assign is not None and (assign.value.start, assign.value.end) == (finding.start, finding.end):
        yield one("Call it without keeping a value", assign.start, assign.value.start, "", sure=True)


def map_for_variable(look: Look, finding: Finding) -> Iterator[Fix]:
    """An aggregation that is assigned to a variable."""
    assign = around(look, finding.start, n.Assign)
    if assign is not None and isinstance(assign.target, n.Variable):
        name = f"@{assign.target.name}"
        yield one(f"Keep it in the map `{name}`", assign.target.start, assign.target.end, name)


def returned(look: Look, finding: Finding) -> Iterator[Fix]:
    """A `break` or `continue` outside of a loop."""
    yield one("Leave the probe with `return`", finding.start, finding.end, "return")


def padded(look: Look, finding: Finding) -> Iterator[Fix]:
    """Strings of different length behind `?`."""
    node = exactly(look, finding, n.Ternary)
    if node is None or not isinstance(node.then, n.String) or not isinstance(node.other, n.String):
        return
    longest = max(len(node.then.value), len(node.other.value))
    short = node.then if len(node.then.value) < longest else node.other
    yield one("Pad the shorter one", short.end - 1, short.end - 1, " " * (longest - len(short.value)))


def whole_point(look: Look, finding: Finding) -> Iterator[Fix]:
    """`profile:99` and `interval:1`, whose unit is missing."""
    kind, _, number = look.text[finding.start : finding.end].partition(":")
    unit = {"profile": "hz", "p": "hz", "interval": "s", "i": "s"}.get(kind)
    if unit is not None and number.isdecimal():
        yield one(
            f"Write `{kind}:{unit}:{number}`",
            finding.start,
            finding.end,
            f"{kind}:{unit}:{number}",
            sure=True,
        )


def allowed_rate(look: Look, finding: Finding) -> Iterator[Fix]:
    """A timer that is faster than the policy allows."""
    found = _RATE.search(finding.hint or "")
    if found is not None:
        yield one(f"Write `{found[1]}`", finding.start, finding.end, found[1])


def allowed_number(look: Look, finding: Finding) -> Iterator[Fix]:
    """A size above what the policy allows."""
    found = _LIMIT.search(finding.hint or "")
    numbers = list(re.finditer(r"\b\d[\w]*\b", look.text[finding.start : finding.end]))
    if found is not None and numbers:
        start, end = (finding.start + each for each in numbers[-1].span())
        yield one(f"Write `{found[1]}`", start, end, found[1])


def map_kind(look: Look, finding: Finding) -> Iterator[Fix]:
    """A map declared as a kind that does not fit what it holds."""
    found = _KIND.search(finding.hint or "")
    word = re.compile(r"=\s*(\w+)").search(look.text, finding.start, finding.end)
    if found is not None and word is not None:
        yield one(f"Declare it as `{found[1]}`", *word.span(1), found[1], sure=True)


FIXERS: dict[str, Fixer] = {
    "format-type": format_type,
    "unknown-format": known_format,
    "argument-count": fewer_arguments,
    "no-value": dropped_value,
    "misplaced-aggregation": map_for_variable,
    "misplaced-jump": returned,
    "unequal-strings": padded,
    "bad-attach-point": whole_point,
    "policy-rate": allowed_rate,
    "policy-setting": allowed_number,
    "policy-map-size": allowed_number,
    "bad-map-declaration": map_kind,
}
