"""`gpttrace check --level canary`: a line for each level, numbers instead of one word, an exit code for each way it can end."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gpttrace.testing import InstalledBpftrace, require

from .conftest import GPTTRACE, Cli

pytestmark = pytest.mark.kernel

OPENS = "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }"
TWICE = "tracepoint:syscalls:sys_enter_openat, tracepoint:syscalls:sys_exit_openat { @[comm] = count(); }"
NGINX = 'tracepoint:syscalls:sys_enter_openat /comm == "nginx"/ { @[comm] = count(); }'
SWITCHES = "tracepoint:sched:sched_switch { @[comm] = count(); }"
TYPED = 'uretprobe:/bin/bash:readline { printf("%s\\n", str(retval)); }'
UNSAFE = 'BEGIN { system("id"); }'


@pytest.mark.parametrize(
    ("program", "code", "attached", "canary"),
    [
        (OPENS, 0, "1 of 1 probe", "23 of 23 opens were counted, 0 of 23 stat calls"),
        (TWICE, 1, "2 of 2 probes", "failed: 23 opens were made, the program counted 46"),
        (NGINX, 5, "1 of 1 probe", 'not proved (the program looks only at opens where comm == "nginx"; 23 opens were made'),
        (SWITCHES, 5, "1 of 1 probe", "not proved (the catalogue knows no workload for context switches"),
        (TYPED, 5, "not attached (it was not run)", "not proved (it reads what people type, and nobody has approved that"),
        (UNSAFE, 4, "not attached (it was not run)", "not proved (what is denied is not run)"),
        ("BEGIN { print(nosuch); }", 1, "not attached (it was not run)", "not proved (what is wrong is not run)"),
    ],
    ids=["right", "twice", "another process", "no workload", "asks first", "denied", "wrong"],
)  # fmt: skip
def test_each_level_has_a_line_of_its_own(
    program: str, code: int, attached: str, canary: str, cli: Cli, host_bpftrace: InstalledBpftrace
) -> None:
    done = cli("check", "-e", program, "--level", "canary")
    assert done.returncode == code, done
    lines = dict(
        line.strip().partition(": ")[::2] for line in done.stdout.splitlines() if line.startswith("  ")
    )
    assert {"static", "compile", "attached", "canary"} <= set(lines)
    assert lines["attached"] == attached
    assert lines["canary"].startswith(canary)
    assert "verified" not in done.stdout


def test_the_same_as_json(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    done = cli("check", "-e", TWICE, "--level", "canary", "--json")
    assert done.returncode == 1
    (file,) = json.loads(done.stdout)["files"]
    assert (file["ok"], file["level"]) == (False, "canary")
    levels = {step["level"]: (step["done"], step["how"]) for step in file["steps"]}
    assert levels["attached"] == (True, "2 of 2 probes")
    assert levels["canary"] == (True, "failed: 23 opens were made, the program counted 46")
    errors = [each for each in file["findings"] if each["severity"] == "error"]
    assert [(each["code"], each["source"]) for each in errors] == [("canary-overcounted", "meaning")]


def test_what_was_asked_decides_what_is_held(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    closes = "tracepoint:syscalls:sys_enter_close { @[comm] = count(); }"
    assert cli("check", "-e", closes, "--level", "canary").returncode == 0
    done = cli("check", "-e", closes, "--level", "canary", "--asked", "count opens by process")
    assert done.returncode == 5
    assert "its hooks show closes, of which as many were counted as opens were made" in done.stdout


def test_a_question_that_is_not_understood_is_refused(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    done = cli("check", "-e", OPENS, "--asked", "what is the meaning of life")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr


def test_without_the_right_to_trace_that_is_said(tmp_path: Path, host_bpftrace: InstalledBpftrace) -> None:
    argv = ["unshare", "--user", GPTTRACE, "check", "-e", OPENS, "--level", "canary"]
    possible = subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False).returncode == 0
    require(possible, "no namespace of users can be made here")
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 5, done
    assert "canary: not proved (tracing needs root, and this process is not root)" in done.stdout


def test_another_machines_kernel_is_not_this_one(
    cli: Cli, tmp_path: Path, host_bpftrace: InstalledBpftrace
) -> None:
    assert cli("host", "save", "this.host").returncode == 0
    done = cli("check", "-e", OPENS, "--level", "canary", "--host", "this.host")
    assert done.returncode == 5
    assert "canary: not proved (a host file has no kernel to run on)" in done.stdout


def test_nothing_is_kept_among_the_runs(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    before = json.loads(cli("runs", "--json").stdout)["runs"]
    assert cli("check", "-e", OPENS, "--level", "canary").returncode == 0
    assert json.loads(cli("runs", "--json").stdout)["runs"] == before


@pytest.mark.parametrize(
    ("question", "code", "says"),
    [
        ("count opens by process", 0, "canary: 23 of 23 opens were counted, 0 of 23 stat calls"),
        (
            "count opens by nginx",
            5,
            'canary: not proved (the program looks only at opens where comm == "nginx"',
        ),
    ],
)
def test_what_is_written_can_be_proved(
    question: str, code: int, says: str, cli: Cli, host_bpftrace: InstalledBpftrace
) -> None:
    plain = cli("generate", question)
    done = cli("generate", question, "--prove")
    assert (done.returncode, done.stdout) == (code, plain.stdout)
    assert says in done.stderr
    proof = json.loads(cli("generate", question, "--prove", "--json").stdout)["proof"]
    assert proof["verdict"] == ("proved" if code == 0 else "not proved")
    assert [step["level"] for step in proof["steps"]][-2:] == ["attached", "canary"]
