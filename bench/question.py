"""Question → program, offline, parsed again: after first use in one process, and the first one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.figures import Figure, percentile, seconds, spread
from gpttrace.host import Host
from gpttrace.language import parse
from gpttrace.session import generate

QUESTIONS = (
    "which files are opened by process",
    "count syscalls by program, top 5",
    "bytes read by process every 2 seconds",
    "read size distribution for comm bash",
    "syscall rate per second",
    "disk I/O size by process",
    "page faults by process for 10 seconds",
    "user stacks at 99 Hz for pid 1",
)


def figures() -> Iterator[Figure]:
    """Yield the figures of the offline writer."""
    host = Host.local()
    first = seconds(lambda: _written(QUESTIONS[0], host))
    times = sorted(time for question in QUESTIONS for time in spread(partial(_written, question, host), 25))
    yield Figure("first question in a process", 1e3 * first, "ms")
    yield Figure("question → program, p50", 1e3 * percentile(times, 0.5), "ms", 60)
    yield Figure("question → program, p99", 1e3 * percentile(times, 0.99), "ms", 200)


def _written(question: str, host: Host) -> None:
    answer = generate(question, host=host)
    assert answer.program is not None, question
    assert not parse(answer.program).findings
