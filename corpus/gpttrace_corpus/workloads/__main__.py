"""`python -m gpttrace_corpus.workloads NAME TIMES [--now]`: see the package."""

from __future__ import annotations

import os
import sys

from gpttrace_corpus.workloads import act, workloads


def main(arguments: list[str]) -> int:
    """Run one workload; 2 for a wrong call, 5 where the workload cannot work."""
    words = [each for each in arguments if each != "--now"]
    if len(words) != 2 or words[0] not in workloads() or not words[1].isdigit():
        sys.stderr.write(f"usage: NAME TIMES [--now], NAME one of: {' '.join(sorted(workloads()))}\n")
        return 2

    def begin() -> None:
        os.write(1, f"ready {os.getpid()}\n".encode())
        if "--now" not in arguments:
            os.read(0, 1)

    try:
        act(words[0], int(words[1]), begin)
    except RuntimeError as error:
        sys.stderr.write(f"{words[0]}: {error}\n")
        return 5
    os.write(1, b"done\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
