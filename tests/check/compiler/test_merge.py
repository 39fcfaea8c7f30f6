"""Two judges, one list: each fault once, with bpftrace's words, our hint and the smaller place."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gpttrace.check.compiler import merge
from gpttrace.language.findings import Finding, Severity

CODES = ("unknown-field", "syntax", "needs-newer-bpftrace", "deprecated")


def ours(start: int, end: int, code: str = "unknown-field", severity: Severity = "error") -> Finding:
    return Finding(start, end, severity, code, "our words", "our hint")


def theirs(start: int, end: int, code: str = "unknown-field", severity: Severity = "error") -> Finding:
    return Finding(start, end, severity, code, "bpftrace's words", None, "bpftrace")


def test_the_same_fault_is_told_once() -> None:
    (found,) = merge([ours(12, 15)], [theirs(4, 20)])

    assert (found.start, found.end, found.message, found.hint, found.source) == (
        12, 15, "bpftrace's words", "our hint", "bpftrace",
    )  # fmt: skip


def test_a_name_that_ours_guesses_is_kept() -> None:
    guess = "`cuont` is not known; did you mean `count`?"
    (found,) = merge(
        [replace(ours(12, 15), message=guess)], [replace(theirs(4, 20), message="Unknown function: cuont.")]
    )
    assert found.message == "Unknown function: cuont; did you mean `count`?"


def test_other_places_and_other_codes_are_other_faults() -> None:
    assert len(merge([ours(1, 3)], [theirs(10, 12)])) == 2
    assert len(merge([ours(1, 3, "deprecated")], [theirs(1, 3)])) == 2


def test_a_syntax_error_of_an_older_release_is_explained_by_ours() -> None:
    found = merge([ours(10, 13, "needs-newer-bpftrace", "warning")], [theirs(14, 16, "syntax")])

    assert [(each.message, each.severity) for each in found] == [("our words", "error")]


def test_a_syntax_error_before_anything_new_stays() -> None:
    assert len(merge([ours(10, 13, "needs-newer-bpftrace")], [theirs(2, 4, "syntax")])) == 2


_SPANS = st.tuples(
    st.integers(0, 20), st.integers(1, 10), st.sampled_from(CODES), st.sampled_from(["error", "warning"])
)


@given(st.lists(_SPANS, max_size=6), st.lists(_SPANS, max_size=6))
def test_nothing_is_invented_and_no_error_is_lost(
    mine: list[tuple[int, int, str, Severity]], its: list[tuple[int, int, str, Severity]]
) -> None:
    static = [ours(start, start + size, code, severity) for start, size, code, severity in mine]
    compiled = [theirs(start, start + size, code, severity) for start, size, code, severity in its]
    found = merge(static, compiled)

    assert len(found) <= len(static) + len(compiled)
    assert any(each.severity == "error" for each in [*static, *compiled]) == any(
        each.severity == "error" for each in found
    )
    assert merge(found, []) == found
