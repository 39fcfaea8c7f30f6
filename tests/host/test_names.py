"""Lists of names answer as a set and bpftrace's globs would."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from gpttrace.host.names import Names

LETTERS = st.text("ab_:0.", min_size=1, max_size=6)
PATTERNS = st.text("ab_:0.*", min_size=1, max_size=7)


@given(st.sets(LETTERS, max_size=30), LETTERS)
def test_a_name_is_in_the_list_when_it_is_in_the_set(words: set[str], word: str) -> None:
    names = Names.of(each.encode() for each in words)

    assert (word in names) == (word in words)
    assert list(names) == sorted(words)
    assert names.count == len(words)


@given(st.sets(LETTERS, max_size=30), PATTERNS)
def test_a_pattern_matches_what_fnmatch_matches(words: set[str], pattern: str) -> None:
    names = Names.of(each.encode() for each in words)
    expected = sorted(each for each in words if fnmatchcase(each, pattern))

    assert names.match(pattern) == expected
    assert names.count_of(pattern) == len(expected)
    assert names.match(pattern, 2) == expected[:2]


@given(st.text("ab?[]!", min_size=1, max_size=5))
def test_nothing_but_the_star_is_special(pattern: str) -> None:
    names = Names.of([b"a", b"b", b"ab", b"aa", b"a?", b"[ab]"])

    assert names.match(pattern) == [each for each in names if each == pattern]


@given(st.dictionaries(LETTERS, st.integers(0, 99), max_size=20), PATTERNS)
def test_values_beside_names_are_no_part_of_them(words: dict[str, int], pattern: str) -> None:
    names = Names.of(b"%b\t%d" % (name.encode(), value) for name, value in words.items())

    assert names.match(pattern) == sorted(each for each in words if fnmatchcase(each, pattern))
    assert all(names.value(name) == str(value) for name, value in words.items())
    assert names.value("c") is None


def test_one_name_may_have_several_values() -> None:
    names = Names.of([b"read", b"read\tnvme", b"ready", b"rea"])

    assert list(names.values("read")) == ["", "nvme"]
    assert names.match("rea*") == ["rea", "read", "ready"]
    assert names.match("*d") == ["read"]


@given(st.text(max_size=8))
def test_no_text_breaks_a_look(text: str) -> None:
    names = Names.of([b"alpha", b"beta"])

    assert (text in names) == (text in {"alpha", "beta"})
    names.match(re.sub(r"[\ud800-\udfff]", "", text) or "*")
