"""What is known of an attach point: whether it is here and works, what it shows and misses, and what its `args` holds."""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.errors import GpttraceError
from gpttrace.host import Host
from gpttrace.host.describe import DescribedField, Description, describe
from gpttrace.host.kinds import KINDS
from gpttrace.language import nodes as n
from gpttrace.language.reference import KIND_WORDS
from gpttrace.spec.catalogue import Event
from gpttrace.spec.shown import events_at, unit_at
from gpttrace_lsp.hover.telling import Telling, quoted
from gpttrace_lsp.matches import hook_points

_WITH_UNIT = frozenset(("software", "hardware"))
_MOST_EVENTS, _MOST_WORDS, _MOST_MATCHES = 4, 8, 6


def name_in(point: n.AttachPoint) -> str:
    """Return the name behind the kind, without what only says how often."""
    parts = point.parts[:1] if point.kind in _WITH_UNIT else point.parts
    return ":".join(parts)


def is_pattern(point: n.AttachPoint) -> bool:
    """Tell whether an attach point stands for several hook points."""
    return any("*" in part for part in point.parts)


def point_hover(point: n.AttachPoint, host: Host | None) -> Telling:
    """Return what is known of an attach point; reads files the first time, so it belongs on a thread."""
    return probe_hover(point.kind, name_in(point), host, pattern=is_pattern(point))


def probe_hover(kind: str, name: str, host: Host | None, *, pattern: bool = False) -> Telling:
    """Return what is known of a hook point, or of a pattern of names, of a kind."""
    told = Telling().code(f"{kind}:{name}" if name else kind)
    if host is None or kind not in KINDS:
        return told.say(KIND_WORDS.get(kind))
    if (reason := host.why_not(kind)) is not None:
        told.text(f"Does not work here: {reason[0]}; {reason[1]}")
    try:
        _described(told, kind, name, host, pattern=pattern)
    except GpttraceError as error:
        told.text(error.message + (f"; {error.hint}" if error.hint else ""))
    return told


def _described(told: Telling, kind: str, name: str, host: Host, *, pattern: bool) -> None:
    first = name
    if pattern:
        number, some = host.count(kind, name), host.match(kind, name, _MOST_MATCHES)
        told.say(KIND_WORDS.get(kind)).say(_matching(kind, number, some, known=host.lists(kind)))
        if not some:
            return
        first = some[0]
    known = describe(host, f"{kind}:{first}")
    if known.prototype:
        told.code(known.prototype)
    events = [] if pattern else events_at(known.probe)
    if not events and not pattern:
        told.say(KIND_WORDS.get(kind))
    # Editors show the first ten lines: what it is and its fields come before what it does not see.
    _shown(told, events)
    _fields(told, known, of_first=pattern)
    _not_seen(told, events, known.probe)


def _matching(kind: str, number: int, some: Sequence[str], *, known: bool) -> str | None:
    if not number:
        return "**no hook point matches here**" if known else None
    names = ", ".join(quoted(each) for each in some)
    more = ", …" if number > len(some) else ""
    return f"{hook_points(number)}: {names}{more}"


def _shown(told: Telling, events: list[Event]) -> None:
    for event in events[:_MOST_EVENTS]:
        told.say(f"**Shows:** {event.summary} (cost: {event.cost})")
    if len(events) > _MOST_EVENTS:
        told.say("Also shows: " + ", ".join(event.noun for event in events[_MOST_EVENTS : 3 * _MOST_EVENTS]))


def _not_seen(told: Telling, events: list[Event], probe: str) -> None:
    for event in events[:_MOST_EVENTS]:
        missed = dict.fromkeys((*event.misses, *_hook_misses(event, probe)))
        if missed:
            of = f" ({event.noun})" if len(events) > 1 else ""
            told.say(f"**Not seen**{of}: " + "; ".join(missed))


def _hook_misses(event: Event, probe: str) -> list[str]:
    hooks = [
        hook for hook in event.hooks if any(probe in (*point.begin, *point.end) for point in hook.points)
    ]
    return [each for hook in hooks[:1] for each in hook.misses]


def _fields(told: Telling, known: Description, *, of_first: bool) -> None:
    fields = sorted(
        known.fields, key=lambda each: each.name.startswith("__")
    )  # `__syscall_nr` says nothing new
    rows = [[each.expression, each.type, _unit_or_words(known.probe, each)] for each in fields]
    if rows and of_first:
        told.say(f"Fields of {quoted(known.probe)}:")
    told.table(("read it as", "type", "unit or values"), rows)


def _unit_or_words(probe: str, each: DescribedField) -> str:
    unit = unit_at(probe, each.expression)
    if unit or not each.words:
        return unit or ""
    shown = [f"{value} {word}" for value, word in list(each.words.items())[:_MOST_WORDS]]
    return ", ".join(shown) + (", …" if len(each.words) > len(shown) else "")


def args_hover(point: n.AttachPoint, host: Host | None) -> Telling:
    """Return what `args` holds at an attach point."""
    told = Telling()
    if host is None or point.kind not in KINDS:
        return told
    name = name_in(point)
    first = next(iter(host.match(point.kind, name, 1)), name) if is_pattern(point) else name
    try:
        _fields(told, describe(host, f"{point.kind}:{first}"), of_first=True)
    except GpttraceError as error:
        told.text(error.message)
    return told


def field_hover(points: Sequence[n.AttachPoint], name: str, host: Host | None) -> Telling | None:
    """Return what is known of a field of `args`: of the first of the probe's attach points that has it."""
    for point in points if host is not None else ():
        found = field_of(point, name, host)
        if found is None:
            continue
        probe, each = found
        told = Telling().code(f"{each.type} {each.name}")
        unit = unit_at(probe, each.expression)
        told.say(
            f"field of {quoted(probe)}"
            + (f", {each.size} bytes" if each.size else "")
            + (f", in {unit}" if unit else "")
        )
        if each.expression.startswith("str("):
            told.say(f"its text is {quoted(each.expression)}")
        words = [[str(value), word] for value, word in each.words.items()]
        return told.table(("value", "word"), words)
    return None


def field_of(point: n.AttachPoint, name: str, host: Host | None) -> tuple[str, DescribedField] | None:
    """Return (probe, field) of one field at an attach point, of a pattern's first match; None when it is not known."""
    if host is None or point.kind not in KINDS:
        return None
    text = name_in(point)
    if is_pattern(point):
        text = next(iter(host.match(point.kind, text, 1)), text)
    if not host.fields(point.kind, text):
        return None
    try:
        known = describe(host, f"{point.kind}:{text}")
    except GpttraceError:
        return None
    return next(((known.probe, each) for each in known.fields if each.name == name), None)
