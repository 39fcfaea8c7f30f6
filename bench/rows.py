"""Events into a DataFrame: a million recorded lines of the real bpftrace in a process of their own; and loss in a live flood."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from bench.figures import Figure
from bench.first_row import BUSY, EVENTS, workload
from gpttrace import sync
from gpttrace.host import Host
from gpttrace.process import run_tool
from gpttrace.settings import Settings
from gpttrace.trace import Limits
from gpttrace.trace.dialect import dialect_of
from gpttrace.trace.instrument import prepare
from gpttrace.trace.plan import Plan

ROWS = 1_000_000
# Decodes standard input and prints seconds, bytes of the frame, and peak memory above the start.
DECODE = """
import json, sys, time
import pandas, pyarrow
from gpttrace.trace.decode import Decoder
from gpttrace.trace.plan import Plan
plan = Plan.from_json(json.loads(sys.stdin.buffer.readline()))
decoder = Decoder(plan)
def peak_kib():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
open("/proc/self/clear_refs", "w").write("5")  # forget the peak of importing
before = peak_kib()
began = time.perf_counter()
while chunk := sys.stdin.buffer.read(1 << 18):
    decoder.feed(chunk)
decoder.close()
frame = decoder.tables()[0].to_pandas()
took = time.perf_counter() - began
peak = (peak_kib() - before) * 1024
print(json.dumps([took, len(frame), int(frame.memory_usage(deep=True).sum()), peak]))
"""


def figures() -> Iterator[Figure]:
    """Yield decoding speed and memory, then what a live flood lost."""
    yield from _decoding()
    with workload(sys.executable, "-c", BUSY):
        result = sync.run(EVENTS, limits=Limits(seconds=3, rows=10_000_000), keep=False)
    rows = len(result.tables[0])
    yield Figure("live flood: rows in 3 s", rows, "rows")
    yield Figure("live flood: lost, counted by us", result.lost, "rows")
    # What bpftrace printed and we did not keep would show here: our own part of the loss.
    yield Figure("live flood: lost of all", 100 * result.lost / max(1, rows + result.lost), "%")


def recorded_stream() -> tuple[Plan, bytes]:
    """Return a million lines of the real bpftrace, as the decoder gets them, and the plan that they were made by."""
    settings = Settings.load()
    path = Host.local(settings).bpftrace
    assert path is not None
    plan = prepare(EVENTS, dialect=dialect_of(path, cache_dir=settings.cache_dir), nonce="benchbenchbench0")
    lines = _recorded(path, plan.text, plan.tag)
    stream = b"".join(lines) * (ROWS // len(lines) + 1)
    return plan, stream[: stream.rindex(b"\n") + 1]


def _decoding() -> Iterator[Figure]:
    plan, stream = recorded_stream()
    done = subprocess.run(
        [sys.executable, "-c", DECODE],
        input=json.dumps(plan.to_json()).encode() + b"\n" + stream,
        stdout=subprocess.PIPE,
        check=True,
    )
    took, rows, size, peak = json.loads(done.stdout)
    yield Figure("rows decoded into a DataFrame", rows / took, "rows/s", 500_000, at_least=True)
    yield Figure("peak memory / data", peak / size, "", 3)


def _recorded(path: str, text: str, tag: int) -> list[bytes]:
    # Markers of process ids stay as the tracer's own would be: numbers of nobody.
    for marker in ("__GPTTRACE_SELF__", "__GPTTRACE_SUPERVISOR__", "__GPTTRACE_PARENT__"):
        text = text.replace(marker, "4194304")
    text += "\ninterval:s:1 { exit(); }\n"
    with workload(sys.executable, "-c", BUSY):
        done = run_tool([path, "-f", "json", "-"], stdin=text.encode(), timeout=30)
    mark = str(tag // 1000).encode()
    found = [line + b"\n" for line in done.stdout.split(b"\n") if mark in line and b"python" in line]
    assert len(found) > 1000, done.stderr.decode()
    return found
