"""The offline writer: question -> spec -> program for this host, without a model.

It never raises for a question: what cannot be answered comes back as `Draft.refused`. Nothing is run here.
"""

from __future__ import annotations

from dataclasses import replace

from gpttrace.errors import QuestionRefused
from gpttrace.spec.catalogue import Catalogue, load_catalogue
from gpttrace.spec.choose import Choice, choose_hook
from gpttrace.spec.compose import compose
from gpttrace.spec.describe import describe
from gpttrace.spec.facts import Facts
from gpttrace.spec.layout import Layout, attach_points, for_many, lay_out
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.options import Options, apply_options
from gpttrace.spec.plainer import in_plain_words
from gpttrace.spec.question import BAR, Reading, read_question
from gpttrace.spec.reasons import without_reasons
from gpttrace.spec.validate import problems_of
from gpttrace.writer.alike import harmless
from gpttrace.writer.draft import Draft, Refusal
from gpttrace.writer.remarks import findings_for, misses_of, notes_for, units_of
from gpttrace.writer.resolve import resolve_calls, resolve_cgroup, resolve_disk

# With one word that was not understood a program is offered to those who insist (`--yes`); with more it is not.
HALF_UNDERSTOOD = 0.4
_LEFT_OUT = 0.2
_REASONS = "what only says why it is asked"
_ASK_AGAIN = "say it in other words, or ask one of the questions below"


def write_offline(question: str, host: Facts | None, options: Options | None = None) -> Draft:
    """Return a program for a question, or why there is none."""
    catalogue = load_catalogue()
    reading = _read(question, catalogue, host)
    if reading.spec is None:
        return _refused(reading, " and ".join(reading.problems))
    catalogue = reading.catalogue or catalogue
    spec = apply_options(reading.spec, options) if options else reading.spec
    try:
        return _write(replace(reading, spec=spec), spec, catalogue, host)
    except QuestionRefused as error:
        return _refused(replace(reading, spec=spec), error.message, error.hint)


def _read(question: str, catalogue: Catalogue, host: Facts | None) -> Reading:
    question = in_plain_words(question)
    if (shorter := without_reasons(question)) is not None:
        reading = read_question(shorter.text, catalogue, host)
        if reading.is_sure and reading.spec and shorter.keeps_the_meaning(reading.spec.event, catalogue):
            confidence = max(round(reading.confidence - _LEFT_OUT, 2), BAR)
            return replace(reading, ignored=(*reading.ignored, _REASONS), confidence=confidence)
    reading = read_question(question, catalogue, host)
    if reading.is_sure:
        return reading
    if reading.problems or reading.spec is None:
        return reading
    if not harmless(question, reading.not_understood):
        return reading
    again = read_question(question, catalogue, host, ignoring=reading.not_understood)
    if not again.is_sure or again.spec is None or again.spec.event != reading.spec.event:
        return reading
    confidence = round(again.confidence - _LEFT_OUT, 2)
    return replace(again, ignored=reading.not_understood, confidence=max(confidence, BAR))


def _write(reading: Reading, spec: TraceSpec, catalogue: Catalogue, host: Facts | None) -> Draft:
    specs = (spec, *spec.others)
    problems = reading.problems or tuple(
        problem for each in specs for problem in problems_of(each, catalogue[each.event])
    )
    if problems:
        return _refused(reading, "; ".join(dict.fromkeys(problems)))
    spec = resolve_cgroup(spec, host)
    specs = (spec, *(resolve_cgroup(each, host) for each in spec.others))
    specs = tuple(resolve_calls(resolve_disk(each, catalogue[each.event], host), host) for each in specs)
    choices = [choose_hook(each, catalogue[each.event], host) for each in specs]
    missing = next((choice for choice in choices if choice.hook is None), None)
    without = f"without that it would be: {describe(spec, catalogue)}"
    if missing is not None and not reading.is_sure:
        return _refused(reading, _not_understood(reading), without)
    if missing is not None:
        return _unavailable(reading, specs, missing, catalogue)
    layouts = _lay_out(specs, choices)
    program = compose(layouts, _head(spec, choices, catalogue))
    if not reading.is_sure:
        half = program if reading.confidence >= HALF_UNDERSTOOD else None
        return _refused(reading, _not_understood(reading), without, half)
    return replace(
        _blank(reading),
        program=program,
        spec=spec,
        hooks=tuple(dict.fromkeys(point for layout in layouts for point in attach_points(layout))),
        why=_why(spec, catalogue, reading, choices),
        findings=findings_for(spec, program, host),
        notes=notes_for(specs, choices),
        units=units_of(layouts),
        seconds=spec.duration / 1e9 if spec.duration else None,
    )


def _lay_out(specs: tuple[TraceSpec, ...], choices: list[Choice]) -> list[Layout]:
    return for_many(
        [lay_out(spec, c.event, c.hook) for spec, c in zip(specs, choices, strict=True) if c.hook is not None]
    )


def _head(spec: TraceSpec, choices: list[Choice], catalogue: Catalogue) -> tuple[str, ...]:
    return (describe(spec, catalogue) + ".", *misses_of(choices))


def _unavailable(
    reading: Reading, specs: tuple[TraceSpec, ...], missing: Choice, catalogue: Catalogue
) -> Draft:
    elsewhere = [choose_hook(each, catalogue[each.event], None) for each in specs]
    would_be = None
    if missing.lacking and all(choice.hook for choice in elsewhere):
        would_be = compose(_lay_out(specs, elsewhere), _head(specs[0], elsewhere, catalogue))
    refusal = Refusal(missing.why, "unavailable", _nearest_hint(reading), reading.alternatives[1:], would_be)
    return replace(_blank(reading), refused=refusal, confidence=reading.confidence)


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


def _why(spec: TraceSpec, catalogue: Catalogue, reading: Reading, choices: list[Choice]) -> str:
    text = describe(spec, catalogue) + "."
    if reading.corrections:
        text += " Read " + ", ".join(f"`{wrong}` as `{right}`" for wrong, right in reading.corrections) + "."
    if reading.ignored:
        text += f" Left out, as the question means the same without it: {', '.join(f'`{w}`' for w in reading.ignored)}."
    passed = [why for choice in choices for why in choice.passed]
    if passed:
        text += f" A better hook was not taken: {'; '.join(passed)}."
    return text
