"""`gpttrace run` prints what bpftrace itself would print, in its order: text of any statement, and maps in between."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gpttrace.cli.rows import TextPrinter, laid_out
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace import Column, Table

Cli = Callable[..., "subprocess.CompletedProcess[str]"]

# All that a program can print with: its own head, lines in parts, times, tuples, maps between texts and in END.
MIXED = """
BEGIN { printf("%-6s %s\\n", "CPUS", "NAME"); @n = 0; }
interval:ms:100 /@n < 3/ {
    @n++;
    printf("%-6d ", @n);
    printf("part");
    printf("\\n");
    print((@n, "two words"));
    @m["key"] = count();
    print(@m);
    time("the clock was read\\n");
}
interval:ms:100 /@n == 3/ { exit(); }
END { printf("before\\n"); print(@n); printf("after\\n"); clear(@n); }
"""


@pytest.mark.kernel
def test_text_and_maps_come_in_the_order_of_printing(
    any_bpftrace: InstalledBpftrace, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPTTRACE_BPFTRACE", str(any_bpftrace.path))
    done = cli("run", "-e", MIXED)

    assert done.returncode == 0, done.stderr
    turn = r"{0}      part\n\({0}, two words\)\n@m[^\n]*\n.*?key +{0}\nthe clock was read\n"
    wanted = "CPUS   NAME\n" + "".join(turn.format(n) for n in (1, 2, 3)) + "before\n@n.*?3\nafter\n"
    assert re.match(wanted, done.stdout, re.DOTALL), done.stdout


@pytest.mark.kernel
def test_arguments_that_are_joined_stand_behind_the_text_before_them(
    any_bpftrace: InstalledBpftrace, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GPTTRACE_BPFTRACE", str(any_bpftrace.path))
    script = tmp_path / "starts"
    script.write_text("#!/bin/sh\n/bin/echo one 1\n/bin/echo two 2\n")
    script.chmod(0o755)
    program = (
        'tracepoint:syscalls:sys_enter_execve /str(args->filename) == "/bin/echo"/ '
        '{ printf("%-4s ", "run"); join(args->argv); }'
    )
    done = cli("run", "--yes", "-e", program, "--cmd", str(script))  # command lines are people's data

    assert done.stdout.startswith("run  /bin/echo one 1\nrun  /bin/echo two 2\n"), done.stdout


@pytest.mark.kernel
def test_what_was_traced_is_shown_escaped_and_the_lines_of_the_program_are_kept(
    host_bpftrace: InstalledBpftrace, cli: Cli
) -> None:
    done = cli("run", "-e", r'BEGIN { printf("<\t%s>\nnext\n", "a\nb\x1b[2J"); exit(); }')

    assert done.stdout.startswith("<\ta\\nb\\x1b[2J>\nnext\n"), done.stdout


def test_a_map_begins_its_own_line_and_its_name_is_remembered() -> None:
    written: list[str] = []
    printer = TextPrinter(written.append)
    table = Table("@m", "scalar", (Column("value", "int64"),), [[7]])
    printer.show(["a ", table, "b"])
    printer.show(["c"])
    printer.end()
    printer.end()

    assert "".join(written) == "a \n@m: 7\nbc\n"
    assert printer.maps == {"@m"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\tb\nc", "a\tb\nc"), ("\x1b[2J\r\n", "\\x1b[2J\\r\n"), ("\x00", "\\0"), ("naïve ✓\n", "naïve ✓\n")],
)
def test_only_lines_and_tabs_drive_the_terminal(text: str, shown: str) -> None:
    assert laid_out(text) == shown
