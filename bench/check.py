"""A compile check against plain bpftrace in the same run, and what loading and bisecting cost, with the bpftrace of PATH."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import anyio

from bench.figures import Figure, median, spread
from gpttrace.check.compiler import compile_findings
from gpttrace.check.compiler.reading import read_findings
from gpttrace.check.loader import load_findings
from gpttrace.host import Host
from gpttrace.host.abilities import ENVIRONMENT, abilities_of
from gpttrace.language import parse
from gpttrace.process import run_tool

TIMES = 9
RIGHT = 'tracepoint:syscalls:sys_enter_openat { printf("%s\\n", str(args->filename)); @[comm] = count(); }'
WRONG = "tracepoint:syscalls:sys_enter_openat { print(str(args->filenam)); }\nEND { print(@never); }\n"
REFUSED = "BEGIN { @a = 1; @b = 2; $i = 0; if (pid > 1) { @c = 3; while (1) { $i++; } } @d = $i; }"


def figures() -> Iterator[Figure]:
    """Yield the figures; the first ratio is our cost over bpftrace's own for the same answer."""
    host = Host.local()
    if host.bpftrace is None or os.geteuid() != 0:
        return
    flags = abilities_of(host.bpftrace).compile_only or ()
    plain = partial(run_tool, [host.bpftrace, *flags, "-"], stdin=RIGHT.encode(), env=ENVIRONMENT)
    ours = partial(anyio.run, compile_findings, RIGHT, host)
    ours()  # what is asked of bpftrace once is not what a check costs
    bare, checked = median(spread(plain, TIMES)), median(spread(ours, TIMES))
    yield Figure("bpftrace, compile only", 1e3 * bare, "ms")
    yield Figure("the same as a check", 1e3 * checked, "ms")
    yield Figure("check over plain bpftrace", checked / bare, "times", 1.3)
    wrong = partial(anyio.run, compile_findings, WRONG, host)
    yield Figure("two wrong probes, every error", 1e3 * median(spread(wrong, TIMES)), "ms")
    tree, said = (
        parse(WRONG),
        "\n".join(f"stdin:1:{at}-{at + 3}: ERROR: Undefined map: @x" for at in range(1, 41)),
    )
    yield Figure("40 messages to findings", 1e3 * median(spread(lambda: read_findings(said, tree), 50)), "ms")
    yield Figure(
        "load, one tracepoint", 1e3 * median(spread(partial(anyio.run, load_findings, RIGHT, host), 3)), "ms"
    )
    bisected = partial(anyio.run, partial(load_findings, bisect=True), REFUSED, host)
    yield Figure("a refusal, to its statement", 1e3 * median(spread(bisected, 3)), "ms")
