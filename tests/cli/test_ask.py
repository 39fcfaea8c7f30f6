"""A question at the command line, answered from the live kernel: known workloads give exactly their numbers."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpttrace.testing import InstalledBpftrace

pytestmark = pytest.mark.kernel

Cli = Callable[..., "subprocess.CompletedProcess[str]"]

# Opens one file 23 times, reads 47 times 1,009 bytes, takes 101 page faults on fresh memory or more.
WORKLOAD = """
import mmap, os, sys
for _ in range(23):
    os.close(os.open(sys.argv[1], os.O_RDONLY))
fd = os.open("/dev/zero", os.O_RDONLY)
for _ in range(47):
    os.read(fd, 1009)
memory = mmap.mmap(-1, 101 * mmap.PAGESIZE)
for page in range(101):
    memory[page * mmap.PAGESIZE] = 1
"""


@pytest.fixture
def workload(tmp_path: Path, host_bpftrace: InstalledBpftrace) -> str:
    """Return a command line that makes the known events happen."""
    script = tmp_path / "work.py"
    script.write_text(WORKLOAD, encoding="utf-8")
    (tmp_path / "a file, with 'all'").write_text("", encoding="utf-8")
    return f"""{sys.executable} -I -S {script} "a file, with 'all'" """


def _answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def _rows(answer: dict[str, Any], table: str) -> list[list[Any]]:
    rows = next(each["rows"] for each in answer["result"]["tables"] if each["name"] == table)
    assert isinstance(rows, list)
    return rows


def test_opens_by_file_are_counted_exactly(cli: Cli, workload: str) -> None:
    answer = _answer(cli("--json", "--cmd", workload, "count files opened by process and file"))
    opened = {row[1]: row[2] for row in _rows(answer, "@opens")}

    assert opened["a file, with 'all'"] == 23
    assert answer["result"]["status"] == "ok"
    assert answer["result"]["lost"] == 0


def test_a_list_of_opened_files_has_a_row_for_each(cli: Cli, workload: str) -> None:
    answer = _answer(cli("--json", "--cmd", workload, "files opened by process"))
    events = answer["result"]["tables"][0]
    place = [column["name"] for column in events["columns"]].index("filename")

    assert [row[place] for row in events["rows"]].count("a file, with 'all'") == 23


def test_read_sizes_are_spread_exactly(cli: Cli, workload: str) -> None:
    answer = _answer(cli("--json", "--cmd", workload, "read size distribution by process"))
    buckets = {(row[1], row[2]): row[3] for row in _rows(answer, "@bytes")}

    assert buckets[(512, 1023)] >= 47
    assert answer["result"]["tables"][0]["columns"][1]["unit"] == "bytes"


def test_page_faults_are_at_least_those_that_were_made(cli: Cli, workload: str) -> None:
    answer = _answer(cli("--json", "--cmd", workload, "page faults by process"))

    assert sum(row[1] for row in _rows(answer, "@faults")) >= 101


def test_the_answer_has_its_documented_keys(cli: Cli, workload: str) -> None:
    answer = _answer(cli("--json", "--cmd", workload, "syscall count by program"))
    documented = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")

    assert set(answer) == {
        *("question", "program", "writer", "confidence", "spec", "hooks", "findings", "result", "explanation")
    }
    assert all(f"`{key}`" in documented or f'"{key}"' in documented for key in (*answer, *answer["result"]))


def test_results_go_to_a_file_whole(cli: Cli, workload: str, tmp_path: Path) -> None:
    done = cli("--cmd", workload, "count files opened by process and file", "-o", "opens.csv")
    with (tmp_path / "opens.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert done.returncode == 0, done.stderr
    assert [row["count"] for row in rows if row["filename"] == "a file, with 'all'"] == ["23"]
    assert list(tmp_path.glob(".opens*")) == []


def test_what_the_machine_cannot_count_is_said_and_not_run(cli: Cli) -> None:
    done = cli("--json", "LLC cache misses by process and PID")
    if done.returncode == 0:
        pytest.skip("this machine has hardware counters")
    answer = json.loads(done.stdout)

    assert done.returncode == 5
    assert answer["program"] is None
    assert answer["result"] is None
    assert "hardware counters" in answer["refused"]["why"]
    assert answer["refused"]["alternatives"]


def test_a_kept_run_is_shown_again_with_its_tables(cli: Cli, workload: str) -> None:
    first = _answer(cli("--json", "--cmd", workload, "count files opened by process and file"))
    again = _answer(cli("runs", "show", first["result"]["run_id"], "--json"))
    listed = json.loads(cli("runs", "--json").stdout)["runs"]

    assert again["result"]["tables"] == first["result"]["tables"]
    assert again["program"] == first["program"]
    assert listed[0]["run_id"] == first["result"]["run_id"]


def test_a_program_that_was_generated_can_be_run_from_its_file(cli: Cli, workload: str) -> None:
    written = cli("generate", "count files opened by process and file", "-o", "opens.bt")
    answer = _answer(cli("run", "opens.bt", "--json", "--cmd", workload))
    opened = {row[1]: row[2] for row in _rows(answer, "@opens")}

    assert written.returncode == 0
    assert opened["a file, with 'all'"] == 23
    assert answer["writer"] == "user"
