"""A model at the command line, over real HTTP and this kernel: rows of a good answer, nothing of a bad one, the key nowhere."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.model.scripted import (
    ENDLESS,
    HUGE,
    KEY,
    NO_MODEL,
    PATIENCE,
    Asked,
    Script,
    Turn,
    say,
    serving,
    status,
    wrong_key,
)

from gpttrace.cli.failures import without_keys
from gpttrace.testing import InstalledBpftrace

from .conftest import GPTTRACE, Cli

CALLS = ("read", "pread64", "readv", "preadv", "preadv2")
SPEC: dict[str, Any] = {
    "event": "read", "shape": "sum", "value": "bytes", "keys": ["comm"],
    "conditions": [{"field": "bytes", "op": ">", "value": 0}],
    "every": None, "top": None, "duration": None, "hz": None, "buckets": None, "part": None, "others": [],
}  # fmt: skip
PROBES = ",\n".join(f"tracepoint:syscalls:sys_exit_{name}" for name in CALLS)
GOOD = f"{PROBES}\n/args->ret > 0/ {{ @bytes[comm] = sum(args->ret); }}\n"
QUESTION = "bytes read by process"
UNKNOWN = "quux bytes read by process"  # the offline writer refuses it
WORK = f"{sys.executable} -I -S -c \"import os; f=os.open('/dev/zero',0); [os.read(f, 1009) for _ in range(47)]\""
READS = {"spec": None, "says": "It adds up the bytes that reads returned, by process name."}


def good(asked: Asked, program: str = GOOD, spec: dict[str, Any] | None = SPEC) -> Turn:
    """Answer whatever is asked for as a model would that is right."""
    form = asked.body.get("response_format") or {}
    told: dict[str, Any] = {
        "program": {"spec": spec, "program": program, "assumptions": ["all reads"], "refusal": None},
        "reading": READS,
        "held": {"answer": "yes", "reason": "so it is"},
    }
    return say(json.dumps(told[form["json_schema"]["name"]]))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A script at an endpoint that the environment names."""
    script = Script([good] * 20)
    with serving(script) as served:
        monkeypatch.setenv("OPENAI_BASE_URL", served.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("GPTTRACE_MODEL", "m")
        yield script


def written(*arguments: str) -> list[str]:
    return ["generate", "--writer", "model", *arguments]


def own_files() -> list[Path]:
    folders = [Path(os.environ[f"GPTTRACE_{name}"]) for name in ("STATE", "CACHE", "CONFIG")]
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


@pytest.mark.kernel
def test_a_question_is_answered_by_the_models_program(
    cli: Cli, script: Script, host_bpftrace: InstalledBpftrace
) -> None:
    of_command = GOOD.replace("args->ret > 0", "args->ret > 0 && pid == cpid")
    script.turns = [lambda asked: good(asked, of_command)] * 20
    done = cli("ask", "--writer", "model", "--json", "--cmd", WORK, QUESTION, timeout=90)
    answer = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert (answer["writer"], answer["program"]) == ("model", of_command)
    assert answer["result"]["status"] == "ok"
    assert answer["result"]["tables"][0]["rows"][0][-1] >= 47 * 1009
    assert answer["model"]["judged"]["agreement"] == "certain"
    assert {
        answer["model"]["judged"][name] for name in ("static", "compile", "load", "meaning", "comprehension")
    } == {"passed"}
    assert answer["model"]["calls"] == 3
    assert "round 1 of 5: asking" in done.stderr
    assert "model m: 1 round, 3 calls" in done.stderr
    assert "certain" in done.stderr


def test_a_program_that_does_not_keep_to_an_option_is_not_offered(cli: Cli, script: Script) -> None:
    done = cli(*written("--json", "--comm", "nobody-else", QUESTION))

    assert done.returncode == 1
    assert "process name" in json.loads(done.stdout)["refused"]["why"]
    assert json.loads(done.stdout)["model"]["best"] == GOOD


@pytest.mark.kernel
def test_a_program_that_the_policy_denies_is_not_run_whatever_is_said(
    cli: Cli, script: Script, host_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    trap = tmp_path / "pwned"
    evil = f'BEGIN {{ system("touch {trap}"); }} {GOOD}'
    script.turns = [lambda asked: good(asked, evil)] * 20
    done = cli("ask", "--writer", "model", "--yes", "--json", QUESTION)

    assert done.returncode == 4, done
    assert json.loads(done.stdout)["program"] is None
    assert "denied by the policy" in json.loads(done.stdout)["refused"]["why"]
    assert not trap.exists()


@pytest.mark.kernel
def test_two_readings_that_differ_are_not_run_without_a_person(
    cli: Cli, script: Script, host_bpftrace: InstalledBpftrace
) -> None:
    by_pid, other = GOOD.replace("comm", "pid"), {**SPEC, "keys": ["pid"]}
    script.turns = [lambda asked: good(asked, by_pid, other)] * 40
    done = cli("ask", "--writer", "model", QUESTION)
    assert (done.returncode, done.stdout) == (1, "")
    assert "read the question differently" in done.stderr
    assert "--yes" in done.stderr

    done = cli("ask", "--writer", "model", "--yes", "--for", "1s", QUESTION, timeout=90)
    assert done.returncode == 0, done.stderr

    done = cli(*written(QUESTION))
    assert (done.returncode, done.stdout) == (0, by_pid)
    words = " ".join(done.stderr.split())
    assert "another one: Total bytes of reads that returned data by process name" in words
    assert "@bytes[comm] = sum(args->ret);" in done.stderr  # the other program is shown as well


def test_auto_asks_nobody_when_the_offline_writer_is_sure(cli: Cli, script: Script) -> None:
    done = cli("generate", QUESTION)
    assert done.returncode == 0, done.stderr
    assert script.asked == []


def test_auto_asks_the_model_when_the_offline_writer_refuses(cli: Cli, script: Script) -> None:
    done = cli("generate", "--json", UNKNOWN)
    answer = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert (answer["writer"], answer["model"]["judged"]["agreement"]) == ("model", "alone")
    assert cli("generate", "--writer", "offline", UNKNOWN).returncode == 1


def test_auto_keeps_to_the_offline_answer_when_the_endpoint_is_down(
    cli: Cli, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    done = cli("generate", UNKNOWN)

    assert done.returncode == 1
    assert "the model could not be asked" in done.stderr
    assert "did not understand" in done.stderr


def test_auto_takes_the_offline_program_of_a_guessed_question_when_the_model_has_none(
    cli: Cli, script: Script
) -> None:
    script.turns = [Turn(text=None, refusal="no thanks")] * 5
    done = cli("generate", "--json", "bytse raed by procces")
    answer = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert (answer["writer"], answer["model"]["rounds"]) == ("offline", 1)
    assert "the offline writer's program is taken" in done.stderr


@pytest.mark.kernel
@pytest.mark.parametrize(("said", "code"), [(b"n\n", 1), (b"y\n", 0)])
def test_on_a_terminal_a_person_decides_between_two_readings(
    said: bytes, code: int, script: Script, host_bpftrace: InstalledBpftrace
) -> None:
    by_pid, other = GOOD.replace("comm", "pid"), {**SPEC, "keys": ["pid"]}
    script.turns = [lambda asked: good(asked, by_pid, other)] * 20
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [GPTTRACE, "ask", "--writer", "model", "--for", "1s", QUESTION],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while b"Run it?" not in shown:
        shown += os.read(ours, 4096)
    os.write(ours, said)
    while process.poll() is None:
        with contextlib.suppress(OSError):  # a terminal whose other end is closed
            os.read(ours, 4096)
    os.close(ours)
    assert process.stdout is not None
    with process.stdout:
        rows = process.stdout.read()

    assert b"rows are told apart by" in shown
    assert (process.returncode, b"@bytes" in rows) == (code, code == 0)


def test_an_endpoint_without_the_tls_that_was_asked_for_is_an_error(
    cli: Cli, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", os.environ["OPENAI_BASE_URL"].replace("http:", "https:"))
    done = cli(*written(QUESTION))
    assert done.returncode == 5
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


BAD: dict[str, tuple[Any, int, str]] = {
    "wrong key": (wrong_key, 4, "does not accept the key"),
    "wrong model": (NO_MODEL, 5, "does not know the model m"),
    "10 MB": (HUGE, 5, "10 MB"),
    "a web page": (Turn(raw=b"<html>hello</html>", kind="text/html"), 5, "web page"),
    "not found": (status(404), 5, "OPENAI_BASE_URL"),
    "a refusal": (Turn(text=None, refusal="no\x1b]0;evil\x07 thanks"), 1, "no thanks"),
    "escapes": (say("\x1b[2J\x1b[31mhello"), 1, "gave no program"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_goes_wrong_is_a_line_a_hint_and_a_code(name: str, cli: Cli, script: Script) -> None:
    turn, code, words = BAD[name]
    script.turns = [turn] * 20
    done = cli(*written(QUESTION))

    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert words in done.stderr
    assert "hint: " in done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_endpoint_that_is_down_is_code_5_with_a_hint(
    cli: Cli, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    done = cli(*written(QUESTION))
    assert done.returncode == 5
    assert "cannot be reached" in done.stderr
    assert "hint: is the endpoint running?" in done.stderr


def test_without_a_model_the_hint_says_how_to_set_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    done = cli(*written(QUESTION))
    assert done.returncode == 5
    assert "OPENAI_API_KEY" in done.stderr


@pytest.mark.parametrize(
    "turn", [good, wrong_key, status(500, message=f"bad: {KEY}"), say(f"the key is {KEY}")]
)
def test_the_key_is_in_no_output_and_in_no_file(turn: Any, cli: Cli, script: Script, tmp_path: Path) -> None:
    script.turns = [turn] * 20
    folder = tmp_path / "kept"
    done = cli(*written("-v", "--json", "--record", str(folder), "-k", KEY, QUESTION))

    assert script.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in done.stdout + done.stderr
    assert "ps" in done.stderr
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in (*own_files(), *kept) if KEY.encode() in path.read_bytes()]


def test_a_recording_plays_again(cli: Cli, script: Script, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    first = cli(*written("--record", str(folder), QUESTION))
    [path] = folder.iterdir()
    script.turns, script.asked = Script.from_recording(path).turns, []
    second = cli(*written(QUESTION))

    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout == GOOD


def test_an_interrupt_while_the_model_is_asked_ends_it(script: Script, tmp_path: Path) -> None:
    script.turns = [Turn(text=ENDLESS.text, endless=True, pause=0.01)]
    process = subprocess.Popen(
        [GPTTRACE, *written(QUESTION)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    assert script.begun.wait(PATIENCE)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out) == (130, b"")
    assert b"interrupted" in said
    assert script.gone.wait(PATIENCE)


def test_the_key_of_a_command_line_is_in_no_report() -> None:
    for arguments in (["-k", KEY], ["--key", KEY], [f"--key={KEY}"], [f"-k{KEY}"], ["-vk", KEY]):
        assert KEY not in without_keys(f"arguments: {arguments!r}", arguments)
    assert without_keys("at 10", ["-k", "10"]) == "at 10"


def test_a_tool_of_bcc_takes_no_model(cli: Cli) -> None:
    done = cli("ask", "-c", "opensnoop", "failed opens", "--writer", "model")
    assert done.returncode == 2


def test_nobody_waits_for_a_slow_model_longer_than_was_allowed(
    cli: Cli, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()

    def hang(asked: Asked) -> Turn:
        done.wait(PATIENCE)
        return good(asked)

    script.turns = [hang]
    monkeypatch.setenv("GPTTRACE_MODEL_SECONDS", "0.5")
    ended = cli(*written(QUESTION))
    done.set()
    assert ended.returncode == 5
    assert "0.5 s" in ended.stderr
