"""`python -m gpttrace_corpus.workloads NAME[:CALLED] TIMES [NAME TIMES…] [--now]`: see the package."""

from __future__ import annotations

import os
import sys

from gpttrace_corpus.workloads import act, workloads
from gpttrace_corpus.workloads._name import NAME


def main(arguments: list[str]) -> int:
    """Run workloads one after the other; 2 for a wrong call, 5 where one cannot work."""
    words = [each for each in arguments if each != "--now"]
    names, times = [each.partition(":")[0] for each in words[::2]], words[1::2]
    called = [each.partition(":")[2].encode() or NAME for each in words[::2]]
    known = workloads()
    if not names or len(names) != len(times) or set(names) - set(known) or not all(map(str.isdigit, times)):
        sys.stderr.write(
            f"usage: NAME[:CALLED] TIMES [NAME TIMES...] [--now], NAME one of: {' '.join(sorted(known))}\n"
        )
        return 2

    def begin() -> None:
        os.write(1, f"ready {os.getpid()}\n".encode())
        if "--now" not in arguments:
            os.read(0, 1)

    for name, count, own in zip(names, times, called, strict=True):
        try:
            act(name, int(count), begin, called=own)
        except RuntimeError as error:
            sys.stderr.write(f"{name}: {error}\n")
            return 5
    os.write(1, b"done\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
