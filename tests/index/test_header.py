"""What a `.bt` file says of itself: our form, strangers' forms, and anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.index.header import KEYS, read_example
from gpttrace.index.prose import first_sentence, man_sections

from .conftest import MANUAL, OURS, TOOL


def test_our_form_is_read_whole() -> None:
    found = read_example("opens", "/x/opens.bt", OURS, "corpus")
    assert found.title == "Files opened, counted by process and file."
    assert found.questions[1] == "how many times is each file opened, and by whom?"
    assert (found.tags, found.events) == (("files", "syscalls"), ("file-open",))
    assert found.needs == ("tracepoint", "program bash")
    assert (found.versions, found.cost) == ("0.17", "medium")
    assert found.checks == ("open-file 23 -> @opens[gptcanary] = 23",)
    assert found.explanation == "Opens are counted where they begin, so failed ones count as well."
    assert found.kinds == ("tracepoint",)
    assert found.groups == (("tracepoint:syscalls:sys_enter_openat",),)


def test_a_strangers_comment_gives_its_first_sentence_and_no_licence() -> None:
    found = read_example("frobsnoop", "/x/frobsnoop.bt", TOOL, "bpftrace")
    assert found.title == "Show frobs of the disk as they happen."
    assert "Copyright" not in found.explanation
    assert "2018" not in found.explanation
    assert found.groups == (("kprobe:frob_start", "kprobe:frob_begin"),)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", "x"),
        ("#!/usr/bin/env bpftrace", "x"),
        ("BEGIN { exit() }", "x"),
        ("/* never closed", "never closed"),
        ("/**/ BEGIN { }", "x"),
        ("// one\n\n// two\nBEGIN { }", "one"),
        ("\ufeff// with a mark before it. And more.", "with a mark before it."),
        ("//", "x"),
        ("// question:\n// tags: ,,\n", "x"),
        ("kprobe:x { @ = }}} ((", "x"),
        ("// SPDX-License-Identifier: MIT\n// Copyright me\n", "x"),
    ],
)
def test_odd_files_are_examples_as_well(text: str, title: str) -> None:
    assert read_example("x", "/x.bt", text).title == title


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from([f"// {key}: a, b" for key in KEYS]) | st.text(max_size=20)).map("\n".join)
)
def test_no_text_at_all_makes_it_raise(text: str) -> None:
    assert read_example("x", "/x.bt", text).title


def test_deep_nesting_is_no_reason_to_fail() -> None:
    assert read_example("x", "/x.bt", "BEGIN { @ = " + "(" * 20_000 + "1").name == "x"


def test_a_manual_is_plain_text() -> None:
    sections = man_sections(MANUAL)
    assert sections["NAME"] == "frobsnoop.bt - Trace frobs of a disk. Uses bpftrace/eBPF."
    assert sections["DESCRIPTION"].startswith("This shows frobs of a disk,\none line each.")


@given(st.text())
def test_no_manual_makes_it_raise(text: str) -> None:
    man_sections(f".SH NAME\n{text}\n.B {text}")
    first_sentence(text, "x")
