"""Programs that read people's data: asked about on a terminal, denied where nobody can answer, run with `--yes`."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from gpttrace.testing import InstalledBpftrace

from .conftest import GPTTRACE, Cli

pytestmark = pytest.mark.kernel
READS = 'BEGIN { cat("/etc/hostname"); exit(); }'
NAME = Path("/etc/hostname").read_text(encoding="utf-8").strip()


def answered(answer: bytes) -> tuple[int, str]:
    """Run the program on a pseudo-terminal, answer its question, return the exit code and what was written."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([GPTTRACE, "run", "-e", READS], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    while b"Run it?" not in written:
        written += os.read(ours, 4096)
    os.write(ours, answer)
    try:
        while chunk := os.read(ours, 4096):
            written += chunk
    except OSError:  # the other end was closed
        pass
    os.close(ours)
    return process.wait(timeout=30), written.decode()


def test_without_a_terminal_nothing_runs(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    done = cli("run", "-e", READS)
    assert (done.returncode, done.stdout) == (4, "")
    assert "nobody has approved" in done.stderr
    assert "--yes" in done.stderr


def test_yes_on_the_command_line_approves(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    done = cli("run", "-e", READS, "--yes")
    assert done.returncode == 0, done
    assert NAME in done.stdout


def test_on_a_terminal_a_person_decides(host_bpftrace: InstalledBpftrace) -> None:
    code, written = answered(b"n\n")
    assert (code, NAME in written) == (4, False), written
    code, written = answered(b"y\n")
    assert (code, NAME in written) == (0, True), written


def test_a_denied_program_starts_nothing(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    done = cli("run", "--yes", "-e", 'BEGIN { system("id"); }')
    assert (done.returncode, done.stdout) == (4, "")
    assert "changes the machine" in done.stderr
