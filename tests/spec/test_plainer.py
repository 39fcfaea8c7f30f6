"""Wordings that mean one thing: each rule against its example, and what no rule may touch."""

from __future__ import annotations

from pathlib import Path

import pytest

import gpttrace_corpus
from gpttrace.index.header import read_example
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.plainer import Wording, in_plain_words, wordings
from gpttrace.spec.refuse import LONGEST


@pytest.mark.parametrize("rule", wordings(), ids=lambda rule: rule.example[:60])
def test_a_wording_becomes_the_plain_one(rule: Wording) -> None:
    assert rule.says.search(rule.example), "the rule does not fit its own example"
    assert in_plain_words(rule.example).split() == rule.becomes.split()


@pytest.mark.parametrize("rule", wordings(), ids=lambda rule: rule.example[:60])
def test_plain_words_stay_as_they_are(rule: Wording) -> None:
    assert in_plain_words(in_plain_words(rule.example)) == in_plain_words(rule.example)


def test_the_examples_of_the_catalogue_and_the_corpus_are_plain() -> None:
    folder = Path(gpttrace_corpus.__file__).parent / "examples"
    files = [
        read_example(path.stem, str(path), path.read_text(encoding="utf-8")) for path in folder.glob("*.bt")
    ]
    first = [each.questions[0] for each in files if each.questions]
    asked = [*(event.example for event in load_catalogue().events.values()), *first]

    changed = [text for text in asked if in_plain_words(text) != text]

    assert len(changed) <= len(asked) // 50, changed


@pytest.mark.parametrize("piece", ["by ", "print name, ", "how many a, ", "for 2 s ", "reads and "])
def test_a_long_text_is_left_alone_and_a_repeated_one_ends(piece: str) -> None:
    assert in_plain_words(piece * 2000) == piece * 2000
    in_plain_words((piece * 2000)[:LONGEST])
