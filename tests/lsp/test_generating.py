"""Programs from comments: which comments are questions, where the program is put, and what is said when none can be written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.answering import Answering

from gpttrace.language import parse
from gpttrace_lsp.generating import below, offered, question_at, questions, words_of

URI = "file:///nowhere/new.bt"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("// count reads by process\n", ["count reads by process"]),
        ("// count reads\n// by process\n", ["count reads by process"]),
        ("// count reads\n\n// latency of writes\n", ["count reads", "latency of writes"]),
        ("/* count reads\n * by process\n */\n", ["count reads by process"]),
        ("//? count reads\r\n//   by process\r\n", ["count reads by process"]),
        ("#!/usr/bin/env bpftrace\n// SPDX-License-Identifier: MIT\n// Copyright 2026 nobody\n", []),
        ("// word\n", []),
        ("BEGIN { // count reads by process\n}\n", []),
        ("BEGIN { } // count reads by process\n", []),
        ("BEGIN {\n// count reads by process\n}\n", []),
    ],
)
def test_comments_that_stand_alone_are_questions(text: str, expected: list[str]) -> None:
    assert [each.text for each in questions(parse(text))] == expected


def test_a_lens_offers_only_what_is_no_program_yet_or_says_that_it_is_a_question() -> None:
    assert [each.text for each in offered(parse("// count reads by process\n// in all"))] == [
        "count reads by process in all"
    ]
    assert offered(parse("// count reads by process\ntracepoint:a:b { @ = count(); }")) == []
    marked = "// count reads by process\ntracepoint:a:b { @ = count(); }\n// ? count writes\n"
    assert [each.text for each in offered(parse(marked))] == ["count writes"]


def test_the_question_is_that_of_the_line() -> None:
    tree = parse("// count reads\n// by process\n\nBEGIN { }\n// latency of writes\n")
    found = [question_at(tree, tree.source.line_start(line)) for line in range(1, 7)]
    assert [each and each.text for each in found] == [
        "count reads by process", "count reads by process", None, None, "latency of writes", None,
    ]  # fmt: skip


def test_marks_of_comments_are_no_words() -> None:
    assert words_of("/** a\r\n ** b */") == "a b"


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("// count reads", "count reads", "// count reads\nBEGIN { }\n"),
        ("// count reads\n", "count reads", "// count reads\nBEGIN { }\n"),
        ("// count reads\r\nEND { }", "count reads", "// count reads\r\nBEGIN { }\r\n\r\nEND { }"),
        ("// count reads\n", "count writes", "// count reads\n// count writes\nBEGIN { }\n"),
    ],
)
def test_the_program_is_put_on_lines_of_its_own(text: str, asked: str, expected: str) -> None:
    question = questions(parse(text))[0]
    assert (
        text[: question.end] + below(text, question, asked, "BEGIN { }\n") + text[question.end :] == expected
    )


# ------------------------------------------------------------------------------------- with a server


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Answering]:
    """A server that writes offline, and an editor that edits."""
    wire = Answering(
        env={"GPTTRACE_STATE": str(tmp_path / "state"), "GPTTRACE_MODEL": "", "OPENAI_API_KEY": ""}
    )
    yield wire
    wire.close()


def begin(wire: Answering, text: str) -> tuple[dict[str, str], dict[str, int]]:
    texts, versions = {URI: text}, {URI: 1}
    wire.edit_as(texts, versions)
    edits = {"workspaceEdit": {"documentChanges": True}}
    wire.begin(
        panel=True,
        settings={"writer": "offline"},
        capabilities={"workspace": edits, "window": {"workDoneProgress": True}},
    )
    wire.open(URI, text)
    return texts, versions


def generate(wire: Answering, line: int = 0) -> Any:
    arguments = [URI, {"line": line}]
    return wire.ask("workspace/executeCommand", {"command": "gpttrace.generate", "arguments": arguments})


@pytest.mark.kernel
def test_a_comment_becomes_a_program_below_it(wire: Answering) -> None:
    texts, _ = begin(wire, "// count system calls by process\n")
    lenses = wire.ask("textDocument/codeLens", {"textDocument": {"uri": URI}})
    assert [each["command"]["title"] for each in lenses] == ["write this program"]
    written = generate(wire)
    assert texts[URI] == f"// count system calls by process\n{written['program'].strip()}\n"
    assert parse(texts[URI]).ok
    assert parse(texts[URI]).probes


@pytest.mark.kernel
def test_a_refusal_offers_its_alternatives_and_takes_the_one_that_is_chosen(wire: Answering) -> None:
    texts, _ = begin(wire, "// ? frobnicate the quux of reads\n")
    chosen: list[str] = []

    def choose(params: Any) -> Any:
        chosen.append(params["actions"][0]["title"])
        return params["actions"][0]

    wire.answers["window/showMessageRequest"] = choose
    assert generate(wire) is not None
    assert chosen == ["bytes read by process"]
    assert texts[URI].splitlines()[1] == "// bytes read by process"
    assert parse(texts[URI]).ok


@pytest.mark.kernel
def test_a_text_that_changed_meanwhile_is_left_alone(wire: Answering) -> None:
    texts, versions = begin(wire, "// count system calls by process\n")
    wire.diagnostics(URI)

    def type_on(params: Any) -> None:
        if params["token"] and versions[URI] == 1:
            versions[URI], texts[URI] = 2, "BEGIN { }\n"
            wire.change(URI, 2, {"text": texts[URI]})

    wire.answers["window/workDoneProgress/create"] = type_on
    assert generate(wire) is None
    assert texts[URI] == "BEGIN { }\n"
    said = [each["params"]["message"] for each in wire.seen if each.get("method") == "window/showMessage"]
    assert said == ["the text was changed meanwhile, so the program was not put in: ask again"]


def test_a_line_without_a_question_is_told_of(wire: Answering) -> None:
    begin(wire, "BEGIN { }\n")
    assert generate(wire) is None
    assert generate(wire, 10**9) is None
