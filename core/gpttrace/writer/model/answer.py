"""Answers: what a model said as a candidate, a problem to send back, or a refusal, however the answer was wrapped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gpttrace.model import Reply, programs_in, read_json
from gpttrace.spec.catalogue import Catalogue
from gpttrace.spec.layout import fields_of
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.validate import problems_of

MOST_PROGRAM = 16_384  # characters
_MEASURED = frozenset(("sum", "avg", "min", "max", "stats", "hist", "lhist", "distinct"))
_MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that a model offers, with its own spec of it; `spec_problem` says why there is none, or none that can be used."""

    program: str
    spec: TraceSpec | None = None
    assumptions: tuple[str, ...] = ()
    spec_problem: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """There is no candidate in the answer; the text says why, to the model."""

    text: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The model says that the question cannot be answered by tracing; `of_server` when it would not speak at all."""

    why: str
    of_server: bool = False


def read_answer(reply: Reply, catalogue: Catalogue) -> Candidate | Problem | Declined:
    """Return what one reply holds; never raises, whatever was said."""
    if reply.refused is not None:
        return Declined(_short(reply.refused), of_server=True)
    given, trouble = read_json(reply.text, wanted=("program",), finish=reply.finish)
    if given is None:
        declined, _ = read_json(reply.text, wanted=("refusal",), finish=reply.finish)
        given = declined if declined is not None and declined.get("refusal") else None
    if given is not None:
        return _from_json(given, catalogue)
    return _from_prose(reply, trouble or "there is no JSON object in the answer")


def _from_json(given: dict[str, Any], catalogue: Catalogue) -> Candidate | Problem | Declined:
    program = given.get("program")
    refusal = given.get("refusal")
    text = _bare(program) if isinstance(program, str) else ""
    if isinstance(text, Problem):
        return text
    if not text.strip():
        if isinstance(refusal, str) and refusal.strip():
            return Declined(_short(refusal))
        return Problem("`program` is empty, and `refusal` does not say why")
    if len(text) > MOST_PROGRAM:
        return Problem(f"the program has {len(text):,} characters; write one of at most {MOST_PROGRAM:,}")
    spec, problem = spec_of_json(given.get("spec"), catalogue)
    assumptions = given.get("assumptions")
    told = (
        [_short(each) for each in assumptions if isinstance(each, str)]
        if isinstance(assumptions, list)
        else []
    )
    return Candidate(text, spec, tuple(each for each in told if each)[:6], problem)


def _from_prose(reply: Reply, trouble: str) -> Candidate | Problem:
    if not reply.text.strip():
        return Problem("the answer is empty; answer with the JSON object")
    if reply.finish == "length":
        return Problem("the answer was cut off at its greatest length; write a shorter program and no prose")
    found = list(dict.fromkeys(programs_in(reply.text)))
    if len(found) > 1:
        return Problem(f"the answer holds {len(found)} programs; choose one and put it into the JSON object")
    if found and len(found[0]) <= MOST_PROGRAM:
        return Candidate(found[0] + "\n", spec_problem=f"there is no spec: {trouble}")
    return Problem(f"{trouble}; answer with the JSON object and nothing else")


def _bare(program: str) -> str | Problem:
    """Return a program without the fence or the command line around it."""
    if "```" not in program and not re.match(r"\s*(sudo\s+)?bpftrace\s", program):
        return program if program.endswith("\n") else program + "\n"
    fence = program if "```" in program else f"```\n{program}\n```"
    found = programs_in(fence)
    if len(found) == 1:
        return found[0] + "\n"
    return Problem("`program` is the text of one bpftrace program alone, without fences and command lines")


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _MOST_WORDS else words[:_MOST_WORDS] + " …"


def spec_of_json(given: Any, catalogue: Catalogue) -> tuple[TraceSpec | None, str | None]:
    """Return the spec in an answer, or why it cannot be used; (None, None) when the model gave none."""
    if given is None:
        return None, None
    try:
        spec = TraceSpec.from_json(given)
    except (ValueError, TypeError, IndexError, RecursionError) as error:
        return None, f"the spec is not of its form: {error}"
    problems = spec_problems(spec, catalogue)
    return (
        (None, f"the spec does not fit the catalogue: {'; '.join(problems[:3])}")
        if problems
        else (spec, None)
    )


def spec_problems(spec: TraceSpec, catalogue: Catalogue) -> list[str]:
    """Return a sentence for each thing for which a spec stands for nothing in the catalogue."""
    found: list[str] = []
    for each in (spec, *spec.others):
        if each.event not in catalogue:
            found.append(f"there is no event {each.event!r}; take an id that was shown, or null for the spec")
            continue
        event = catalogue[each.event]
        strange = [name for name in fields_of(each) if name not in event.fields]
        found += [f"{event.id} has no field {name!r}; it has {', '.join(event.fields)}" for name in strange]
        found += [] if strange else problems_of(each, event)
        if each.shape in _MEASURED and each.value is None:
            found.append(f"a spec of shape {each.shape} needs a value: one of the fields of {event.id}")
        if each.shape == "ratio" and each.part is None and not spec.others:
            found.append("a ratio needs `part`")
        if each.shape == "lhist" and each.buckets is None:
            found.append("an lhist needs `buckets`")
    return found
