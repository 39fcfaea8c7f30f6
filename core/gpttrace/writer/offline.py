"""The offline writer: question -> spec -> program for this host, without a model.

It never raises for a question: what cannot be answered comes back as `Draft.refused`. Nothing is run here.
"""

from __future__ import annotations

from dataclasses import replace

from gpttrace.errors import QuestionRefused
from gpttrace.spec.catalogue import Catalogue, Event, Hook, load_catalogue
from gpttrace.spec.choose import choose_hook, fill
from gpttrace.spec.compose import attach_points, compose, lay_out, result_map
from gpttrace.spec.describe import describe
from gpttrace.spec.facts import Facts
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.options import Options, apply_options
from gpttrace.spec.question import Reading, read_question
from gpttrace.spec.validate import problems_of
from gpttrace.writer.draft import Draft, Refusal
from gpttrace.writer.remarks import findings_for, notes_for
from gpttrace.writer.resolve import resolve_cgroup

# With one word that was not understood a program is offered to those who insist (`--yes`); with more it is not.
HALF_UNDERSTOOD = 0.4
_ASK_AGAIN = "say it in other words, or ask one of the questions below"


def write_offline(question: str, host: Facts | None, options: Options | None = None) -> Draft:
    """Return a program for a question, or why there is none."""
    catalogue = load_catalogue()
    reading = read_question(question, catalogue, host)
    if reading.spec is None:
        return _refused(reading, " and ".join(reading.problems))
    spec = apply_options(reading.spec, options) if options else reading.spec
    try:
        return _write(replace(reading, spec=spec), spec, catalogue, host)
    except QuestionRefused as error:
        return _refused(replace(reading, spec=spec), error.message, error.hint)


def _write(reading: Reading, spec: TraceSpec, catalogue: Catalogue, host: Facts | None) -> Draft:
    event = catalogue[spec.event]
    problems = reading.problems or tuple(problems_of(spec, event))
    if problems:
        return _refused(reading, "; ".join(problems))
    spec = resolve_cgroup(spec, host)
    choice = choose_hook(spec, event, host)
    without = f"without that it would be: {describe(spec, event)}"
    if choice.hook is None and not reading.is_sure:
        return _refused(reading, _not_understood(reading), without)
    if choice.hook is None:
        elsewhere = choose_hook(spec, event, None).hook
        would_be = _program(spec, event, elsewhere)[0] if elsewhere and choice.lacking else None
        refusal = Refusal(
            choice.why, "unavailable", _nearest_hint(reading), reading.alternatives[1:], would_be
        )
        return replace(_blank(reading), refused=refusal, confidence=reading.confidence)
    program, hooks = _program(spec, event, choice.hook)
    if not reading.is_sure:
        half = program if reading.confidence >= HALF_UNDERSTOOD else None
        return _refused(reading, _not_understood(reading), without, half)
    return replace(
        _blank(reading),
        program=program,
        spec=spec,
        hooks=hooks,
        why=_why(spec, event, reading),
        findings=findings_for(spec, program, host),
        notes=notes_for(spec, event, choice.hook),
        units=_units(spec, event, choice.hook),
        seconds=spec.duration / 1e9 if spec.duration else None,
    )


def _program(spec: TraceSpec, event: Event, hook: Hook) -> tuple[str, tuple[str, ...]]:
    layout = lay_out(spec, event, fill(hook, spec))
    comments = (
        describe(spec, event) + ".",
        *(f"Not seen: {miss}." for miss in (*event.misses, *hook.misses)),
    )
    return compose(layout, comments), attach_points(layout)


def _blank(reading: Reading) -> Draft:
    return Draft(
        program=None,
        spec=reading.spec,
        confidence=reading.confidence,
        understood=reading.understood,
        not_understood=reading.not_understood,
    )


def _refused(reading: Reading, why: str, hint: str | None = None, would_be: str | None = None) -> Draft:
    refusal = Refusal(why, "question", hint or _ASK_AGAIN, reading.alternatives, would_be)
    return replace(_blank(reading), refused=refusal)


def _not_understood(reading: Reading) -> str:
    if reading.not_understood:
        return "I did not understand: " + ", ".join(f"`{word}`" for word in reading.not_understood[:8])
    return "too many words had to be guessed: " + ", ".join(f"`{a}` as `{b}`" for a, b in reading.corrections)


def _nearest_hint(reading: Reading) -> str:
    if len(reading.alternatives) > 1:
        return f"ask instead: {reading.alternatives[1][1]}"
    return "ask for another event, or on another machine"


def _why(spec: TraceSpec, event: Event, reading: Reading) -> str:
    text = describe(spec, event) + "."
    if reading.corrections:
        text += " Read " + ", ".join(f"`{wrong}` as `{right}`" for wrong, right in reading.corrections) + "."
    return text


def _units(spec: TraceSpec, event: Event, hook: Hook) -> dict[str, str]:
    target = result_map(spec, event)
    prefix = target or "printf:1"
    units = {f"{prefix}.{name}": unit for name in spec.keys if (unit := event.fields[name].unit)}
    if target is not None:
        unit = event.fields[spec.value].unit if spec.value else None
        units[target] = unit or (event.noun if hook.scale == 1 else f"{hook.scale:,} {event.noun}")
    return units
