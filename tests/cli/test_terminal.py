"""On a terminal: a coloured program, a live view while the trace runs, the result once, no control byte of a traced name."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from gpttrace.testing import InstalledBpftrace

pytestmark = pytest.mark.kernel

GPTTRACE = str(Path(sys.executable).with_name("gpttrace"))
HOSTILE = 'interval:ms:20 { @names["bell\\x07 red\\x1b[31m"] = count(); }'


def _on_a_terminal(*args: str) -> str:
    """Run gpttrace on a pseudo-terminal of 80 columns and return all that it wrote."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 80))
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [GPTTRACE, *args],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**env, "TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end was closed: the process has ended
            break
        written += chunk
    os.close(ours)
    assert process.wait(timeout=30) == 0, written
    return written.decode()


def test_a_question_shows_its_program_in_colour_a_live_view_and_the_result(
    host_bpftrace: InstalledBpftrace,
) -> None:
    written = _on_a_terminal("--for", "3s", "count interrupts")
    end = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)

    assert "\x1b[1;34mtracepoint:irq:irq_handler_entry\x1b[0m" in written
    assert "tracing for" in end
    assert end.count("Number of ") >= 2  # the program's comment, and the words at the end


def test_a_traced_name_never_drives_the_terminal(host_bpftrace: InstalledBpftrace) -> None:
    written = _on_a_terminal("run", "-e", HOSTILE, "--for", "3s")

    assert "\\x07" in written
    assert "\x07" not in written
    assert "\x1b[31m" not in written


def test_the_result_is_shown_once_when_the_live_view_is_gone(host_bpftrace: InstalledBpftrace) -> None:
    written = _on_a_terminal("run", "-e", "interval:ms:20 { @beats[cpu] = count(); }", "--for", "3s")
    after = written.rsplit("\x1b[2K", 1)[-1]

    assert after.count("@beats") >= 1
    assert after.count("cpu  count") == 1
