"""What a sentence claims: its amounts in every spelling, its names, its absolute words."""

from __future__ import annotations

import pytest

from gpttrace.explain.claims import claims_of, comparisons_in


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("made 1,234 calls", [("", 1234.0)]),
        ("took 1.5 ms", [("ns", 1.5e6)]),
        ("took 1.5ms.", [("ns", 1.5e6)]),
        ("wrote 3 MiB (3,145,728 bytes)", [("bytes", 3 * 1024**2), ("bytes", 3145728.0)]),
        ("12 % of it", [("%", 12.0)]),
        ("12% of it", [("%", 12.0)]),
        ("12 percent, 13 per cent", [("%", 12.0), ("%", 13.0)]),
        ("60 per second", [("", 60.0)]),
        ("eleven calls", [("", 11.0)]),
        ("one of them", []),
        ("the one that", []),
        ("exactly one call", [("", 1.0)]),
        ("half of the bytes", [("%", 50.0)]),
        ("twice as many", [("x", 2.0)]),
        ("2.5 times as many", [("x", 2.5)]),
        ("10-20 calls", [("", 10.0), ("", 20.0)]),
        ("1.2 million calls", [("", 1.2e6)]),
        ("the 99th percentile", [("th", 99.0)]),
        ("dozens of calls", [("vague", 0.0)]),
        ("-5 was returned", [("", -5.0)]),
        ("`sys_exit_pread64` and kworker/0:1", []),
        ("5 reads, .5 s", [("", 5.0), ("ns", 5e8)]),
        ("9" * 40, []),
    ],
)
def test_amounts(text: str, amounts: list[tuple[str, float]]) -> None:
    found = claims_of(text).amounts

    assert [said.kind for said in found] == [kind for kind, _ in amounts]
    assert [said.values[0] for said in found] == pytest.approx([value for _, value in amounts])


@pytest.mark.parametrize(
    ("text", "number", "means"),
    [
        ("1.2 GB", 1.2 * 1024**3, True),
        ("1.2 GB", 1.2e9, True),
        ("1.2 GiB", 1.2e9, False),
        ("about 1.2 GB", 1.26 * 1024**3, True),
        ("about 1.2 GB", 1.27 * 1024**3, False),
        ("60", 60.4, False),
        ("about 60", 62, True),
        ("about 60", 64, False),
        ("~60", 62, True),
        ("33 %", 33.4, True),
        ("33 %", 33.6, False),
        ("33.3 %", 33.36, False),
        ("3 ms", 3.4e6, False),
        ("3.4 ms", 3.44e6, True),
    ],
)
def test_an_amount_stands_for_what_it_was_rounded_from(text: str, number: float, means: bool) -> None:
    assert claims_of(text).amounts[0].means(number) is means


@pytest.mark.parametrize(
    ("text", "names", "quoted"),
    [
        ("nginx made the largest number of system calls", ("nginx",), ()),
        ("`Web Content` opened files", (), ("Web Content",)),
        ("It mainly reads small files, followed by steady writes.", (), ()),
        ("opens of /etc/passwd by postgres's child", ("/etc/passwd", "postgres"), ()),
        ("@start, args->ret and do_sys_open()", ("@start", "args->ret", "do_sys_open"), ()),
        ("a well-known read/write mix", (), ()),
        ("redis-server", ("redis-server",), ()),
    ],
)
def test_names_are_the_words_that_are_not_plain(
    text: str, names: tuple[str, ...], quoted: tuple[str, ...]
) -> None:
    claims = claims_of(text)

    assert (claims.names, claims.quoted) == (names, quoted)


def test_absolute_words_and_comparisons() -> None:
    assert claims_of("It never reads, in all 5 of all; not only here").absolutes == {"never"}
    assert claims_of("It doesn't read").absolutes == {"not"}
    assert comparisons_in("more than 5, at most 6") == {"above", "at most"}


def test_a_long_or_odd_sentence_is_cut_in_linear_time() -> None:
    assert len(claims_of("1 " * 50_000 + "`" * 50_000 + "x-" * 50_000).amounts) == 50_000
