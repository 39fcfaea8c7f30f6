"""Tokens, stems, typing errors, numbers and units: the ground that questions are read on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.spec.asked import amount_at
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.units import number, number_words, unit
from gpttrace.spec.words import one_letter_off, stem, tokenize


@pytest.mark.parametrize(
    "words",
    [
        "open opens opened opening",
        "file files",
        "process processes",
        "write writes writing written wrote",
        "miss misses missed missing",
        "latency latencies",
        "size sizes sized",
        "allocate allocates allocated allocating",
        "switch switches switched switching",
        "retry retries retried",
        "page pages paged paging",
        "read reads reading",
        "delete deletes deleted deleting",
        "nginx nginx's",
    ],
)
def test_the_forms_of_a_word_have_one_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("read", "red"), ("process", "processor"), ("page", "pager"), ("miss", "mist"), ("access", "acces")],
)
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_tokens_keep_their_places() -> None:
    text = 'Disk I/O > 4KiB of "Web Content" in /etc/x, nginx\'s'
    tokens = tokenize(text)
    assert [t.text for t in tokens] == [
        "Disk",
        "I/O",
        ">",
        "4KiB",
        "of",
        "Web Content",
        "in",
        "/etc/x",
        "nginx's",
    ]
    assert [text[t.start : t.end] for t in tokens][1] == "I/O"


@given(st.text(max_size=200))
def test_any_text_can_be_cut_into_tokens(text: str) -> None:
    for token in tokenize(text):
        assert 0 <= token.start < token.end <= len(text)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("proces", "process"),
        ("syscal", "syscall"),
        ("fualts", "faults"),
        ("distribtion", "distribution"),
        ("opend", "open"),
    ],
)
def test_one_wrong_letter_is_corrected(typed: str, meant: str) -> None:
    assert (
        one_letter_off(typed, frozenset({"process", "syscall", "faults", "distribution", "open", "spend"}))
        == meant
    )


@pytest.mark.parametrize("typed", ["along", "cat", "nginx", "x" * 50, ""])
def test_what_could_mean_something_else_is_not_corrected(typed: str) -> None:
    assert one_letter_off(typed, frozenset({"long", "cut", "process"})) is None


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("10 seconds", 10e9, "ns"),
        ("10s", 10e9, "ns"),
        ("1.5 ms", 1.5e6, "ns"),
        ("five minutes", 300e9, "ns"),
        ("a minute", 60e9, "ns"),
        ("a hundred us", 1e5, "ns"),
        ("4 KiB", 4096, "bytes"),
        ("4k", 4096, "bytes"),
        ("1MB", 1 << 20, "bytes"),
        ("2M", 2 << 20, "bytes"),
        ("1,000 bytes", 1000, "bytes"),
        ("99 Hz", 99, "hz"),
        ("99hertz", 99, "hz"),
        ("twenty five", 25, ""),
        ("2 kilobytes", 2000, "bytes"),
        ("1_000", 1000, ""),
        ("half a", 0.5, ""),
        ("ten thousand", 10_000, ""),
        ("2m", 120e9, "ns"),
    ],
)
def test_amounts_are_read_with_their_units(text: str, value: float, kind: str) -> None:
    amount = amount_at(Sentence(text), 0)
    assert amount is not None
    assert (amount.value, amount.kind) == (value, kind)


def test_what_is_no_amount_is_none() -> None:
    assert amount_at(Sentence("files"), 0) is None
    assert amount_at(Sentence("10xyz"), 0) is None
    assert amount_at(Sentence("10"), 5) is None
    assert number("9" * 40) is None
    assert number_words([]) is None
    assert unit("parsec") is None
