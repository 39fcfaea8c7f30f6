"""Whatever is given instead of a question or a program: one clear error with a hint, the right exit code, nothing run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., "subprocess.CompletedProcess[str]"]

GOOD = b'BEGIN { printf("it ran\\n"); exit(); }\n'


def _is_one_clear_error(done: subprocess.CompletedProcess[str], exit_code: int) -> None:
    assert "Traceback" not in done.stderr
    assert done.stderr.count("gpttrace: ") == 1, done.stderr
    assert "hint:" in done.stderr
    assert done.stdout == ""
    assert done.returncode == exit_code, done.stderr


@pytest.mark.parametrize(
    "question",
    [
        "",
        "   ",
        "¿Qué procesos abren ficheros?",
        "welche Prozesse öffnen Dateien",
        "哪些进程打开了文件",
        "what is the capital of France",
        "write me a poem about the sea",
        "42",
        "'; rm -rf / #",
        "\x1b[31mfiles\x07",
        "files opened by process " * 4200,  # 100 KB
        "runns",
    ],
    ids=lambda question: question[:20] or "empty",
)
def test_a_question_that_is_none_is_refused(cli: Cli, question: str) -> None:
    _is_one_clear_error(cli("ask", question), 1)


@pytest.mark.parametrize(
    ("name", "content", "exit_code", "word"),
    [
        ("missing.bt", None, 2, "no file"),
        (".", None, 2, "folder"),
        ("binary.bt", b"\x7fELF\x02\x01\x00\x00\x00" * 100, 1, "binary"),
        ("windows.bt", GOOD.replace(b"\n", b"\r\n"), 1, "Windows"),
        ("bom.bt", b"\xef\xbb\xbf" + GOOD, 1, "byte order mark"),
        ("big.bt", GOOD + b"// filler\n" * 1_000_000, 1, "larger"),
        ("empty.bt", b" \n\n", 1, "empty"),
        ("latin.bt", b"// caf\xe9\n" + GOOD, 1, "UTF-8"),
    ],
)
@pytest.mark.parametrize("command", ["run", "explain"])
def test_a_file_that_is_no_program_is_refused(
    cli: Cli, tmp_path: Path, command: str, name: str, content: bytes | None, exit_code: int, word: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = cli(command, name)

    _is_one_clear_error(done, exit_code)
    assert word in done.stderr


def test_every_mistake_of_a_program_is_shown_at_its_line_and_nothing_runs(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "two.bt").write_text(
        'BEGIN { printf("it ran\\n"); $x = ; }\nEND { @y = 3 +; }\n', encoding="utf-8"
    )
    done = cli("run", "two.bt")

    assert done.returncode == 1
    assert "two.bt:1:34: error" in done.stderr
    assert "two.bt:2:15: error" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "args",
    [
        ["run"],
        ["run", "a.bt", "-e", "BEGIN { }"],
        ["ask", "--for", "soon", "count syscalls"],
        ["ask", "--for", "0", "count syscalls"],
        ["ask", "--nonsense", "count syscalls"],
        ["ask", "count syscalls", "-o", "result.xyz"],
        ["ask", "count syscalls", "-o", "no/such/folder/result.csv"],
        ["ask", "--cmd", "'unclosed", "count syscalls"],
        ["runs", "show", "nonesuch"],
        ["explain", "nonesuch"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_a_usage_error(cli: Cli, args: list[str]) -> None:
    done = cli(*args)

    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
