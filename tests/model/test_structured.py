"""The JSON object and the programs that an answer holds are found wherever they stand; what is wrong is told with its place."""

from __future__ import annotations

from typing import Any

import pytest

from gpttrace.model import programs_in, read_json

FENCED = 'Here it is:\n```json\n{"program": "BEGIN { exit(); }", "n": 1}\n```\nHave fun {with it}!'


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ('{"a": 1}', ["a"], {"a": 1}),
        ('  {"a": {"b": [1, {"c": null}]}}\n', ["a"], {"a": {"b": [1, {"c": None}]}}),
        (FENCED, ["program"], {"program": "BEGIN { exit(); }", "n": 1}),
        ('Use { @[comm] = count(); } and say {"a": 2}.', ["a"], {"a": 2}),
        ('{"a": 1} no, better: {"a": 2}', ["a"], {"a": 2}),
        ('{"a": 1} and {"b": 2}', ["a"], {"a": 1}),
        ('{"a": 1} and {"a": 2', ["a"], {"a": 1}),
        ('{"a": "two\nlines"}', ["a"], {"a": "two\nlines"}),
        ('{"a": "\\u001b[31mred\\ud800"}', ["a"], {"a": "red\ufffd"}),
        ('[{"a": 1}]', ["a"], {"a": 1}),
        ("{}", [], {}),
        ('{"a": {"b": 1},} {"b": 2}', ["b"], {"b": 2}),
    ],
)
def test_the_object_is_found(text: str, wanted: list[str], found: dict[str, Any]) -> None:
    assert read_json(text, wanted=wanted) == (found, None)


@pytest.mark.parametrize(
    ("text", "finish", "problem"),
    [
        ("", "stop", "the answer is empty"),
        ("no object, only { braces }", "stop", "no JSON object"),
        ('{"b": 1}', "stop", "lacks: a"),
        ('{\n "a": 1,\n}', "stop", "comma that nothing follows"),
        ('{\n "a": 1, // one\n "b": 2}', "stop", "line 2, column"),
        ('{"a": 1, /* one */ "b": 2}', "stop", "a comment"),
        ('{"a": [1, 2,]}', "stop", "not valid at line 1"),
        ("{'a': 1}", "stop", "line 1, column 2"),
        ('{"x": {"a": 1}, y}', "stop", "line 1, column 17"),
        ('{"a": NaN}', "stop", "NaN"),
        ('{"a": "half of', "stop", "begins at line 1, column 1 is not complete"),
        ('{"a": "half of', "length", "cut off at its greatest length"),
        ("I was thinking", "length", "cut off at its greatest length"),
        ('{"a":' * 100_000, "stop", "column 1"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "stop", "nested too deep"),
        ('{"a": ' + "9" * 5000 + "}", "stop", "not valid"),
        ('{"a" ' * 20_000 + "}" * 20_000, "stop", "line 1"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, finish: str, problem: str) -> None:
    found, told = read_json(text, wanted=["a"], finish=finish)
    assert found is None
    assert problem in str(told)


ONE = "tracepoint:syscalls:sys_enter_openat\n{\n  @[comm] = count();\n}"
TWO = "kprobe:vfs_*,\nkretprobe:vfs_read /pid == 1/ { @ = hist(retval); }"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"```\n{ONE}\n```", [ONE]),
        (f"First:\n```bpftrace\n{ONE}\n```\nthen\n~~~c++ title\n{TWO}\n~~~\n", [ONE, TWO]),
        (f"````md\n{ONE}\n````", [ONE]),
        (f"   ```bt\r\n{ONE}\r\n   ```", [ONE]),
        ("```sh\nsudo bpftrace -q -e 'BEGIN { exit(); }'\n```", ["BEGIN { exit(); }"]),
        ("```\n#!/usr/bin/env bpftrace\nBEGIN\n{\n}\n```", ["#!/usr/bin/env bpftrace\nBEGIN\n{\n}"]),
        ('```json\n{"a": {"b": 1}}\n```\n```\n$ ls {a,b}\n```', []),
        (f"```\n{ONE}", []),
        (ONE, []),
        ("", []),
        ("```\n" + "k:a, " * 2_700 + "\n```", []),
        ("```\nBEGIN" + " " * 16_000 + "\n```", []),
    ],
)
def test_programs_are_found_in_prose(text: str, found: list[str]) -> None:
    assert programs_in(text) == found
