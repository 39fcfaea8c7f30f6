"""Parser speed: a tool-sized file and 10,000 lines, both of our own making; garbage of 1 MB for the worst case."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Figure, median, spread
from gpttrace.language import parse

BLOCK = """\
// Latency of one kind of call, by process.
tracepoint:syscalls:sys_enter_{name}
/comm != "bpftrace" && args->count > 0/
{{
\t@start[tid] = nsecs;
\t@asked[comm, pid] = sum(args->count);
}}

tracepoint:syscalls:sys_exit_{name}
/@start[tid]/
{{
\t$took = (nsecs - @start[tid]) / 1000;
\tif ($took > 1000) {{
\t\tprintf("%-16s %6d %8d us\\n", comm, pid, $took);
\t}} else {{
\t\t@short[comm] = count();
\t}}
\t@us[comm] = hist($took);
\tdelete(@start[tid]);
}}

"""


def program(lines: int) -> str:
    """Return a valid program of about `lines` lines."""
    blocks = -(-lines // BLOCK.count("\n"))
    return "".join(BLOCK.format(name=f"call{number}") for number in range(blocks))


def figures() -> Iterator[Figure]:
    """Yield the parse figures."""
    tool, long, garbage = program(60), program(10_000), '@x[(/*{"' * 125_000
    assert not parse(tool).findings
    assert not parse(long).findings
    yield Figure(
        f"parse {tool.count(chr(10))} lines", 1e3 * median(spread(lambda: parse(tool), 200)), "ms", 1
    )
    yield Figure(
        f"parse {long.count(chr(10)):,} lines", 1e3 * median(spread(lambda: parse(long), 7)), "ms", 200
    )
    yield Figure("1 MB of garbage", 1e3 * median(spread(lambda: parse(garbage), 3)), "ms")
