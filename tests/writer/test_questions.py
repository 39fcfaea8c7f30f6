"""Every wording in questions.toml means what it should; what cannot be answered is refused by name."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.facts import Facts
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.spec.question import Reading, read_question

CASES = tomllib.loads((Path(__file__).parent / "questions.toml").read_text(encoding="utf-8"))


def expected_spec(case: dict[str, Any]) -> TraceSpec:
    given = dict(case["spec"])
    conditions = tuple(_condition(text) for text in given.pop("conditions", ()))
    keys, only, either = (tuple(given.pop(name, ())) for name in ("keys", "only", "either"))
    return TraceSpec(**given, keys=keys, only=only, either=either, conditions=conditions)


def _condition(text: str) -> Condition:
    field, op, value = text.split(maxsplit=2)
    number = int(value) if value.lstrip("-").isdigit() else value
    return Condition(field, op, number)  # type: ignore[arg-type]  # the file holds only known operators


def ordered(spec: TraceSpec) -> TraceSpec:
    return replace(spec, conditions=tuple(sorted(spec.conditions, key=lambda c: (c.field, c.op))))


def read(question: str, host: Facts) -> Reading:
    return read_question(question, load_catalogue(), host)


@pytest.mark.parametrize(
    ("question", "case"), [(question, case) for case in CASES["case"] for question in case["questions"]]
)
def test_a_question_means_the_same_in_every_wording(
    question: str, case: dict[str, Any], known_host: Facts
) -> None:
    reading = read(question, known_host)
    assert reading.spec is not None, reading
    assert reading.is_sure, reading
    assert ordered(reading.spec) == ordered(expected_spec(case))


@pytest.mark.parametrize(
    ("question", "because"), [(q, case["because"]) for case in CASES["refused"] for q in case["questions"]]
)
def test_what_cannot_be_answered_is_refused_with_the_reason(
    question: str, because: str, known_host: Facts
) -> None:
    reading = read(question, known_host)
    assert not reading.is_sure
    if because == "did not understand":
        assert reading.not_understood
    else:
        assert because in " ".join(reading.problems)


def test_every_example_of_the_catalogue_asks_for_its_own_event(known_host: Facts) -> None:
    catalogue = load_catalogue()
    readings = {event.id: read(event.example, known_host) for event in catalogue.events.values()}
    assert [key for key, reading in readings.items() if not reading.is_sure] == []
    assert [key for key, reading in readings.items() if reading.spec and reading.spec.event != key] == []


def test_every_name_of_an_event_leads_to_that_event(known_host: Facts) -> None:
    # A name that another event takes would make the catalogue answer with the wrong event.
    wrong = []
    for event in load_catalogue().events.values():
        for name in event.names:
            spec = read(name, known_host).spec
            if spec is None or spec.event != event.id:
                wrong.append((event.id, name, spec and spec.event))
    assert wrong == []


def test_the_catalogue_names_only_fields_and_events_that_it_has() -> None:
    catalogue = load_catalogue()
    for event in catalogue.events.values():
        named = {
            *event.columns,
            *event.keys,
            *(c.field for c in event.assume),
            *((event.value,) if event.value else ()),
        }
        assert named <= set(event.fields), event.id
        assert set(event.nearest) <= set(catalogue.events), event.id
