"""Recorded outputs of three bpftrace versions are decoded as they are: nothing raises, and values are what they say."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from gpttrace.trace.decode import Decoder
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.instrument import prepare
from gpttrace.trace.messages import read_stderr

DATA = Path(__file__).with_name("data") / "outputs.jsonl"
RECORDS: list[dict[str, Any]] = [
    json.loads(line) for line in DATA.read_text(encoding="utf-8").split("\n") if line
]
DIALECTS = {
    "0.17.0": Dialect(),
    "0.23.2": Dialect(escapes_keys_twice=True, loops=True, wide_tuples=True),
    "0.27.1": Dialect(
        erases_spaces_in_keys=True,
        counts_turn_hex=True,
        buf_is_array=True,
        loops=True,
        wide_tuples=True,
    ),
}
NONCE = "abcdefgh12345678"
VERSIONS = tuple(DIALECTS)


def decoded(sample: str, version: str) -> Decoder:
    record = next(each for each in RECORDS if (each["sample"], each["version"]) == (sample, version))
    decoder = decoder_of(record, level=0)
    decoder.feed(record["stdout"].encode(errors="surrogateescape"))
    decoder.close()
    return decoder


def decoder_of(record: dict[str, Any], level: int) -> Decoder:
    return Decoder(prepare(record["program"], dialect=DIALECTS[record["version"]], nonce=NONCE, level=level))


def table(decoder: Decoder, name: str) -> list[tuple[Any, ...]]:
    return list(next(each for each in decoder.tables() if each.name == name).rows())


@pytest.mark.parametrize("level", [0, 1, 2])
def test_every_recorded_output_is_decoded_whole_and_in_pieces_alike(level: int) -> None:
    dice = random.Random(7)
    for record in RECORDS:
        data = record["stdout"].encode(errors="surrogateescape")
        whole, pieces = decoder_of(record, level), decoder_of(record, level)
        whole.feed(data)
        at = 0
        while at < len(data):
            step = dice.choice((1, 7, 100, 5000))
            pieces.feed(data[at : at + step])
            at += step
        whole.close()
        pieces.close()
        assert whole.tables() == pieces.tables(), record["sample"]
        assert list(whole.output) == list(pieces.output)
        for each in whole.tables():
            json.dumps(each.to_json())
            each.to_csv()
            each.to_arrow()
        read_stderr(record["stderr"], whole.plan)


def test_garbage_and_half_lines_become_text() -> None:
    decoder = decoder_of(RECORDS[0], level=2)
    lines = [
        b'{"type": "map", "data": {"@x": ',
        b"\xff\x00garbage",
        b"[" * 50_000,
        b'{"type": "hist", "data": 3}',
        b"{}",
    ]
    decoder.feed(b"\n".join(lines) + b"\n" + b'{"type": "value", "da')
    decoder.close()
    assert list(decoder.output) == [
        '{"type": "map", "data": {"@x": ',
        "\\xff\x00garbage",
        "[" * 50_000,
        '{"type": "hist", "data": 3}',
        "{}",
        '{"type": "value", "da',
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_aggregations_are_read_from_plain_output(version: str) -> None:
    decoder = decoded("agg_scalar", version)
    values = {each.name: table(decoder, each.name) for each in decoder.tables()}
    assert values["@c"] == [(1,)]
    assert values["@s"] == [(-2,)]
    assert values["@mn"] == [(-3,)]
    assert values["@mx"] == [(9,)]
    assert values["@a"] == [(3,)]
    assert values["@st"] == [(2, -3, -7)]


@pytest.mark.parametrize("version", VERSIONS)
def test_keyed_aggregations_are_read_from_plain_output(version: str) -> None:
    decoder = decoded("agg_keyed", version)
    assert table(decoder, "@a") == [("x", 3), ("y", -4)]
    assert table(decoder, "@st") == [("x", 1, 1, 3, 3), ("y", 2, 1, -10, -10)]


@pytest.mark.parametrize("version", VERSIONS)
def test_histograms_are_read_from_plain_output(version: str) -> None:
    rows = table(decoded("hist_basic", version), "@h")
    assert (None, -1, 1) in rows
    assert (0, 0, 1) in rows
    assert (2, 3, 1) in rows
    assert rows[-1] == (1024, 2047, 1)
    assert table(decoded("r2_lhist", version), "@l")[-1] == (100, None, 1)


def test_counts_after_a_control_character_are_read_as_the_hexadecimal_that_they_are() -> None:
    decoder = decoded("r2_hex_invalid", "0.27.1")
    assert table(decoder, "@h") == [(64, 127, 26)]
    assert table(decoder, "@l") == [(5, 5, 30)]
    assert {row[-1] for row in table(decoded("r3_tseries_hex", "0.27.1"), "@ts")} == {26}
    assert {row[-1] for row in table(decoded("r3_tseries_hex", "0.27.1"), "@n")} == {-5}


@pytest.mark.parametrize("version", VERSIONS)
def test_bytes_above_ascii_are_restored(version: str) -> None:
    keys = {row[0] for row in table(decoded("map_key_strings", version), "@")}
    assert {
        "héllo",
        "€",
        "emoji😀",
        "bad\\xff\\xfe",
        "trunc\\xe2\\x82",
        'q"uote',
        "new\nline",
        "back\\slash",
    } <= keys


def test_numbers_that_newer_versions_quote_are_numbers() -> None:
    for version in VERSIONS:
        assert table(decoded("map_scalar", version), "@u") == [(18446744073709551615,)]
        assert table(decoded("map_scalar", version), "@big") == [(9007199254740993,)]


def test_repeated_keys_are_all_kept() -> None:
    counts = [row[-1] for row in table(decoded("map_key_collide", "0.27.1"), "@m")]
    assert sorted(counts) == [1, 2]


@pytest.mark.parametrize("version", VERSIONS)
def test_times_are_text_in_order(version: str) -> None:
    assert len(list(decoded("time_fn", version).output)) == 3


def test_lost_events_that_bpftrace_admits_are_known_at_once() -> None:
    assert decoded("lost_events", "0.23.2").lost > 0


@pytest.mark.parametrize("version", ["0.23.2", "0.27.1"])
def test_a_full_map_is_a_problem_at_its_statement(version: str) -> None:
    record = next(r for r in RECORDS if (r["sample"], r["version"]) == ("err_map_full", version))
    decoder = decoded("err_map_full", version)
    assert [found.code for found in decoder.problems] == ["map-full", "map-full"]
    places = [record["program"][found.start : found.end] for found in decoder.problems]
    assert places == ["@m[arg0]=1", "@c[arg0]=count()"]
    assert sum(decoder.problem_counts().values()) == 8


def test_a_stack_is_a_list_of_frames() -> None:
    for version in VERSIONS:
        decoder = decoded("map_key_kstack_profile", version)
        found = next(each for each in decoder.tables() if each.name == "@")
        assert found.kind == "stacks"
        assert found.columns[0].type == "stack"
        stacks = [stack for stack in found.column("kstack") if stack]
        assert stacks
        assert all(frame == frame.strip() for stack in stacks for frame in stack)


def test_mutilated_outputs_never_raise() -> None:
    dice = random.Random(11)
    plans = [(r, prepare(r["program"], dialect=DIALECTS[r["version"]], nonce=NONCE)) for r in RECORDS[::5]]
    for record, plan in plans:
        data = bytearray(record["stdout"].encode(errors="surrogateescape"))
        # Some lines that are about this plan's own events, so that those are hit too.
        for number in (1, 398, 399, 400, 401, 402, 403, 404, 405):
            data += b'{"type": "value", "data": [%d,["x",1],3,0,0]}\n' % (plan.tag + number)
        for _ in range(20):
            at = dice.randrange(len(data))
            data[at : at + dice.randrange(4)] = dice.randbytes(dice.randrange(3))
        decoder = Decoder(plan)
        decoder.feed(bytes(data))
        decoder.close()
        for each in decoder.tables():
            each.to_arrow()
        assert decoder.lost >= 0
        list(decoder.output)
