"""IPython in a real terminal: the live view, ^C that ends the trace and not the session, and the frame."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.trace.conftest import Watch, children

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("host_bpftrace")]

PATIENCE = 60.0
PROGRAM = 'interval:ms:100 { @ticks["tick"] = count(); }'
_CONTROL = re.compile(r"\x1b(?:\[[0-9;?>=]*[a-zA-Z]|\][^\x07]*\x07|[()][A-B0-2]|[=>78])|\r")


class Terminal:
    """An IPython at the other end of a pseudo-terminal, and all that it has written."""

    def __init__(self, folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
        env = {
            **os.environ,
            "TERM": "xterm",
            "IPYTHONDIR": str(folder),
            "GPTTRACE_STATE": str(folder / "state"),
        }
        # A session of its own whose terminal this is: only then does ^C become a signal.
        command = ["setsid", "--ctty", sys.executable, "-m", "IPython", "--no-banner", "--no-confirm-exit"]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=folder
        )
        os.close(theirs)
        self.written = ""

    def type(self, text: str) -> None:
        """Type; `\\r` is Enter and `\\x03` is ^C."""
        os.write(self._ours, text.encode())

    def wait_for(self, words: str) -> str:
        """Read until these words are there; return what was written up to them and forget it."""
        end = time.monotonic() + PATIENCE
        while words not in (clean := _CONTROL.sub("", self.written)):
            assert time.monotonic() < end, f"{words!r} never came:\n{clean}"
            self._read()
        before, _, after = clean.partition(words)
        self.written = after
        return before

    def numbers(self, pattern: str, wanted: int) -> set[str]:
        """Read until so many different texts have stood where the pattern says."""
        end = time.monotonic() + PATIENCE
        while len(found := set(re.findall(pattern, _CONTROL.sub("", self.written)))) < wanted:
            assert time.monotonic() < end, f"only {found}:\n{self.written!r}"
            self._read()
        return found

    def _read(self) -> None:
        """Read what there is, or wait a moment for it."""
        if select.select([self._ours], [], [], 0.2)[0]:
            read = os.read(self._ours, 1 << 16).decode(errors="replace")
            self.written += read
            if "\x1b[6n" in read:  # it asks where the cursor is, as terminals are asked
                self.type("\x1b[1;1R")

    def close(self) -> None:
        """End it, however it is."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(tmp_path: Path, watch: Watch) -> Iterator[Terminal]:
    """An IPython with the magic loaded."""
    started = Terminal(tmp_path)
    started.wait_for("In [1]:")
    started.type("%load_ext gpttrace_jupyter\r")
    started.wait_for("In [2]:")
    yield started
    started.close()


def test_a_trace_is_watched_ended_by_a_key_and_its_frame_is_there(terminal: Terminal, watch: Watch) -> None:
    terminal.type(f"ticks = %gpttrace --for 100s --program {PROGRAM}\r")
    terminal.wait_for("s left")
    for supervisor in children(terminal.process.pid):
        for tracer in children(supervisor):
            with suppress(AssertionError, OSError):  # its terminal's own children are no tracers
                watch(tracer)
    assert watch.programs, "no tracer is attached"
    terminal.numbers(r"\btick +(\d+)", 3)
    terminal.type("\x03")
    assert "stopped on request" in terminal.wait_for("In [3]:")
    terminal.type("print('so', ticks.attrs['gpttrace']['status'], ticks.loc['tick', 'count'] > 3)\r")
    terminal.wait_for("so stopped True")
