"""A comparison in words that whoever asked can follow: what is counted too much, what is lost, with a case that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gpttrace.language import Finding, Program
from gpttrace.language.findings import Severity
from gpttrace.meaning.compare import Comparison, Difference
from gpttrace.meaning.terms import Fact
from gpttrace.spec.catalogue import Catalogue, Event, load_catalogue
from gpttrace.spec.describe import KEY_WORDS, listed
from gpttrace.spec.model import TraceSpec

_MOST_SENTENCES = 6
_MOST_FACTS = 3
_CODES = {
    "form": "other-form", "hooks": "other-event", "condition": "other-condition", "keys": "other-rows", "value": "other-value",
    "tie": "loose-tie", "stale": "stale-keys", "every": "other-interval", "top": "other-top", "output": "other-output",
    "unit": "other-unit", "unfollowed": "not-followed",
}  # fmt: skip
_SEVERITIES: Mapping[str, Severity] = {"note": "information", "unknown": "information"}
_FACT = re.compile(r"str\(args\.\w+\)|args\.\w+")


def sentences(found: Comparison, spec: TraceSpec, catalogue: Catalogue | None = None) -> list[str]:
    """Return what is not as it was asked, the weightiest first, at most six sentences; none when it is the same."""
    event = _event(spec, catalogue or load_catalogue())
    ordered = sorted(found.differences, key=lambda each: each.direction in ("note", "unknown"))
    texts = dict.fromkeys(
        sentence(each, event) for each in ordered if each.direction != "note" or each.kind == "stale"
    )
    return list(texts)[:_MOST_SENTENCES]


def sentence(difference: Difference, event: Event | None) -> str:
    """Return one difference in words, without the full stop."""
    if difference.kind != "condition" or difference.example is None:
        return _plain(difference.what, event)
    case = _case(difference.example.values, event)
    those = f"{event.noun if event else 'events'} {case}".rstrip()
    if difference.direction == "wider":
        return f"{those} are counted, though they were not asked for"
    return f"{those} are left out, though they were asked for"


def as_findings(
    found: Comparison, program: Program, spec: TraceSpec, catalogue: Catalogue | None = None
) -> list[Finding]:
    """Return the differences as findings at their places in the program; `source` is `meaning`."""
    event = _event(spec, catalogue or load_catalogue())
    findings = []
    for each in found.differences:
        start, end = _place(each, program)
        severity = _SEVERITIES.get(each.direction, "warning")
        if each.kind == "stale":
            severity = "warning"
        hint = _HINTS.get(each.kind)
        findings.append(
            Finding(start, end, severity, _CODES[each.kind], sentence(each, event), hint, "meaning")
        )
    return list(dict.fromkeys(findings))


_HINTS = {
    "stale": "delete the key when the event has ended",
    "tie": "use the same key at begin and end: usually `tid`",
    "unfollowed": "what stands there was not looked into; the rest was",
}


def _place(difference: Difference, program: Program) -> tuple[int, int]:
    place = difference.place
    if place is not None and place.end > place.start:
        return place.start, place.end
    first = program.probes[0] if program.probes else None
    return (first.start, first.points[-1].end) if first and first.points else (0, 0)


def _event(spec: TraceSpec, catalogue: Catalogue) -> Event | None:
    return catalogue.events.get(spec.event)


def _plain(text: str, event: Event | None) -> str:
    """Say a field by the name that the catalogue has for it."""
    return _FACT.sub(lambda match: _called(match[0], event), text)


def _called(name: str, event: Event | None) -> str:
    if "args." not in name:
        return KEY_WORDS.get(name, name)
    bare = name.removeprefix("str(").removesuffix(")").removeprefix("args.")
    name = f"args.{bare}"
    for field in event.fields.values() if event else ():
        if name.replace("args.", "args->") in (field.begin, field.end):
            return field.name
    return bare


def _case(values: Mapping[Fact, int | bytes | None], event: Event | None) -> str:
    """Return the facts of an example: `with bytes 0 and process name other than "postgres"`."""
    parts = [*_elapsed(values)]
    for fact, value in values.items():
        if fact.name.startswith("nsecs"):
            continue
        when = " at the begin" if fact.at and Fact(fact.name, fact.type) in values else ""
        parts.append(f"{_called(fact.name, event)}{when} {_value(value)}")
    return "with " + listed(parts[:_MOST_FACTS]) if parts else ""


def _elapsed(values: Mapping[Fact, int | bytes | None]) -> Iterable[str]:
    clocks = {
        fact.at: value for fact, value in values.items() if fact.name == "nsecs" and isinstance(value, int)
    }
    if "" in clocks and "before" in clocks:
        yield f"latency {clocks[''] - clocks['before']:,} ns"


def _value(value: int | bytes | None) -> str:
    if value is None:
        return "of another name"
    return f"{value:,}" if isinstance(value, int) else '"' + value.decode(errors="backslashreplace") + '"'
