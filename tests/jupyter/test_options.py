"""The option line and the cell's text: what is read from them, and one clear sentence for each mistake."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gpttrace.errors import UsageError
from gpttrace_jupyter.cell import looks_like_program, read_cell
from gpttrace_jupyter.options import OPTIONS, Wanted, help_text, read_options
from gpttrace_jupyter.variables import fill_program, fill_question

pytestmark = pytest.mark.computes


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("", {}),
        ("--for 10s --pid 42", {"seconds": 10.0, "pid": 42}),
        ("--for=500ms --comm='Web Content'", {"seconds": 0.5, "comm": "Web Content"}),
        ('--comm "a \\"b\\""', {"comm": 'a "b"'}),
        ("count opens --top 5 by process", {"question": "count opens by process", "top": 5}),
        ("who's opening files -o opens", {"question": "who's opening files", "name": "opens"}),
        ('"count opens" --yes', {"question": "count opens", "yes": True}),
        ('opens by "Web Content"', {"question": 'opens by "Web Content"'}),
        ("--plot", {"plot": "auto"}),
        ("--plot heat", {"plot": "heat"}),
        ("--plot count opens", {"plot": "auto", "question": "count opens"}),
        ("--check --host prod.host", {"do": "check", "host": "prod.host"}),
        ("--stop", {"do": "stop", "which": "all"}),
        ("--stop 1ng", {"do": "stop", "which": "1ng"}),
        ("--show last --all", {"do": "show", "which": "last", "all": True}),
        ("--every 2s --cmd 'sh -c \"ls; ls\"'", {"every": 2.0, "cmd": 'sh -c "ls; ls"'}),
        ("opens of pid -1", {"question": "opens of pid -1"}),
        ("read size > 4096 bytes", {"question": "read size > 4096 bytes"}),
        ("-o größe", {"name": "größe"}),
    ],
)
def test_an_option_line_is_read(line: str, meant: dict[str, Any]) -> None:
    wanted = read_options(line)
    assert {name: getattr(wanted, name) for name in meant} == meant
    untouched = [name for name in ("seconds", "pid", "name", "question", "plot") if name not in meant]
    assert all(getattr(wanted, name) == getattr(Wanted(), name) for name in untouched)


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("--fro 10s", "there is no option --fro", "did you mean --for?"),
        ("--backgruond", "there is no option --backgruond", "did you mean --background?"),
        ("--zzz", "there is no option --zzz", "--help"),
        ("--for soon", "'soon' is no span of time", ""),
        ("--for", "--for needs a value", "--for TIME"),
        ("--for --yes", "--for needs a value", ""),
        ("--pid 0", "no whole number above 0", ""),
        ("--pid ten", "no whole number above 0", ""),
        ("--rows 1.5", "no whole number above 0", ""),
        ("--yes=no", "--yes takes no value", ""),
        ("--yes --yes", "--yes is given twice", ""),
        ("-o class", "'class' is a word of Python itself", "class_"),
        ("-o 2nd", "'2nd' is no name", ""),
        ("-o a.b", "'a.b' is no name", ""),
        ("--writer robot", "there are auto, offline, model", ""),
        ("--writer ofline", "there are auto, offline, model", "offline"),
        ("--plot=pie", "there are hist, heat", ""),
        ("--comm ''", "--comm is empty", ""),
        ("--comm 'a", "a quote that is never closed", ""),
        ("--question --program", "do not go together", ""),
        ("--check --dry", "do not go together", ""),
        ("--background --check", "--check does not", ""),
        ("--background --plot", "nothing to plot yet", ""),
        ("--all --plot", "--all gives all", ""),
        ("--runs of mine", "takes no question", ""),
    ],
)
def test_a_mistake_in_the_options_is_one_sentence(line: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_options(line)
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert hint in (caught.value.hint or "")


def test_values_of_options_may_be_variables() -> None:
    variables = {"server": SimpleNamespace(pid=42), "seconds": 2.5, "name": "web 1"}
    wanted = read_options("--pid {server.pid} --for={seconds}s --comm '{name}' reads", variables)
    assert (wanted.pid, wanted.seconds, wanted.comm, wanted.question) == (42, 2.5, "web 1", "reads")
    assert read_options("--cmd 'awk {{print}}'", variables).cmd == "awk {print}"
    for line, said in (
        ("--pid {nobody}", "there is no variable nobody"),
        ("--pid {name}", "no whole number"),
    ):
        with pytest.raises(UsageError, match=said):
            read_options(line, variables)


def test_every_option_is_in_the_help() -> None:
    told = help_text()
    assert all(each.flag in told and each.words in told for each in OPTIONS)
    assert max(map(len, told.splitlines())) < 120


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("count syscalls by process", False),
        ("profile user stacks at 99 hz for 5 s", False),
        ("interval between opens", False),
        ("software interrupts by cpu", False),
        ("begin of reads {x}", False),
        ("end of file", False),
        ("test which files are opened", False),
        ("who: opens /etc/passwd", False),
        ("BEGIN { @a = 1; }", True),
        ("BEGIN { @a = ; }", True),
        ("BEGIN {", True),
        ("tracepoint:syscalls:sys_enter_openat", True),
        ("tracepont:a:b { @ = count(); }", True),
        ("// words\nBEGIN { }", True),
        ("#!/usr/bin/bpftrace\nBEGIN { }", True),
        ("#include <linux/sched.h>\nBEGIN { }", True),
        ("config = { max_strlen=99 } BEGIN { }", True),
        ("uprobe:{{path}}:main { @ = count(); }", True),
        ("i:s:1 { }", True),
    ],
)
def test_questions_and_programs_are_told_apart(text: str, program: bool) -> None:
    assert looks_like_program(text) is program


def test_the_parser_can_be_overruled() -> None:
    assert read_cell("i:s:1", Wanted(as_kind="question"), {}).kind == "question"
    assert read_cell("count opens", Wanted(as_kind="program"), {}).kind == "program"


@pytest.mark.parametrize(
    ("body", "wanted", "said"),
    [
        ("", Wanted(), "the cell is empty"),
        (" \n\t\n", Wanted(), "the cell is empty"),
        ("count opens", Wanted(question="count reads"), "on the line and something in the cell"),
        ("count opens\nBEGIN { @a = 1; }", Wanted(), "a question and a program"),
    ],
)
def test_nothing_and_two_things_are_refused(body: str, wanted: Wanted, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_cell(body, wanted, {})
    assert said in caught.value.message
    assert caught.value.hint


class Server:
    """Something that a notebook may have in a variable."""

    pid = 42
    names = ("a", "b")


NAMES = {
    "n": 7, "text": 'a "b"\\\n%d', "server": Server(), "table": {"x": [1, 2]}, "f": len, "i": 1, "path": "/bin/sh",
    "odd": "}/ { system(1) }", "comment": "/bin//sh",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("opens of {n}", "opens of 7"),
        ("opens of pid {server.pid}", "opens of pid 42"),
        ("opens by {server.names[-1]}", "opens by b"),
        ("{table['x'][i]} opens", "2 opens"),
        ("{{n}} opens", "{n} opens"),
    ],
)
def test_variables_stand_in_questions(text: str, filled: str) -> None:
    assert fill_question(text, NAMES) == filled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("opens of {missing}", "there is no variable missing"),
        ("opens of {f('x')}", "is no name of a variable"),
        ("opens of {1 + 1}", "is no name of a variable"),
        ("opens of {server._secret}", "is no name of a variable"),
        ("opens of {server.nothing}", "has no value"),
        ("opens of {table['y']}", "has no value"),
        ("opens of {server}", "of the type Server"),
        ("opens of {text}", "a line end or a control character"),
        ("opens of {}", "is no name of a variable"),
    ],
)
def test_what_is_no_variable_is_said(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        fill_question(text, NAMES)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("BEGIN { @a = {{n}}; }", "BEGIN { @a = 7; }"),
        ("BEGIN { if (1) { @a = 1; } }", "BEGIN { if (1) { @a = 1; } }"),
        ('p /comm == "{{text}}"/', 'p /comm == "a \\"b\\"\\\\\\n%d"/'),
        ('BEGIN { printf("{{text}}"); }', 'BEGIN { printf("a \\"b\\"\\\\\\n%%d"); }'),
        ('BEGIN { printf("%s", "{{text}}"); }', 'BEGIN { printf("%s", "a \\"b\\"\\\\\\n%d"); }'),
        ("uprobe:{{path}}:main { }", "uprobe:/bin/sh:main { }"),
        ("// {{missing}}\nBEGIN { }", "// {{missing}}\nBEGIN { }"),
        ("/* {{missing}} */ BEGIN { }", "/* {{missing}} */ BEGIN { }"),
        ("BEGIN { { @a = 1; } }", "BEGIN { { @a = 1; } }"),
    ],
)
def test_variables_stand_in_programs_and_its_own_braces_stay(text: str, filled: str) -> None:
    assert fill_program(text, NAMES) == filled


@pytest.mark.parametrize("name", ["odd", "text", "comment", "missing"])
def test_a_value_cannot_become_code(name: str) -> None:
    with pytest.raises(UsageError):
        fill_program(f"BEGIN {{ @a = {{{{{name}}}}}; }}", NAMES)


def test_control_bytes_in_a_string_are_what_bpftrace_reads_as_those_bytes() -> None:
    from gpttrace.language.literals import unescape

    value = "".join(map(chr, range(1, 256))) + "7"
    filled = fill_program('BEGIN { @a = "{{value}}"; }', {"value": value})
    inside = filled.removeprefix('BEGIN { @a = "').removesuffix('"; }')
    assert unescape(inside) == (value.encode(), [])


def test_every_option_is_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "jupyter.md").read_text()
    assert [each.flag for each in OPTIONS if f"`{each.flag}" not in guide] == []
