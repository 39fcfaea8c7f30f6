"""A server of ours as a client starts it, with the wire to it; each protocol says by itself how a message looks on that wire."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self

GPTTRACE = str(Path(sys.executable).with_name("gpttrace"))


class Served:
    """`gpttrace ARGUMENTS` with a state folder of its own; as a context it is ended like a client ends it."""

    def __init__(self, state: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [GPTTRACE, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "GPTTRACE_STATE": state},
        )

    @property
    def said(self) -> IO[bytes]:
        """What it writes."""
        assert self.process.stdout is not None
        return self.process.stdout

    def tell(self, data: bytes) -> None:
        """Write to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def cpu(self) -> float:
        """Return the seconds of CPU that it and its ended children took."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return its resident memory in MB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmRSS"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.said.close()
        self.process.wait(30)
