"""Run a program within limits: `async with trace(program) as run`, batches as they come, exact typed tables at the end."""

from gpttrace.trace.items import Output, Problem, Rows, Snapshot
from gpttrace.trace.limits import Limits
from gpttrace.trace.recover import recover
from gpttrace.trace.result import Result
from gpttrace.trace.run import Batch, Progress, Run, trace
from gpttrace.trace.store import Store
from gpttrace.trace.table import Column, Table

__all__ = [
    "Batch",
    "Column",
    "Limits",
    "Output",
    "Problem",
    "Progress",
    "Result",
    "Rows",
    "Run",
    "Snapshot",
    "Store",
    "Table",
    "recover",
    "trace",
]
