"""`gpttrace explain`: words about programs and kept runs, follow-up questions, and a model only where it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.explain.made import counts, events, result
from tests.model.scripted import KEY, Script, Served, Turn, answer, serving, status

from gpttrace.settings import Settings
from gpttrace.spec.model import TraceSpec
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace import Store

from .conftest import Cli

PROGRAM = "tracepoint:syscalls:sys_enter_openat { @opens[comm] = count(); }"
CALLS = {"table": "@calls", "column": "count", "row": None, "key": "nginx", "stat": None}
RIGHT = {"text": "`nginx` made 60 calls.", "cites": [{"value": 60, "unit": None, "where": CALLS}]}
WRONG = {"text": "postgres made 99 calls.", "cites": [{"value": 99, "unit": None, "where": CALLS}]}


@pytest.fixture
def kept() -> Iterator[str]:
    """The id of a kept run of system calls by process."""
    store = Store(Settings.load().state_dir)
    spec = TraceSpec("syscall", "count", keys=("comm",))
    store.save(result(counts(), spec=spec, run_id="explained1", question="count syscalls by process"))
    yield "explained1"
    store.delete("explained1")


@pytest.fixture
def kept_events() -> Iterator[str]:
    """The id of a kept run of reads and writes."""
    store = Store(Settings.load().state_dir)
    store.save(result(events(), run_id="explained2"))
    yield "explained2"
    store.delete("explained2")


def set_model(patch: pytest.MonkeyPatch, served: Served) -> None:
    """Let the command line find the scripted model."""
    for name, value in (
        ("OPENAI_BASE_URL", served.base_url),
        ("OPENAI_API_KEY", KEY),
        ("GPTTRACE_MODEL", "m"),
    ):
        patch.setenv(name, value)
    patch.setenv("GPTTRACE_PRICE", "1/2")


def test_a_run_is_explained_in_our_own_words_though_a_model_is_set(
    cli: Cli, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script([])
    with serving(script) as served:
        set_model(monkeypatch, served)
        done = cli("explain", kept)

    assert (done.returncode, script.asked) == (0, [])
    assert "In total 100 events in 4 rows." in done.stdout
    assert done.stderr == ""


def test_a_model_s_sentences_are_shown_checked_with_what_they_cost(
    cli: Cli, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Script([answer({"sentences": [RIGHT, WRONG]})])) as served:
        set_model(monkeypatch, served)
        done = cli("explain", kept, "--writer", "model")

    assert (done.returncode, done.stdout) == (0, "`nginx` made 60 calls.\n")
    assert "1 of the model's sentence was not supported and left out" in done.stderr
    assert "model m: 1 call, 100 + 10 tokens, $0.0001" in done.stderr


def test_json_says_whose_words_they_are(cli: Cli, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Script([answer({"sentences": [RIGHT]})])) as served:
        set_model(monkeypatch, served)
        whole = json.loads(cli("explain", kept, "--writer", "model", "--json").stdout)

    assert whole["explanation"] == "`nginx` made 60 calls."
    assert whole["told"] == {"by": "model", "dropped": 0, "why": None}
    assert (whole["model"]["name"], whole["model"]["calls"], whole["model"]["tokens"]) == ("m", 1, [100, 10])


@pytest.mark.parametrize(
    "turn", [status(401, message=f"wrong key {KEY}"), status(400, message="no such thing")]
)
def test_a_model_that_fails_leaves_our_words_and_one_line(
    cli: Cli, kept: str, monkeypatch: pytest.MonkeyPatch, turn: Turn
) -> None:
    with serving(Script([turn] * 8)) as served:
        set_model(monkeypatch, served)
        done = cli("explain", kept, "--writer", "model")

    assert done.returncode == 0
    assert "In total 100 events in 4 rows." in done.stdout
    assert "these are our own words: " in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_without_a_model_the_words_stay_and_say_so(
    cli: Cli, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    done = cli("explain", kept, "--writer", "model")

    assert done.returncode == 0
    assert "these are our own words: no model is set" in done.stderr


def test_a_program_is_rephrased(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.bt").write_text(PROGRAM, encoding="utf-8")
    said = {"sentences": [{"text": "It counts calls of `openat` by process name.", "supports": [1]}]}
    with serving(Script([answer(said)])) as served:
        set_model(monkeypatch, served)
        done = cli("explain", "a.bt", "--writer", "model")

    assert done.stdout == "It counts calls of `openat` by process name.\n"
    assert cli("explain", "a.bt").stdout.startswith("Each time a process enters openat(2)")


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("which of these are writes?", "2 of the 4 rows of printf:1, where op is write."),
        ("more than 1 MB", "where bytes is above 1 MiB (1,048,576 bytes)."),
        ("total bytes by comm", "nginx"),
        ("only redis-server", "None of the 4 rows of printf:1 has it: comm is redis-server."),
    ],
)
def test_follow_up_questions_are_answered_from_the_tables(
    cli: Cli, kept_events: str, question: str, shown: str
) -> None:
    done = cli("explain", kept_events, question)

    assert done.returncode == 0
    assert shown in done.stdout


def test_a_question_need_not_be_quoted(cli: Cli, kept_events: str) -> None:
    assert "1 of the 4 rows" in cli("explain", kept_events, "only", "postgres").stdout


def test_the_next_program_is_on_standard_output_and_can_be_checked(cli: Cli, kept: str) -> None:
    done = cli("explain", kept, "by user")

    assert done.returncode == 0
    assert "do not tell user ID" in done.stderr
    assert cli("check", "-", "--level", "static", stdin=done.stdout.encode()).returncode == 0


def test_what_is_not_understood_is_refused(cli: Cli, kept: str) -> None:
    done = cli("explain", kept, "frobnicate it")

    assert (done.returncode, done.stdout) == (1, "")
    assert "I did not understand: `frobnicate`" in done.stderr


def test_json_of_a_follow_up(cli: Cli, kept_events: str) -> None:
    whole = json.loads(cli("explain", kept_events, "top 1 by bytes", "--json").stdout)
    answered: dict[str, Any] = whole["answer"]

    assert (whole["run_id"], whole["question"]) == ("explained2", "top 1 by bytes")
    assert answered["operation"]["sort"] == {"column": "bytes", "descending": True}
    assert answered["table"]["rows"] == [[1, "nginx", "write", "/etc/a", 2 << 20, 5_000_000, 0]]
    assert (answered["by"], answered["program"], answered["why"]) == ("tables", None, "")


def test_a_model_reads_what_we_do_not(cli: Cli, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {
        "table": "@calls", "filter": [{"column": "comm", "op": "!=", "value": "nginx"}], "group": [],
        "measure": {"column": "count", "how": "sum"}, "sort": None, "top": None, "ask": None,
    }  # fmt: skip
    with serving(Script([answer(wanted)])) as served:
        set_model(monkeypatch, served)
        done = cli("explain", kept, "all the others, lumped", "--writer", "model")

    assert "Sum of count, only where comm is not nginx: 40." in done.stdout
    assert "model m: 1 call" in done.stderr


def test_a_question_about_a_program_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.bt").write_text(PROGRAM, encoding="utf-8")
    done = cli("explain", "a.bt", "which", "are", "writes")

    assert done.returncode == 2
    assert "questions are about a finished run" in done.stderr


@pytest.mark.kernel
def test_a_real_run_answers_questions(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    program = "tracepoint:syscalls:sys_enter_openat { @opens[comm] = count(); }"
    ran = json.loads(cli("run", "-e", program, "--cmd", "cat /etc/hostname", "--json").stdout)
    run_id, rows = ran["result"]["run_id"], ran["result"]["tables"][0]["rows"]

    total = json.loads(cli("explain", run_id, "how many", "--json").stdout)["answer"]["table"]["rows"]
    first = json.loads(cli("explain", run_id, "top 1", "--json").stdout)["answer"]["table"]["rows"]

    assert total == [[sum(count for _, count in rows)]]
    assert first[0][1] == max(count for _, count in rows)
