"""The magic: events into its frame against other readers of the same events, and what a cell costs beside its trace.

The other readers get the same events as JSON records: what bpftrace itself writes they could only leave as text or lists.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.figures import Figure, median
from bench.first_row import BUSY, workload
from bench.rows import recorded_stream

if TYPE_CHECKING:
    import pandas

    from gpttrace.trace.plan import Plan

# Each prints seconds, rows, bytes of its data, and peak memory above the start; standard input is the file.
_MEASURED = """
import json, sys, time
def peak_kib():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
{begin}
data = {read}
open("/proc/self/clear_refs", "w").write("5")
before = peak_kib()
began = time.perf_counter()
{work}
took = time.perf_counter() - began
peak = (peak_kib() - before) * 1024
# Of equal data: names as text, as the other readers have them.
plain = frame.astype({{name: "str" for name in frame.select_dtypes("category")}})
print(json.dumps([took, len(frame), int(plain.memory_usage(deep=True).sum()), peak]))
"""
_OURS = _MEASURED.format(
    begin="""import pandas, pyarrow
from gpttrace.trace.decode import Decoder
from gpttrace.trace.plan import Plan
from gpttrace_jupyter.frames import table_frame
decoder = Decoder(Plan.from_json(json.loads(sys.stdin.buffer.readline())))""",
    read="sys.stdin.buffer",
    work="""while chunk := data.read(1 << 18):
    decoder.feed(chunk)
decoder.close()
frame = table_frame(decoder.tables()[0])""",
)
_PANDAS = _MEASURED.format(
    begin="import pandas", read="sys.stdin.buffer", work="frame = pandas.read_json(data, lines=True)"
)
_ARROW = _MEASURED.format(
    begin="import io, pandas, pyarrow.json",
    read="io.BytesIO(sys.stdin.buffer.read())",
    work="frame = pyarrow.json.read_json(data).to_pandas()",
)
# Prints seconds of the cell, CPU seconds of this process in it, the largest update in bytes and the number of updates.
_CELL = """
import json, resource, sys, time
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "gpttrace_jupyter")
line, body, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
with capture_output():
    shell.run_cell_magic("gpttrace", "--quiet", "BEGIN { exit(); }")
for _ in range(times):
    began, spent = time.perf_counter(), cpu()
    with capture_output() as shown:
        shell.run_cell_magic("gpttrace", line, body)
    sizes = [sum(len(each.encode()) for each in output.data.values()) for output in shown.outputs]
    print(json.dumps([time.perf_counter() - began, cpu() - spent, max(sizes, default=0), len(sizes)]))
"""
_BARE = """
import json, sys, time
from gpttrace import sync
sync.run("BEGIN { exit(); }")
for _ in range(int(sys.argv[1])):
    began = time.perf_counter()
    sync.run("BEGIN { exit(); }")
    print(json.dumps([time.perf_counter() - began]))
"""
_MAPS = "tracepoint:syscalls:sys_enter_getppid { @calls[pid, tid] = count(); @gap = hist(nsecs % 100000); }"
TIMES, SECONDS = 9, 5


def figures() -> Iterator[Figure]:
    """Yield rows a second and memory of each reader, then what a cell costs; as root."""
    plan, stream = recorded_stream()
    ours = _run(_OURS, json.dumps(plan.to_json()).encode() + b"\n" + stream)
    records = _records(_decoded(plan, stream))
    yield Figure("ours: events into the frame", ours[1] / ours[0], "rows/s", 500_000, at_least=True)
    yield Figure("ours: peak memory / data", ours[3] / ours[2], "", 3)
    for name, script in (("pandas.read_json", _PANDAS), ("pyarrow.json", _ARROW)):
        theirs = _run(script, records)
        yield Figure(f"{name}: records into a frame", theirs[1] / theirs[0], "rows/s")
        yield Figure(f"{name}: peak memory / data", theirs[3] / theirs[2], "")
        yield Figure(f"ours / {name}", (ours[1] / ours[0]) / (theirs[1] / theirs[0]), "x")
    yield from _cells()


def _cells() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as state:
        trivial = [each[0] for each in _lines(_CELL, "", "BEGIN { exit(); }", str(TIMES), state=state)]
        bare = [each[0] for each in _lines(_BARE, str(TIMES), state=state)]
        yield Figure("trivial trace in a cell", median(sorted(trivial)), "s")
        yield Figure("the magic's own part of it", median(sorted(trivial)) - median(sorted(bare)), "s", 0.1)
        with workload(sys.executable, "-c", BUSY):
            live = _lines(_CELL, f"--for {SECONDS}s", _MAPS, "1", state=state)[0]
            quiet = _lines(_CELL, f"--for {SECONDS}s --quiet", _MAPS, "1", state=state)[0]
    yield Figure("live display: CPU of the notebook", 100 * (live[1] - quiet[1]) / SECONDS, "%", 10)
    yield Figure("live display: largest update", live[2] / 1e3, "kB", 50)
    yield Figure("live display: updates a second", live[3] / live[0], "/s", 4)


def _records(frame: pandas.DataFrame) -> bytes:
    """Return the same events as JSON records, one a line."""
    text = frame.to_json(orient="records", lines=True)
    assert isinstance(text, str)
    return text.encode()


def _decoded(plan: Plan, stream: bytes) -> pandas.DataFrame:
    from gpttrace.trace.decode import Decoder
    from gpttrace_jupyter.frames import table_frame

    decoder = Decoder(plan)
    decoder.feed(stream)
    decoder.close()
    return table_frame(decoder.tables()[0], raw=True)


def _run(script: str, data: bytes) -> list[float]:
    done = subprocess.run([sys.executable, "-c", script], input=data, stdout=subprocess.PIPE, check=True)
    numbers: list[float] = json.loads(done.stdout)
    return numbers


def _lines(script: str, *args: str, state: str) -> list[list[float]]:
    env = {**os.environ, "GPTTRACE_STATE": state, "IPYTHONDIR": state}
    done = subprocess.run([sys.executable, "-c", script, *args], stdout=subprocess.PIPE, check=True, env=env)
    return [json.loads(line) for line in done.stdout.splitlines()]
