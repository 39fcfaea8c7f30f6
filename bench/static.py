"""Static checks: a tool-sized file and 300 lines, parsed and checked with this machine's facts, as after each keystroke."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.figures import Figure, percentile, spread
from bench.parse import program
from gpttrace.check.static import static_findings
from gpttrace.host import Host
from gpttrace.language import parse

# Calls that every Linux has, so that each probe's fields are looked up.
CALLS = ("read", "write", "openat", "close", "fsync", "futex", "ioctl", "lseek", "mmap", "munmap", "poll", "connect",
         "sendto", "recvfrom", "getpid", "statx")  # fmt: skip


def real(lines: int) -> str:
    """Return a program of about `lines` lines whose tracepoints exist."""
    text = program(lines).replace("args->count", "args->__syscall_nr")
    for number in reversed(range(len(CALLS))):
        text = text.replace(f"_call{number}\n", f"_{CALLS[number]}\n")
    return text


def figures() -> Iterator[Figure]:
    """Yield the figures of parse and check together."""
    host = Host.local()
    for lines, target in ((40, None), (300, 20)):
        text = real(lines)
        _check(text, host)
        times = sorted(spread(partial(_check, text, host), 100))
        what = f"parse and check {text.count(chr(10))} lines"
        yield Figure(f"{what}, p50", 1e3 * percentile(times, 0.5), "ms")
        yield Figure(f"{what}, p99", 1e3 * percentile(times, 0.99), "ms", target)
    text = real(300)
    alone = spread(lambda: static_findings(parse(text), None), 40)
    yield Figure("the same without a host, p50", 1e3 * percentile(alone, 0.5), "ms")


def _check(text: str, host: Host) -> None:
    static_findings(parse(text), host)
