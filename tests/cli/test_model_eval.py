"""`gpttrace eval --writer model`: the table with rounds and cost, a file that a second run goes on with, ^C with what is done."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.model.scripted import KEY, PATIENCE, Asked, Script, Turn, say, serving, wrong_key

from .conftest import GPTTRACE, Cli

SET = """
[[question]]
ask = "bytes read by process"
area = "files"
difficulty = "easy"
hooks = ["tracepoint:syscalls:sys_exit_read", "tracepoint:syscalls:sys_exit_pread*", "tracepoint:syscalls:sys_exit_*readv*"]
shape = ["sum"]
value = "bytes"
keys = ["comm"]

[[question]]
ask = "reads by process"
area = "files"
difficulty = "easy"
hooks = ["tracepoint:syscalls:sys_exit_read", "tracepoint:syscalls:sys_exit_pread*", "tracepoint:syscalls:sys_exit_*readv*"]
shape = ["count"]
keys = ["comm"]

[[question]]
ask = "who opened this file yesterday"
area = "past"
difficulty = "easy"
refuse = true
"""
CALLS = ("read", "pread64", "readv", "preadv", "preadv2")
PROBES = ",\n".join(f"tracepoint:syscalls:sys_exit_{name}" for name in CALLS)
SUM = f"{PROBES}\n/args->ret > 0/ {{ @bytes[comm] = sum(args->ret); }}\n"
COUNT = f"{PROBES}\n/args->ret > 0/ {{ @reads[pid] = count(); }}\n"  # by pid: wrong


def spec(shape: str, value: str | None, key: str) -> dict[str, Any]:
    return {
        "event": "read", "shape": shape, "value": value, "keys": [key],
        "conditions": [{"field": "bytes", "op": ">", "value": 0}],
        "every": None, "top": None, "duration": None, "hz": None, "buckets": None, "part": None, "others": [],
    }  # fmt: skip


def answers(asked: Asked) -> Turn:
    """Right for the first question, wrong for the second, a refusal of the third."""
    name = asked.body["response_format"]["json_schema"]["name"]
    if name == "reading":
        return say(json.dumps({"spec": None, "says": "It measures reads."}))
    if name == "held":
        return say(json.dumps({"answer": "yes", "reason": "so it is"}))
    told: dict[str, Any] = {"spec": None, "program": "", "assumptions": [], "refusal": "the past is gone"}
    if "The question: bytes read" in asked.prompt:
        told |= {"program": SUM, "spec": spec("sum", "bytes", "comm"), "refusal": None}
    elif "The question: reads by" in asked.prompt:
        told |= {"program": COUNT, "spec": spec("count", None, "pid"), "refusal": None}
    return say(json.dumps(told))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    script = Script([answers] * 60)
    with serving(script) as served:
        monkeypatch.setenv("OPENAI_BASE_URL", served.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("GPTTRACE_MODEL", "m")
        monkeypatch.setenv("GPTTRACE_PRICE", "10/10")
        yield script


@pytest.fixture
def measured(tmp_path: Path) -> list[str]:
    (tmp_path / "set.toml").write_text(SET, encoding="utf-8")
    return ["eval", "--set", "set.toml", "--writer", "model", "--no-recall"]


def test_the_table_has_marks_rounds_and_cost(cli: Cli, script: Script, measured: list[str]) -> None:
    done = cli(*measured, "--details")
    lines = [line.split() for line in done.stdout.splitlines()]

    assert done.returncode == 0, done.stderr
    assert lines[0] == ["area", "right", "wrong", "refused", "rounds", "tokens", "money"]
    assert lines[1][:5] == ["files", "1", "1", "0", "3"]  # the wrong one was asked about once more
    assert lines[2][:5] == ["past", "1", "0", "0", "1"]
    assert lines[3][6] == f"${len(script.chats) * 110 * 10 / 1e6:.4f}"
    assert "wrong: reads by process" in done.stdout


def test_a_program_is_marked_by_what_it_is_not_by_what_the_model_says_of_it(
    cli: Cli, script: Script, measured: list[str]
) -> None:
    def lies(asked: Asked) -> Turn:
        if "The question: reads by" not in asked.prompt:
            return answers(asked)
        said = spec("count", None, "comm")
        return say(json.dumps({"spec": said, "program": COUNT, "assumptions": [], "refusal": None}))

    script.turns = [lies] * 60
    done = cli(*measured, "--json", "--without", "meaning", "--without", "comprehension")
    mark = json.loads(done.stdout)["marks"][1]

    assert (mark["question"], mark["verdict"]) == ("reads by process", "wrong")


def test_a_second_run_asks_only_what_is_not_there(
    cli: Cli, script: Script, measured: list[str], tmp_path: Path
) -> None:
    first = cli(*measured, "--resume", "marks.jsonl", "--json")
    kept = tmp_path / "marks.jsonl"
    lines = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 4
    assert KEY not in kept.read_text(encoding="utf-8")

    kept.write_text(
        "".join(lines[:3]) + lines[3][:40], encoding="utf-8"
    )  # as a run that was killed leaves it
    script.asked.clear()
    second = cli(*measured, "--resume", "marks.jsonl", "--json")
    asked = {each.prompt.rpartition("The question: ")[2] for each in script.chats}

    assert asked == {"who opened this file yesterday"}
    one, other = (json.loads(done.stdout) for done in (first, second))
    assert [mark["verdict"] for mark in one["marks"]] == [mark["verdict"] for mark in other["marks"]]
    assert one["cost"] == other["cost"]

    script.asked.clear()
    assert cli(*measured, "--resume", "marks.jsonl").returncode == 0
    assert script.chats == []


def test_marks_of_something_else_are_not_mixed(
    cli: Cli, script: Script, measured: list[str], tmp_path: Path
) -> None:
    cli(*measured, "--resume", "marks.jsonl")
    done = cli(*measured, "--resume", "marks.jsonl", "--without", "load")
    assert done.returncode == 2
    assert "something else" in done.stderr

    (tmp_path / "letter.txt").write_text("Dear all\n", encoding="utf-8")
    done = cli(*measured, "--resume", "letter.txt")
    assert done.returncode == 2
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "Dear all\n"


def test_a_piece_that_is_left_out_is_not_asked_for(cli: Cli, script: Script, measured: list[str]) -> None:
    cli(*measured, "--without", "comprehension")
    names = {each.body["response_format"]["json_schema"]["name"] for each in script.chats}
    assert names == {"program"}


def test_an_interrupt_prints_the_table_of_what_is_done(
    script: Script, measured: list[str], tmp_path: Path
) -> None:
    def stuck(asked: Asked) -> Turn:
        if "The question: reads by" in asked.prompt:
            return Turn(text="and on ", endless=True, pause=0.01)
        return answers(asked)

    script.turns = [stuck] * 60
    process = subprocess.Popen(
        [GPTTRACE, *measured, "--resume", "marks.jsonl"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not any("The question: reads by" in each.prompt for each in script.chats):
        script.begun.wait(0.05)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0, said
    assert "1 questions" in out
    assert "stopped after 1 of 3 questions; marks.jsonl goes on" in said
    assert script.gone.wait(PATIENCE)


def test_an_endpoint_that_says_no_ends_it_with_its_code(
    cli: Cli, script: Script, measured: list[str]
) -> None:
    script.turns = [wrong_key] * 5
    done = cli(*measured)
    assert done.returncode == 4
    assert "does not accept the key" in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_the_offline_writer_has_no_pieces(cli: Cli) -> None:
    done = cli("eval", "--without", "load")
    assert done.returncode == 2
    assert "--writer model" in done.stderr
