"""`gpttrace check`: findings under their own lines, three forms of output, and an exit code for each way in which it can end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gpttrace.testing import InstalledBpftrace

from .conftest import Cli

WRONG = """tracepoint:syscalls:sys_enter_openat
{
\tprintf("%s\\n", str(args->filname)); // é, a tab
}
"""
ENDLESS = """tracepoint:syscalls:sys_enter_openat
{
  @opens = count();
  $i = 0;
  while ($i >= 0) { $i++; @x = $i; }
  @done = count();
}
"""
REGION = {"startLine": 3, "startColumn": 27, "endLine": 3, "endColumn": 34}


def write(tmp_path: Path, text: str, name: str = "tool.bt") -> str:
    (tmp_path / name).write_text(text, newline="")
    return name


def findings(output: str) -> list[dict[str, Any]]:
    return [each for file in json.loads(output)["files"] for each in file["findings"]]


def test_a_right_program_is_said_to_be_right_and_how_that_is_known(
    cli: Cli, tmp_path: Path, host_bpftrace: InstalledBpftrace
) -> None:
    done = cli("check", write(tmp_path, 'BEGIN { printf("hi\\n"); exit(); }'), "--level", "load")
    assert done.returncode == 0, done
    assert "nothing wrong found" in done.stdout
    version = ".".join(map(str, host_bpftrace.version))
    assert f"compiled (bpftrace {version}, root)" in done.stdout
    assert "by the kernel's verifier (root)" in done.stdout


def test_a_finding_is_shown_under_its_own_line(
    cli: Cli, tmp_path: Path, host_bpftrace: InstalledBpftrace
) -> None:
    done = cli("check", write(tmp_path, WRONG))
    assert done.returncode == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith("tool.bt:3:27: error: ")
    assert "filname" in lines[1]
    assert lines[2].strip() == "^" * len("filname")
    assert lines[2].index("^") == lines[1].index("filname")
    assert "filename" in lines[3]
    assert "1 error" in lines[-2]


def test_json_has_the_documented_shape(cli: Cli, tmp_path: Path, host_bpftrace: InstalledBpftrace) -> None:
    good = write(tmp_path, "BEGIN { exit(); }", "good.bt")
    done = cli("check", "--json", write(tmp_path, WRONG), good)
    whole = json.loads(done.stdout)
    assert (done.returncode, whole["ok"]) == (1, False)
    assert [(file["file"], file["ok"], file["level"], file["policy"]) for file in whole["files"]] == [
        ("tool.bt", False, "compile", "yes"),
        ("good.bt", True, "compile", "yes"),
    ]
    assert [step["level"] for step in whole["files"][0]["steps"]] == ["static", "meaning", "compile"]
    (found,) = [each for each in findings(done.stdout) if each["severity"] == "error"]
    assert found["range"] == {"start": {"line": 3, "column": 27}, "end": {"line": 3, "column": 34}}
    assert found["code"] == "unknown-field"


def test_sarif_points_at_the_same_place(cli: Cli, tmp_path: Path, host_bpftrace: InstalledBpftrace) -> None:
    done = cli("check", "--sarif", write(tmp_path, WRONG))
    (run,) = json.loads(done.stdout)["runs"]
    (result,) = [each for each in run["results"] if each["level"] == "error"]
    assert result["locations"][0]["physicalLocation"]["region"] == REGION
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tool.bt"
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert {each["ruleId"] for each in run["results"]} == set(rules)
    assert rules[result["ruleId"]]["fullDescription"]["text"]


def test_windows_line_ends_do_not_move_a_finding(
    cli: Cli, tmp_path: Path, host_bpftrace: InstalledBpftrace
) -> None:
    done = cli("check", "--json", write(tmp_path, WRONG.replace("\n", "\r\n")))
    (found,) = [each for each in findings(done.stdout) if each["severity"] == "error"]
    assert found["range"]["start"] == {"line": 3, "column": 27}


def test_what_the_policy_denies_exits_with_4_and_is_not_given_to_bpftrace(cli: Cli) -> None:
    done = cli("check", "-e", 'BEGIN { system("id"); }')
    assert done.returncode == 4, done
    assert "not compiled (what the policy denies" in done.stdout


def test_a_level_that_cannot_be_reached_exits_with_5(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPTTRACE_BPFTRACE", "/nonexistent/bpftrace")
    assert cli("check", "-e", "BEGIN { exit(); }").returncode == 0
    done = cli("check", "-e", "BEGIN { exit(); }", "--level", "compile")
    assert done.returncode == 5
    assert "not compiled" in done.stdout


def test_a_policy_file_tightens(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('[deny]\nprobes = ["tracepoint:sched:*"]\n')
    done = cli(
        "check", "--level", "static", "--policy", "p.toml", "-e", "t:sched:sched_switch { @ = count(); }"
    )
    assert done.returncode == 4
    assert "denied by the policy" in done.stdout


def test_bisection_finds_the_statement(cli: Cli, tmp_path: Path, host_bpftrace: InstalledBpftrace) -> None:
    done = cli("check", "--bisect", "--json", write(tmp_path, ENDLESS), timeout=110)
    (found,) = [each for each in findings(done.stdout) if each["source"] == "verifier"]
    assert (found["range"]["start"]["line"], found["range"]["end"]["line"]) == (5, 5)


def test_a_code_is_explained(cli: Cli) -> None:
    done = cli("check", "--explain", "unknown-field")
    assert done.returncode == 0
    assert "wrong:" in done.stdout
    assert cli("check", "--explain", "unknown-feild").returncode == 2
    assert "unknown-field" in cli("check", "--explain", "unknown-feild").stderr


@pytest.mark.parametrize("args", [["check"], ["check", "-e", "BEGIN { }", "x.bt"], ["check", "none.bt"]])
def test_a_call_that_cannot_be_carried_out_says_what_to_write(cli: Cli, args: list[str]) -> None:
    done = cli(*args)
    assert done.returncode == 2
    assert "hint:" in done.stderr
