"""Run as a program: start one workload after the other while a trace runs, and note which of them cannot act on this machine.

`acting.py REFUSALS NAME:CALLED… `: before and after each workload a call of prctl(2) that means nothing carries its number, so
that a trace can tell events by workload where they do not carry a process.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import time
from pathlib import Path

TIMES = 23
MARK = 0x6770  # no option of prctl
SETTLES = 0.05  # what interrupts and timers may come late


def main(refusals: str, workloads: list[str]) -> None:
    """Run the workloads; the file `refusals` gets the reasons of those that could not act."""
    prctl = ctypes.CDLL(None).prctl
    refused = {}
    for number, workload in enumerate(workloads):
        prctl(MARK, number, 0, 0, 0)
        argv = [sys.executable, "-m", "gpttrace_corpus.workloads", workload, str(TIMES), "--now"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            refused[workload.partition(":")[0]] = done.stderr.strip()[-300:]
        time.sleep(SETTLES)
    Path(refusals).write_text(json.dumps(refused))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
