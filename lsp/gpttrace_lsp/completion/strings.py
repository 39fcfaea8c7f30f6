"""What helps inside a string: conversions of a format, clock formats, names of signals, registers, symbols; elsewhere nothing."""

from __future__ import annotations

import re

from gpttrace.host import Host
from gpttrace.language import nodes as n
from gpttrace.language.formats import format_specs
from gpttrace.language.parameters import CLOCK_CONVERSIONS, CONVERSIONS, REGISTERS, SIGNAL_NAMES
from gpttrace.language.reference import FORMATTING
from gpttrace.language.types import is_integer
from gpttrace_lsp.completion.calls import open_call
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.completion.suggestions import Kind, Suggestion, Suggestions, fitting
from gpttrace_lsp.completion.targets import names_like
from gpttrace_lsp.completion.typed import Typed
from gpttrace_lsp.look import Look

_CONVERSION = re.compile(r"%[-+ 0#]*[0-9]*(?:\.[0-9]*)?(?P<letters>[a-zA-Z]*)\Z")
_SORTS = {"buf": "buf", "kstack": "string", "ustack": "string"}


def string_suggestions(place: Place, typed: Typed, look: Look | None, limit: int) -> Suggestions:
    """Return what fits in the string that the cursor is in."""
    call = open_call(place.inside, through=False)
    if call is None:
        return Suggestions([])
    written = place.typed
    if call.argument == 0 and call.name in FORMATTING:
        return _conversions(place, _wanted(place, look))
    if call.argument == 0 and call.name in ("time", "strftime"):
        return _clock(place)
    if call.argument == 0 and call.name in ("signal", "signal_thread"):
        return Suggestions(fitting([Suggestion(name, Kind.EnumMember) for name in SIGNAL_NAMES], written))
    if call.name == "reg":
        arch = typed.host.arch if typed.host else "x86_64"
        return Suggestions(
            fitting([Suggestion(name, Kind.EnumMember) for name in REGISTERS.get(arch, ())], written)
        )
    if call.name in ("kaddr", "percpu_kaddr") and typed.host is not None and written:
        names = names_like(typed.host, "kprobe", written, limit)
        return Suggestions([Suggestion(name, Kind.Function) for name in names], cut=True)
    if call.name == "uaddr" and typed.host is not None:
        return _of_program(typed.host, typed.points, written, limit)
    if call.name == "tseries" and call.argument == 3:
        return Suggestions([Suggestion(each, Kind.EnumMember) for each in ("avg", "max", "min", "sum")])
    return Suggestions([])


def _conversions(place: Place, wanted: str) -> Suggestions:
    match = _CONVERSION.search(place.typed)
    if match is None or "%%" in place.typed[max(0, match.start() - 1) : match.start() + 2]:
        return Suggestions([])
    start = place.offset - len(match["letters"])
    found = [
        Suggestion(f"%{name}", Kind.Operator, words, insert=name, matches=name, start=start)
        for name, (words, sort) in sorted(
            CONVERSIONS.items(), key=lambda row: bool(wanted) and row[1][1] != wanted
        )
    ]
    return Suggestions(fitting(found, match["letters"]))


def _clock(place: Place) -> Suggestions:
    percent = place.typed.rfind("%")
    if percent < 0 or len(place.typed) - percent > 2:
        return Suggestions([])
    start = place.offset - (len(place.typed) - percent - 1)
    insert = CLOCK_CONVERSIONS.items()
    found = [
        Suggestion(f"%{name}", Kind.Operator, words, name, matches=name, start=start)
        for name, words in insert
    ]
    return Suggestions(fitting(found, place.typed[percent + 1 :]))


def _wanted(place: Place, look: Look | None) -> str:
    """Return the sort of the argument that the conversion at the cursor prints: it stands behind the string."""
    if look is None or look.lines.text[: place.offset][-len(place.typed) or None :] != place.typed:
        return ""
    calls = [node for node in look.path(place.offset) if isinstance(node, n.Call)]
    item = look.item_at(place.offset)
    number = len(format_specs(place.typed.rpartition("%")[0].encode()))
    if not calls or item is None or len(calls[-1].args) < number + 2:
        return ""
    kind = look.type_at(calls[-1].args[number + 1], item)
    if is_integer(kind):
        return "integer"
    return "pointer" if kind.endswith("*") else "" if kind == "unknown" else _SORTS.get(kind, "string")


def _of_program(host: Host, points: list[n.AttachPoint], written: str, limit: int) -> Suggestions:
    binary = next(
        (point.parts[0] for point in points if point.kind in ("uprobe", "uretprobe") and point.parts), ""
    )
    names = host.match("uprobe", f"{binary}:{written}*", limit) if binary and host.sources.here else []
    return Suggestions([Suggestion(name.rpartition(":")[2], Kind.Function) for name in names], cut=True)
